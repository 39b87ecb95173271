#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr Duration kTick = kSecond / 250;

// Packets at one moment until one does not match.
int count_matching(RuleCase& rule, Timestamp now) {
  rule.clock.advance_to(now);
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  int matching = 0;
  while (matching < 100'000 && rule.judge(packet) == kYes) ++matching;
  return matching;
}

TEST(LimitMatch, LetsABurstThroughAndThenTheRate) {
  RuleCase rule("-m limit --limit 10/second --limit-burst 7", Family::Ipv4);
  EXPECT_EQ(count_matching(rule, 1000 * kSecond), 7);
  EXPECT_EQ(count_matching(rule, 1000 * kSecond + 96 * kMillisecond), 0);
  EXPECT_EQ(count_matching(rule, 1000 * kSecond + 100 * kMillisecond), 1);
  EXPECT_EQ(count_matching(rule, 1000 * kSecond + 350 * kMillisecond), 2);
  EXPECT_EQ(count_matching(rule, 2000 * kSecond), 7);
}

TEST(LimitMatch, CountsInTicksOfFourMilliseconds) {
  RuleCase rule("-m limit --limit 1000/second --limit-burst 1", Family::Ipv4);
  EXPECT_EQ(count_matching(rule, 8 * kTick), 1);
  EXPECT_EQ(count_matching(rule, 9 * kTick - 1), 0);
  EXPECT_EQ(count_matching(rule, 9 * kTick), 1);  // four packets' worth of credit, of which one fits
}

TEST(LimitMatch, KeepsThreeAnHourAndFiveAtOnceUnlessTold) {
  RuleCase rule("-m limit", Family::Ipv6);
  const Packet packet = udp6("[2001:db8::1]:1 > [2001:db8::2]:2");
  int matching = 0;
  for (int i = 0; i < 10; ++i) matching += rule.judge(packet) == kYes;
  EXPECT_EQ(matching, 5);
  rule.clock.advance_to(1199 * kSecond);
  EXPECT_EQ(rule.judge(packet), kNo);
  rule.clock.advance_to(1200 * kSecond);
  EXPECT_EQ(rule.judge(packet), kYes);
}

// 2^32 credits are 2^25 ticks: such a pause earns nothing at all.
TEST(LimitMatch, WrapsAfterALongPause) {
  RuleCase rule("-m limit --limit 1/second --limit-burst 3", Family::Ipv4);
  EXPECT_EQ(count_matching(rule, kSecond), 3);
  EXPECT_EQ(count_matching(rule, kSecond + (int64_t{1} << 25) * kTick), 0);
  EXPECT_EQ(count_matching(rule, kSecond + ((int64_t{1} << 25) + 250) * kTick), 1);
}

// period times burst does not fit 32 bits here; the kernel takes what is left of it for the burst.
TEST(LimitMatch, WrapsABurstThatIsTooLarge) {
  RuleCase rule("-m limit --limit 1/hour --limit-burst 200", Family::Ipv4);
  EXPECT_EQ(count_matching(rule, kSecond), 6);
}

}  // namespace
}  // namespace sallyport::test
