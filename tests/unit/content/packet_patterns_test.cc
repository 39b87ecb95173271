// Rules whose patterns are looked for all at once, against the same rules each of which looks for itself.

#include "content/packet_patterns.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "ruleset/linear_table.h"
#include "sallyport/random.h"
#include "support/packets.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

std::string random_pattern(Random& random) {
  if (random.below(5) == 0) return "\\@";  // TTL 64
  std::string pattern(1 + random.below(6), 0);
  for (char& letter : pattern) letter = static_cast<char>('a' + random.below(3));
  return pattern;
}

// What only reads, or changes nothing but may drop the packet.
std::string random_beginning(Random& random) {
  constexpr std::string_view kBeginnings[] = {
      "-p udp",
      "-p tcp",
      "-p udp -m udp --dport 53",
      "-p udp -m udp ! --dport 54",
      "-p tcp -m tcp --dport 80",
      "-p tcp -m tcp --syn -m comment --comment new",
      "-p tcp -m tcp --tcp-option 2",
      "-p tcp -m tcp ! --tcp-option 8",
      "-p tcp -m multiport --dports 80,443",
      "-m mark ! --mark 1",
      "-p tcp -m tcp --dport 80 -m ttl --ttl-eq 64",
      "-m statistic --mode nth --every 3 --packet 0",
  };
  return std::string(kBeginnings[random.below(std::size(kBeginnings))]);
}

// A packet of one of those kinds, some of them not all there.
Packet random_packet(Random& random) {
  std::string payload(random.below(200), 0);
  for (char& letter : payload) letter = static_cast<char>((random.below(9) == 0 ? 'A' : 'a') + random.below(4));
  const bool tcp = random.below(2) == 0;
  const auto options = random.below(2) == 0 ? "020405b4" : "";
  Packet packet =
      tcp ? tcp4(random.below(3) == 0 ? "192.0.2.1:4000 > 198.51.100.2:443" : "192.0.2.1:4000 > 198.51.100.2:80",
                 random.below(2) == 0 ? kSyn : kAck, payload, {.options = options})
          : udp4("192.0.2.1:4000 > 198.51.100.2:53", payload);
  switch (random.below(12)) {
    case 0:
      return cut_to(std::move(packet), random.below(24));
    case 1:
      return as_fragment(std::move(packet), random.below(2) == 0 ? 8 : 16, random.below(2) == 0);
    case 2:
      if (tcp) packet.data()[packet.transport_offset + 12] = static_cast<uint8_t>(random.below(16) << 4);
      break;
    case 3:
      packet.mark = 1;
      break;
    case 4:
    case 5:
      packet.later_fragments = {static_cast<uint16_t>(payload.size() / 2)};
      break;
    default:
      break;
  }
  return packet;
}

// String rules that count; some change the packet on the way, so that later ones see other bytes, some ask for more
// than one pattern, some go to the other chain, some are no string rules.
std::string random_rules(Random& random) {
  std::string out = "*mangle\n:OTHER - [0:0]\n";
  for (const std::string_view chain : {"OTHER", "FORWARD"}) {
    for (uint32_t i = 1 + random.below(random.below(4) == 0 ? 200 : 20); i > 0; --i) {
      out += fmt::format("-A {}", chain);
      if (random.below(3) == 0) out += " " + random_beginning(random);
      if (random.below(8) == 0) out += fmt::format(" -m ttl --ttl-eq {}", random.below(2) == 0 ? 64 : 97);
      for (uint32_t each = random.below(8) == 0 ? 2 : 1; each > 0; --each) {
        out += fmt::format(" -m string {}--string {} --algo {}{}", random.below(5) == 0 ? "! " : "",
                           random_pattern(random), random.below(2) == 0 ? "bm" : "kmp",
                           random.below(3) == 0 ? " --icase" : "");
        if (random.below(3) == 0) out += fmt::format(" --from {} --to {}", random.below(40), 40 + random.below(40));
      }
      if (random.below(8) == 0) out += " -j TTL --ttl-set 97";
      if (random.below(16) == 0 && !out.ends_with("97")) out += chain == "FORWARD" ? " -j OTHER" : " -j RETURN";
      out += "\n";
    }
  }
  return out + "COMMIT\n";
}

struct Side {
  Side(const std::string& text, PacketPatterns* patterns, const Registry& registry = builtin_registry())
      : ruleset(read_ruleset(text, "", Family::Ipv4, registry).value()),
        table(LinearTable::compile(ruleset.tables.front(), Family::Ipv4, "", {}, {.patterns = patterns}).value()) {}

  Verdict::Kind walk(const Packet& packet) {
    Packet copy = packet.clone();
    HookContext context;
    context.hook = Hook::Forward;
    const Verdict::Kind kind = table->walk(copy, context).kind;
    line = context.decision.line;
    return kind;
  }
  std::string counters() {
    table->save_counters(ruleset.tables.front());
    return save_ruleset(ruleset, true);
  }

