// Scenarios: what is refused, and that each kind of line fails when it is not so.

#include "sallyport/scenario.h"

#include <gtest/gtest.h>

#include <string>

#include "scenario/script.h"

namespace sallyport {
namespace {

constexpr std::string_view kSetup =
    "iface lan 10.0.0.1/24\n"
    "iface wan 203.0.113.1/24\n"
    "route default via 203.0.113.254\n"
    "rules\n"
    "  *filter\n"
    "  :FORWARD DROP\n"
    "  -A FORWARD -m state --state INVALID -j DROP\n"
    "  -A FORWARD -p udp --dport 53 -j ACCEPT\n"
    "  -A FORWARD -m state --state ESTABLISHED -j ACCEPT\n"
    "  -A FORWARD -p udp --dport 1 -j LOG --log-prefix one:\n"
    "  COMMIT\n"
    "end\n";
constexpr uint32_t kSetupLines = 12;

Result<std::string> no_files(const std::string& path) { return fail("there is no " + path, "a file"); }

ScenarioOutcome outcome_of(const std::string& steps) {
  auto scenario = Scenario::read(std::string(kSetup) + steps, "test.scenario", no_files);
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error().front().text());
  return scenario ? scenario->run(0) : ScenarioOutcome{.failure = ScenarioFailure{.what = "not read"}};
}

constexpr std::string_view kAsk = "in lan udp 10.0.0.5:4000 > 198.51.100.9:53 \"q\"\n";
constexpr std::string_view kOther = "in lan udp 10.0.0.5:4000 > 198.51.100.9:1\n";

struct LineCase {
  std::string_view before;
  std::string_view line;
  std::string_view failure;  // a piece of what it says; empty: the line holds
};
constexpr LineCase kLineCases[] = {
    {kAsk, "out wan udp", ""},
    {kAsk, "out wan *", ""},
    {kAsk, "out wan same", ""},
    {kAsk, "out wan udp 10.0.0.5:* > *:53 \"q\" ttl 63", ""},
    {kAsk, "out wan udp ttl 64", "ttl is 63, expected 64"},
    {kAsk, "out wan tcp", "it is udp, expected tcp"},
    {kAsk, "out wan udp 10.0.0.6:4000 > 198.51.100.9:53", "source is 10.0.0.5, expected 10.0.0.6"},
    {kAsk, "out wan udp 10.0.0.5:4000 > 198.51.100.9:54", "destination port is 53, expected 54"},
    {kAsk, "out wan udp \"r\"", "byte 0 of its payload is 0x71, expected 0x72"},
    {kAsk, "out wan udp \"qq\"", "its payload has 1 bytes, expected 2"},
    {kAsk, "out wan udp badsum", "its transport checksum is right"},
    {kAsk, "out lan udp", "nothing left by lan"},
    {kAsk, "delivered lan udp", "nothing was delivered from lan"},
    {kAsk, "drop", "the packet did not end so"},
    {kAsk, "", "a packet came out that no line expects"},
    {kAsk, "out wan *\nout wan *", "nothing more left by wan"},
    {kAsk, "out wan *\nexpect state NEW", ""},
    {kAsk, "out wan *\nexpect state ESTABLISHED", "it was NEW"},
    {kAsk, "out wan *\nexpect mark 0", ""},
    {kAsk, "out wan *\nexpect mark 7", "its mark was 0x0"},
    {kAsk, "out wan *\nexpect conntrack udp 30 src=10.0.0.5 [UNREPLIED] dport=4000", ""},
    {kAsk, "out wan *\nexpect conntrack udp 29", "no connection is like that"},
    {kAsk, "out wan *\nexpect conntrack udp !10.0.0.5", ""},
    {kAsk, "out wan *\nexpect conntrack udp !src=*", "no connection is like that"},
    {kAsk, "out wan *\nno conntrack tcp", ""},
    {kAsk, "out wan *\nno conntrack", "there is such a connection"},
    {kAsk, "out wan *\nexpect counters [1:29] -A FORWARD --dport 53", ""},
    {kAsk, "out wan *\nexpect counters [2:58] -A FORWARD --dport 53", "no line of the counters is like that"},
    {kAsk, "out wan udp 10.0.0.5:$p > *\nexpect $p 4000", ""},
    {kAsk, "out wan udp 10.0.0.5:$p > *\nexpect $p 1-3999", "$p is 4000"},
    {kAsk, "expect $q 1", "$q has no value yet"},
    {kAsk, "out wan udp 10.0.0.5:$p > *:$p", "destination port is 53, expected 4000"},
    {kAsk, "out wan *\nin wan udp 198.51.100.9:53 > 10.0.0.5:$p", "$p has no value yet"},
    {kAsk, "out wan *\nat 29.9s\nexpect conntrack udp 0", ""},
    {kAsk, "out wan *\nat +30s\nno conntrack", ""},
    {kAsk, "out wan *\nat 2s\nat 1s", "time does not run backwards"},
    {kOther, "drop", ""},
    {kOther, "drop by filter FORWARD policy", ""},
    {kOther, "drop by filter FORWARD", ""},
    {kOther, "drop by filter FORWARD line 7", "the packet did not end so"},
    {kOther, "drop by mangle FORWARD", "the packet did not end so"},
    {kOther, "unroutable", "the packet did not end so"},
    {kOther, "log one:IN=lan OUT=wan SRC=10.0.0.5 DPT=1", ""},
    {kOther, "log two:*", "no such line was logged"},
    {"in lan udp 10.0.0.5:1 > 198.51.100.9:53 badipsum\n", "malformed", ""},
    {"in lan udp 10.0.0.5:1 > 198.51.100.9:53 ttl 1\n", "out lan icmp time-exceeded\nunroutable", ""},
    {"in lan udp 10.0.0.5:1 > 198.51.100.9:53 ttl 1\n", "out lan icmp time-exceeded about (udp *:2 > *)",
     "of the packet that it quotes, source port is 1, expected 2"},
    {"in lan udp 10.0.0.5:1 > 10.0.0.1:53 \"x\"\n", "delivered lan same", ""},
    {"from local udp 10.0.0.1:1 > 10.0.0.5:53\n", "out lan same", ""},
};

TEST(Scenario, LinesHoldOrFail) {
  for (const LineCase& test : kLineCases) {
    const ScenarioOutcome outcome = outcome_of(std::string(test.before) + std::string(test.line) + "\n");
    if (test.failure.empty()) {
      EXPECT_FALSE(outcome.failure) << test.before << test.line << "\n"
                                    << (outcome.failure ? outcome.failure->what : "");
    } else {
      ASSERT_TRUE(outcome.failure) << test.before << test.line;
      EXPECT_NE(outcome.failure->what.find(test.failure), std::string::npos) << test.line << "\n"
                                                                             << outcome.failure->what;
    }
  }
}

TEST(Scenario, FailureTellsTheWayOfThePacket) {
  const ScenarioOutcome outcome = outcome_of(std::string(kAsk) + "drop\n");
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->line, kSetupLines + 2);
  EXPECT_EQ(outcome.failure->packet_line, kSetupLines + 1);
  EXPECT_EQ(outcome.failure->expected, "drop");
  EXPECT_EQ(outcome.failure->got, "out wan udp 10.0.0.5:4000 > 198.51.100.9:53 \"q\" ttl 63");
  EXPECT_EQ(outcome.failure->way,
            (std::vector<std::string>{"filter FORWARD line 8: -A FORWARD -p udp -m udp --dport 53 -j ACCEPT"}));
}

