// Every target against what the kernel made of the same packets: tests/golden/targets.txt.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/packets.h"
#include "unit/target/one_rule.h"
#include "wire/edit.h"
#include "wire/parse.h"

namespace sallyport::test {
namespace {

struct RecordedRule {
  Family family = Family::Ipv4;
  std::string table;
  std::string rule;
  struct Case {
    std::string packet, left, answer;
  };
  std::vector<Case> cases;
};

std::vector<RecordedRule> recorded_rules() {
  std::vector<RecordedRule> rules;
  std::ifstream file(SALLYPORT_SOURCE_DIR "/tests/golden/targets.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (line.starts_with("#")) continue;
    if (line.starts_with(" ")) {
      RecordedRule::Case& one = rules.back().cases.emplace_back();
      words >> one.packet >> one.left >> one.answer;
    } else {
      RecordedRule& rule = rules.emplace_back();
      std::string family, chain;
      words >> family >> rule.table >> chain >> std::ws;
      rule.family = family == "4" ? Family::Ipv4 : Family::Ipv6;
      std::getline(words, rule.rule);
    }
  }
  return rules;
}

// The answer as it was recorded: without what the kernel draws by chance.
std::string answer_text(const Packet& packet) {
  Bytes bytes = bytes_of(packet);
  if (packet.family == Family::Ipv4 && packet.protocol == kIcmp) {
    for (const size_t at : {4, 5, 10, 11}) bytes[at] = 0;
  }
  return to_hex(bytes);
}

class RecordedTest : public testing::TestWithParam<RecordedRule> {};

TEST_P(RecordedTest, DoesWhatTheKernelDid) {
  const RecordedRule& recorded = GetParam();
  SCOPED_TRACE(recorded.rule);
  OneRule rule(recorded.family, recorded.table, Hook::Forward, recorded.rule);
  ASSERT_FALSE(recorded.cases.empty());
  for (const RecordedRule::Case& one : recorded.cases) {
    Packet packet = raw(hex(one.packet));
    packet.family = recorded.family;
    ASSERT_EQ(parse(packet), Malformed::None) << one.packet;
    std::string left = "-", answer = "-";
    const bool routed = two_networks().address_type(packet.destination(), kNoInterface) != RouteType::Broadcast;
    if (routed) {
      set_ttl(packet, static_cast<uint8_t>(packet.ttl() - 1));
      packet.path_mtu = 1300;
      if (rule.run(packet).kind == Verdict::Kind::Accept) left = to_hex(packet.bytes());
      if (!rule.answers.empty()) answer = answer_text(rule.answers[0]);
      EXPECT_LE(rule.answers.size(), 1u);
    }
    EXPECT_EQ(left, one.left) << one.packet;
    EXPECT_EQ(answer, one.answer) << one.packet;
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RecordedTest, testing::ValuesIn(recorded_rules()), [](const auto& one) {
  std::string name = one.param.family == Family::Ipv4 ? "4" : "6";
  for (const char letter : one.param.rule) {
    if (std::isalnum(static_cast<unsigned char>(letter))) name += letter;
  }
  return name;
});

}  // namespace
}  // namespace sallyport::test