  Ruleset ruleset;
  std::unique_ptr<LinearTable> table;
  uint32_t line = 0;  // of the rule that ended the last packet
};

class PacketPatternsTest : public testing::TestWithParam<SearchLibrary> {};

TEST_P(PacketPatternsTest, CountsAsEveryRuleByItself) {
  Random random(3);
  // Hyperscan takes its time to compile.
  const int rulesets = GetParam() == SearchLibrary::Best ? 60 : 400;
  for (int i = 0; i < rulesets; ++i) {
    const std::string rules = random_rules(random);
    PacketPatterns patterns(GetParam());
    Side together(rules, &patterns), alone(rules, nullptr);
    ASSERT_TRUE(patterns.compile().has_value());
    for (int j = 0; j < 40; ++j) {
      const Packet packet = random_packet(random);
      ASSERT_EQ(together.walk(packet), alone.walk(packet)) << rules;
      ASSERT_EQ(together.line, alone.line) << rules;
    }
    ASSERT_EQ(together.counters(), alone.counters()) << rules;
  }
}

// Leaves half of the TCP header.
class Shorten final : public Target {
 public:
  Action apply(Packet& packet, HookContext&) override {
    packet.truncate(packet.transport_offset + 12);
    packet.length = packet.captured();
    return Action::go_on();
  }
};

// What a target leaves of the packet may be no packet whose rules can be passed over any more: tcp drops it.
TEST_P(PacketPatternsTest, BehindATargetTheyAreAskedAboutThePacketAsItIsNow) {
  Registry registry = builtin_registry();
  registry.add(TargetType{.name = "SHORTEN", .create = [](const Options&, const RuleContext&) {
                            return Result<std::unique_ptr<Target>>(std::make_unique<Shorten>());
                          }});
  const std::string rules =
      "*mangle\n-A FORWARD -j SHORTEN\n-A FORWARD -p tcp -m tcp --dport 80 -m string --string absent --algo "
      "bm\nCOMMIT\n";
  PacketPatterns patterns(GetParam());
  Side together(rules, &patterns, registry), alone(rules, nullptr, registry);
  ASSERT_TRUE(patterns.compile().has_value());
  const Packet packet = tcp4("192.0.2.1:4000 > 198.51.100.2:80", kAck, "payload");
  EXPECT_EQ(alone.walk(packet), Verdict::Kind::Drop);
  EXPECT_EQ(together.walk(packet), Verdict::Kind::Drop);
  EXPECT_EQ(together.line, alone.line);
}

// Counts searches; finds nothing.
class Searches final : public PatternSet {
 public:
  uint32_t add(const PacketPattern&) override {
    answers_ = true;
    found_.assign(1, 0);
    return next_++;
  }
  int count = 0;

 private:
  bool search(const Packet&) override {
    ++count;
    return false;
  }
  uint32_t next_ = 0;
};

TEST(PatternRun, IsSearchedForOnceAndOnlyWhereOneOfItsRulesIsReached) {
  Searches searches;
  auto ruleset = read_ruleset(
                     "*mangle\n"
                     "-A FORWARD -p tcp -m tcp --dport 80 -m string --string a --algo bm\n"
                     "-A FORWARD -p tcp -m tcp --dport 80 -m string --string b --algo bm\n"
                     "-A FORWARD -p tcp -m tcp --dport 81 -m string --string c --algo bm\n"
                     "-A FORWARD -j MARK --set-mark 1\n"
                     "-A FORWARD -p tcp -m tcp --dport 81 -m string --string d --algo bm\nCOMMIT\n",
                     "", Family::Ipv4, builtin_registry())
                     .value();
  auto table = LinearTable::compile(ruleset.tables.front(), Family::Ipv4, "", {}, {.patterns = &searches}).value();
  const auto searched = [&](std::string_view flow) {
    searches.count = 0;
    Packet packet = tcp4(flow, kAck, "abc");
    HookContext context;
    context.hook = Hook::Forward;
    table->walk(packet, context);
    return searches.count;
  };
  EXPECT_EQ(searched("192.0.2.1:4000 > 198.51.100.2:80"), 1);
  EXPECT_EQ(searched("192.0.2.1:4000 > 198.51.100.2:81"), 2);  // MARK may have changed the packet
  EXPECT_EQ(searched("192.0.2.1:4000 > 198.51.100.2:443"), 0);
}

INSTANTIATE_TEST_SUITE_P(Libraries, PacketPatternsTest, testing::Values(SearchLibrary::Best, SearchLibrary::None),
                         [](const auto& library) {
                           return library.param == SearchLibrary::Best ? std::string("Best") : std::string("None");
                         });

}  // namespace
}  // namespace sallyport::test