struct VerdictCase {
  std::string_view line;
  std::string_view failure;
};
constexpr VerdictCase kVerdictCases[] = {
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:53 => ACCEPT", ""},
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:53 => ACCEPT by FORWARD line 8", ""},
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:53 => ACCEPT by FORWARD line 7", "another rule decided"},
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:53 => DROP", "it was ACCEPT"},
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:54 => DROP by FORWARD policy", ""},
    {"packet lan udp 10.0.0.5:1 > 198.51.100.9:54 => REJECT", "it was DROP"},
    {"packet lan tcp 10.0.0.5:1 > 198.51.100.9:54 rst => DROP by filter FORWARD line 7", ""},
    {"packet local udp 10.0.0.1:1 > 10.0.0.5:54 => ACCEPT by OUTPUT policy", ""},
};

TEST(Scenario, PacketLinesJudgeTheVerdictAndWhoGaveIt) {
  for (const VerdictCase& test : kVerdictCases) {
    const ScenarioOutcome outcome = outcome_of(std::string(test.line) + "\n");
    EXPECT_EQ(outcome.failure ? outcome.failure->what : "", test.failure) << test.line;
  }
}

TEST(Scenario, TestsStandEachOnAFreshMachine) {
  const auto scenario =
      Scenario::read(std::string(kSetup) + "test one\n" + std::string(kAsk) + "out wan *\ntest two\nno conntrack\n" +
                         "packet lan udp 10.0.0.5:1 > 198.51.100.9:53 => ACCEPT\nno conntrack\n",
                     "test.scenario", no_files);
  ASSERT_TRUE(scenario);
  ASSERT_EQ(scenario->tests(), 4u);
  for (size_t i = 0; i < scenario->tests(); ++i) EXPECT_FALSE(scenario->run(i).failure) << i;
  EXPECT_EQ(scenario->run(1).name, "two");
}

