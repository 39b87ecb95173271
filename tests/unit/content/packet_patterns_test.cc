// Rules whose patterns are looked for all at once, against the same rules each of which looks for itself.

#include "content/packet_patterns.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "ruleset/linear_table.h"
#include "sallyport/random.h"
#include "support/packets.h"

namespace sallyport::test {
namespace {

std::string random_pattern(Random& random) {
  if (random.below(5) == 0) return "\\@";  // TTL 64
  std::string pattern(1 + random.below(6), 0);
  for (char& letter : pattern) letter = static_cast<char>('a' + random.below(3));
  return pattern;
}

// String rules that count; some change the packet on the way, so that later ones see other bytes, some ask for more
// than one pattern, some go to the other chain, some are no string rules.
std::string random_rules(Random& random) {
  std::string out = "*mangle\n:OTHER - [0:0]\n";
  for (const std::string_view chain : {"OTHER", "FORWARD"}) {
    for (uint32_t i = 1 + random.below(random.below(4) == 0 ? 200 : 20); i > 0; --i) {
      out += fmt::format("-A {}", chain);
      if (random.below(8) == 0) out += random.below(2) == 0 ? " -p udp" : " -p tcp";
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
  explicit Side(const std::string& text, PacketPatterns* patterns)
      : ruleset(read_ruleset(text, "", Family::Ipv4, builtin_registry()).value()),
        table(LinearTable::compile(ruleset.tables.front(), Family::Ipv4, "", {}, {.patterns = patterns}).value()) {}

  void walk(const Packet& packet) {
    Packet copy = packet.clone();
    HookContext context;
    context.hook = Hook::Forward;
    table->walk(copy, context);
  }
  std::string counters() {
    table->save_counters(ruleset.tables.front());
    return save_ruleset(ruleset, true);
  }

  Ruleset ruleset;
  std::unique_ptr<LinearTable> table;
};

class PacketPatternsTest : public testing::TestWithParam<SearchLibrary> {};

TEST_P(PacketPatternsTest, CountsAsEveryRuleByItself) {
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const std::string rules = random_rules(random);
    PacketPatterns patterns(GetParam());
    Side together(rules, &patterns), alone(rules, nullptr);
    ASSERT_TRUE(patterns.compile().has_value());
    for (int j = 0; j < 40; ++j) {
      std::string payload(random.below(200), 0);
      for (char& letter : payload) letter = static_cast<char>((random.below(9) == 0 ? 'A' : 'a') + random.below(4));
      Packet packet = udp4("192.0.2.1:4000 > 198.51.100.2:53", payload);
      if (random.below(4) == 0) packet = udp4("192.0.2.1:4000 > 198.51.100.2:53", std::string(random.below(9), 'x'));
      if (random.below(5) == 0) packet.later_fragments = {static_cast<uint16_t>(payload.size() / 2)};
      together.walk(packet);
      alone.walk(packet);
    }
    ASSERT_EQ(together.counters(), alone.counters()) << rules;
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, PacketPatternsTest, testing::Values(SearchLibrary::Best, SearchLibrary::None),
                         [](const auto& library) {
                           return library.param == SearchLibrary::Best ? std::string("Best") : std::string("None");
                         });

}  // namespace
}  // namespace sallyport::test
