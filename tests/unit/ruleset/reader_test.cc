// Reading and saving rules: what is accepted, what is printed, what is refused, where.

#include <gtest/gtest.h>

#include <string>

#include "sallyport/ruleset.h"

namespace sallyport {
namespace {

Results<Ruleset> read(const std::string& text, Family family = Family::Ipv4) {
  return read_ruleset(text, "test.rules", family, builtin_registry());
}

std::string in_filter(const std::string& lines) { return "*filter\n:U - [0:0]\n" + lines + "\nCOMMIT\n"; }

// The rules of the saved text, without headers.
std::string saved_rules(const std::string& lines) {
  auto ruleset = read(in_filter(lines));
  if (!ruleset) return ruleset.error()[0].text();
  std::string rules;
  std::string_view left = save_ruleset(*ruleset, false);
  const std::string text(left);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (text.compare(at, 2, "-A") == 0) rules += text.substr(at, end - at + 1);
    at = end + 1;
  }
  return rules;
}

struct SavedCase {
  const char* rule;
  const char* saved;
};

// Each expectation was printed by iptables-legacy-save 1.8.9.
constexpr SavedCase kSavedCases[] = {
    {"-A INPUT -s 1.2.3.4,5.6.7.0/24 -j ACCEPT",
     "-A INPUT -s 1.2.3.4/32 -j ACCEPT\n-A INPUT -s 5.6.7.0/24 -j ACCEPT\n"},
    {"-A INPUT -s 0.0.0.0/0 -j ACCEPT", "-A INPUT -j ACCEPT\n"},
    {"-A INPUT ! -s 0.0.0.0/0 -j ACCEPT", "-A INPUT ! -s 0.0.0.0/0 -j ACCEPT\n"},
    {"-A INPUT -s 10.1 -j ACCEPT", "-A INPUT -s 10.1.0.0/32 -j ACCEPT\n"},
    {"-A INPUT -s 10.1.2.3/255.0.255.0 -j ACCEPT", "-A INPUT -s 10.0.2.0/255.0.255.0 -j ACCEPT\n"},
    {"-A INPUT -p TCP -j ACCEPT", "-A INPUT -p tcp -j ACCEPT\n"},
    {"-A INPUT -p all -j ACCEPT", "-A INPUT -j ACCEPT\n"},
    {"-A INPUT -i lo+ -j ACCEPT", "-A INPUT -i lo+ -j ACCEPT\n"},
    {"-A INPUT ! -i + -j ACCEPT", "-A INPUT -j ACCEPT\n"},
    {"-A INPUT ! -f -j ACCEPT", "-A INPUT ! -f -j ACCEPT\n"},
    {"-A INPUT -j ACCEPT -p tcp", "-A INPUT -p tcp -j ACCEPT\n"},
    {"-A INPUT -p tcp -j ACCEPT --dport 80", "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n"},
    {"-A INPUT -p tcp --dport=80 -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n"},
    {"-A INPUT -p tcp --dpo 80 -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n"},
    {"-A INPUT --src 1.2.3.4 --dst 5.6.7.8", "-A INPUT -s 1.2.3.4/32 -d 5.6.7.8/32\n"},
    {"-A INPUT -g U", "-A INPUT -g U\n"},
    {"-I INPUT -s 1.1.1.1,2.2.2.2", "-A INPUT -s 2.2.2.2/32\n-A INPUT -s 1.1.1.1/32\n"},
    {"-A INPUT -c 5 6 -j ACCEPT", "-A INPUT -j ACCEPT\n"},
    {"[7:8] -A INPUT -j ACCEPT", "-A INPUT -j ACCEPT\n"},
    {"-6 -A INPUT -j ACCEPT", ""},
    {"-A INPUT -m comment --comment \"a 'b' \\\"c\\\" d\"",
     "-A INPUT -m comment --comment \"a \\'b\\' \\\"c\\\" d\"\n"},
};

TEST(Reader, SavesAsIptablesSaves) {
  for (const SavedCase& test : kSavedCases) EXPECT_EQ(saved_rules(test.rule), test.saved) << test.rule;
}

// What iptables-restore refuses at this line too.
constexpr const char* kRefusedRules[] = {
    "-A INPUT --protocol=tcp -j ACCEPT",
    "-A INPUT -ptcp -j ACCEPT",
    "-A INPUT ! -s 1.2.3.4,5.6.7.0/24",
    "-A INPUT ! -p all",
    "-A INPUT -p 300",
    "-A INPUT -i \"\" -j ACCEPT",
    "-A INPUT -o eth0",
    "-A OUTPUT -i eth0",
    "-A INPUT -j nosuch",
    "-A INPUT -g nosuch",
    "-A nosuch -j ACCEPT",
    "-A INPUT -m nosuch",
    "-A INPUT -j ACCEPT extra",
    "-A INPUT ! ! -p tcp",
    "-A INPUT -p tcp ! -j ACCEPT",
    "-A INPUT -s ! 1.2.3.4",
    "-A INPUT -j ACCEPT -j DROP",
    "-A INPUT -s 1.2.3.4 -s 2.3.4.5",
    "-A INPUT --tcp-flags SYN SYN",
    "-A INPUT -p tcp --dport",
    "-A INPUT -p tcp --dport 80 --dport 81",
    "-A INPUT -m tcp",
    "-A INPUT -p udp -m tcp",
    "-I INPUT 3 -j ACCEPT",
    "-N U",
    "-A INPUT -t nat",
    "-A INPUT -x",
    "-A INPUT -d example.invalid",
    "-D INPUT 2",
    "*nat",
    "COMMIT ",
};

TEST(Reader, RefusesAtTheLineWhereIptablesDoes) {
  for (const char* rule : kRefusedRules) {
    auto ruleset = read(in_filter(std::string("-A INPUT -j ACCEPT\n") + rule));
    ASSERT_FALSE(ruleset) << rule;
    EXPECT_EQ(ruleset.error()[0].line, 4u) << rule << ": " << ruleset.error()[0].text();
    EXPECT_FALSE(ruleset.error()[0].what.empty());
  }
}

TEST(Reader, ReportsAllErrorsInOneRun) {
  auto ruleset = read(in_filter("-A INPUT -p nosuch\n-A INPUT -j ACCEPT\n-A INPUT -m nosuch"));
  ASSERT_FALSE(ruleset);
  ASSERT_EQ(ruleset.error().size(), 2u);
  EXPECT_EQ(ruleset.error()[0].line, 3u);
  EXPECT_EQ(ruleset.error()[1].line, 5u);
  EXPECT_EQ(ruleset.error()[0].file, "test.rules");
  EXPECT_EQ(ruleset.error()[0].column, 13u);
}

TEST(Reader, RefusesLoopsOnlyWhereTheyAreReached) {
  EXPECT_TRUE(read("*filter\n:A - [0:0]\n-A A -j A\nCOMMIT\n"));
  auto loop = read("*filter\n:A - [0:0]\n:B - [0:0]\n-A A -j B\n-A B -j A\n-A INPUT -j A\nCOMMIT\n");
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error()[0].line, 5u);
}

