#include <algorithm>

#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

std::string pattern(std::string_view text, int packets) {
  RuleCase rule(text, Family::Ipv4);
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  std::string seen;
  for (int i = 0; i < packets; ++i) seen += rule.judge(packet) == kYes ? 'x' : '.';
  return seen;
}

TEST(StatisticMatch, CountsToTheNth) {
  EXPECT_EQ(pattern("-m statistic --mode nth --every 3 --packet 0", 8), "x..x..x.");
  EXPECT_EQ(pattern("-m statistic --mode nth --every 3 --packet 1", 8), ".x..x..x");
  EXPECT_EQ(pattern("-m statistic --mode nth --every 3 --packet 2", 8), "..x..x..");
  EXPECT_EQ(pattern("-m statistic --mode nth ! --every 3 --packet 2", 8), "xx.xx.xx");
  EXPECT_EQ(pattern("-m statistic --mode nth --every 1 --packet 0", 4), "xxxx");
}

TEST(StatisticMatch, MatchesByChance) {
  EXPECT_EQ(pattern("-m statistic --mode random --probability 0", 50), std::string(50, '.'));
  EXPECT_EQ(pattern("-m statistic --mode random --probability 1", 50), std::string(50, 'x'));
  EXPECT_EQ(pattern("-m statistic --mode random ! --probability 1", 50), std::string(50, '.'));
  // Of 10,000 draws at a quarter, five standard deviations are 217.
  const std::string quarter = pattern("-m statistic --mode random --probability 0.25", 10'000);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(quarter, 'x')), 2500, 217);
}

TEST(StatisticMatch, RepeatsItselfWithTheSameSeed) {
  EXPECT_EQ(pattern("-m statistic --mode random --probability 0.5", 200),
            pattern("-m statistic --mode random --probability 0.5", 200));
}

}  // namespace
}  // namespace sallyport::test