struct WrongFile {
  std::string_view text;
  std::string_view error;
};
constexpr WrongFile kWrongFiles[] = {
    {"", "f: the file tests nothing; expected an in, from or packet line"},
    {"iface lan 10.0.0.1\n", "f:1:11: \"10.0.0.1\" is no address of an interface; expected ADDRESS/BITS or mtu N"},
    {"iface lan 10.0.0.1/24\niface lan\n", "f:2:7: there is an interface lan already; expected another name"},
    {"iface lan mtu 10\n", "f:1:15: \"10\" is no MTU; expected a number from 68 to 65535"},
    {"sysctl net.ipv4.nonsense 1\nin in0 *\n",
     "f:1:8: unknown sysctl \"net.ipv4.nonsense\"; expected a sysctl by its kernel name"},
    {"seed x\n", "f:1:6: a seed is a number; expected seed 7"},
    {"clock yesterday\n", "f:1:7: \"yesterday\" is no time of day; expected 2026-03-01T10:00:00Z, in UTC"},
    {"clock 2026-02-30T10:00:00Z\n",
     "f:1:7: \"2026-02-30T10:00:00Z\" is no time of day; expected 2026-03-01T10:00:00Z, in UTC"},
    {"rules\n*filter\nCOMMIT\n", "f:1:1: the rules have no end; expected a line \"end\""},
    {"rules nowhere.rules\n", "f:1:7: there is no nowhere.rules; expected a file"},
    {"rules\n*filter\n  -A INPUT -j NOWHERE\nCOMMIT\nend\nin in0 udp 1.2.3.4:1 > 1.2.3.4:2\n", "f:3:"},
    {"in in0 udp 1.2.3.4:1 > 1.2.3.4:2\nseed 3\n",
     "f:2:1: \"seed\" behind the first test; expected it before the tests"},
    {"in in1 *\n", "f:1:4: unknown interface \"in1\"; expected in0"},
    {"inn in0 *\n", "f:1:1: unknown line \"inn\"; expected in"},
    {"in in0 *\n", "f:1: * and \"same\" can be looked for, not sent; expected a packet in full"},
    {"in in0 udp 1.2.3.4:1 > 1.2.3.4:2 ) x\n", "f:1:34: \")\" is not understood here; expected the end of the line"},
    {"at 5\n", "f:1:4: \"5\" is no time; expected a number and its unit: 300ms, 1.5s, 2m, 1h or 5d"},
    {"drop by fliter INPUT\n", "f:1:9: unknown table \"fliter\"; expected filter"},
    {"expect state OLD\n",
     "f:1:14: unknown state \"OLD\"; expected one of INVALID, NEW, ESTABLISHED, RELATED, UNTRACKED"},
    {"expect conntrack\n",
     "f:1:17: the line ends too early; expected words that the line must have, * for any letters"},
    {"packet in0 udp 1.2.3.4:1 > 1.2.3.4:2\n", "f:1:37: the line ends too early; expected => and a verdict"},
    {"packet in0 udp 1.2.3.4:1 > 1.2.3.4:2 => DENY\n",
     "f:1:41: unknown verdict \"DENY\"; expected one of ACCEPT, DROP, REJECT"},
};

TEST(Scenario, ErrorsSayWhereAndWhatWouldHaveBeenRight) {
  for (const WrongFile& wrong : kWrongFiles) {
    const auto scenario = Scenario::read(wrong.text, "f", no_files);
    ASSERT_FALSE(scenario) << wrong.text;
    EXPECT_TRUE(scenario.error().front().text().starts_with(wrong.error))
        << wrong.text << scenario.error().front().text();
  }
}

TEST(Scenario, AllErrorsOfAFileAreToldAtOnce) {
  const auto scenario = Scenario::read("iface a 1/2\niface b 3/4\nroute nowhere\n", "f", no_files);
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().size(), 3u);
}

struct PatternCase {
  std::string_view pattern;
  std::string_view line;
  bool matches;
};
constexpr PatternCase kPatternCases[] = {
    {"", "anything", true},   {"b d", "a b c d", true},  {"d b", "a b c d", false}, {"b b", "a b c", false},
    {"*c", "abc", true},      {"a*b*c", "a1b2bc", true}, {"a*b", "abc", false},     {"!d a", "a b c", true},
    {"!c a", "a b c", false}, {"*", "", false},
};

TEST(Scenario, PatternsNameWordsInTheirOrder) {
  for (const PatternCase& test : kPatternCases) {
    EXPECT_EQ(scenario::line_matches(test.pattern, test.line, 0), test.matches) << test.pattern << " | " << test.line;
  }
}

}  // namespace
}  // namespace sallyport