TEST(Reader, NeedsANewlineBehindTheLastCommit) {
  auto ruleset = read("*filter\nCOMMIT");
  ASSERT_FALSE(ruleset);
  EXPECT_EQ(ruleset.error()[0].line, 2u);
  EXPECT_EQ(ruleset.error()[0].what, "Bad argument `COMMIT'");
}

TEST(Reader, ATableGivenTwiceBeginsEmptyAgainButKeepsItsPolicies) {
  auto ruleset = read(
      "*filter\n:INPUT DROP [0:0]\n:U - [0:0]\n-A INPUT -j U\nCOMMIT\n"
      "*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n");
  ASSERT_TRUE(ruleset);
  EXPECT_EQ(save_ruleset(*ruleset, false),
            "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n");
}

TEST(Writer, PrintsTheTableThatWasNamedLastFirst) {
  auto ruleset = read("*filter\nCOMMIT\n*nat\nCOMMIT\n*filter\nCOMMIT\n");
  ASSERT_TRUE(ruleset);
  EXPECT_TRUE(save_ruleset(*ruleset, false).starts_with("*nat\n"));
}

TEST(Writer, PrintsCountersOnRequest) {
  const std::string text =
      "*filter\n:INPUT DROP [5:60]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [1:2]\n[3:4] -A INPUT -j ACCEPT\nCOMMIT\n";
  auto ruleset = read(text);
  ASSERT_TRUE(ruleset);
  EXPECT_EQ(save_ruleset(*ruleset, true), text);
}

}  // namespace
}  // namespace sallyport
