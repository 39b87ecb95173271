// The tables of -m hashlimit: room, forgetting, and what is one source. How much each may send is compared with the
// kernel (tests/kernel, clock_lockstep).

#include "match/hashlimit_table.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

using Answer = HashlimitTable::Answer;

// One packet an hour from each source.
HashlimitTraits one_an_hour(uint32_t most) {
  return {.rate = {.average = 3'600'000'000, .burst = 1},
          .modes = kBySource,
          .source_mask = prefix_mask(Family::Ipv4, 32),
          .destination_mask = prefix_mask(Family::Ipv4, 32),
          .most = most,
          .expire_ms = 10'000,
          .collect_ms = 4'000};
}

Answer ask(HashlimitTable& table, std::string_view flow, Timestamp now) {
  return table.ask(udp4(flow), false, false, now);
}

TEST(HashlimitTable, HasRoomAgainOnceSomebodyWasForgotten) {
  HashlimitTable table(one_an_hour(2), {1, 2});
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 0), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.2:1 > 198.51.100.2:2", 0), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.3:1 > 198.51.100.2:2", 9 * kSecond), Answer::Unknown);
  // Expired after 10 s, but the kernel collects at 8 s and at 12 s.
  EXPECT_EQ(ask(table, "192.0.2.3:1 > 198.51.100.2:2", 11 * kSecond), Answer::Unknown);
  EXPECT_EQ(ask(table, "192.0.2.3:1 > 198.51.100.2:2", 12 * kSecond), Answer::Under);
  EXPECT_EQ(table.size(), 1u);
}

TEST(HashlimitTable, WhatIsUsedBeforeTheCollectionLivesOn) {
  HashlimitTable table(one_an_hour(8), {1, 2});
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 0), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.2:1 > 198.51.100.2:2", 0), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 11 * kSecond), Answer::Over);
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 20 * kSecond), Answer::Over);
  EXPECT_EQ(ask(table, "192.0.2.2:1 > 198.51.100.2:2", 12 * kSecond), Answer::Under);
}

// The kernel forgets what expires at the very tick of the collection.
TEST(HashlimitTable, ForgetsWhatExpiresAsItIsCollected) {
  HashlimitTraits traits = one_an_hour(8);
  traits.expire_ms = 2 * traits.collect_ms;
  HashlimitTable table(traits, {1, 2});
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 0), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.2:1 > 198.51.100.2:2", 4 * kMillisecond), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.1:1 > 198.51.100.2:2", 8 * kSecond), Answer::Under);
  EXPECT_EQ(ask(table, "192.0.2.2:1 > 198.51.100.2:2", 8 * kSecond), Answer::Over);
}

TEST(HashlimitTable, ListsWhatIsLeft) {
  HashlimitTable table(one_an_hour(8), {1, 2});
  ask(table, "192.0.2.1:1 > 198.51.100.2:2", 0);
  constexpr uint64_t kHour = 3'600'000'000 * 137'438'953;  // credits
  EXPECT_EQ(table.listing(0),
            "10 192.0.2.1:0->0.0.0.0:0 0 " + std::to_string(kHour) + ' ' + std::to_string(kHour) + '\n');
  const uint64_t second = 250 * (uint64_t{1} << 39);
  EXPECT_EQ(table.listing(kSecond), "9 192.0.2.1:0->0.0.0.0:0 " + std::to_string(second) + ' ' + std::to_string(kHour) +
                                        ' ' + std::to_string(kHour) + '\n');
  EXPECT_EQ(table.listing(12 * kSecond), "");
}

TEST(HashlimitMatch, DropsWhatHasNoPortsWhereTheyCount) {
  constexpr std::string_view kRule = "-m hashlimit --hashlimit-upto 1/hour --hashlimit-mode srcport --hashlimit-name a";
  const Packet whole = tcp4("192.0.2.1:1 > 198.51.100.2:2", kSyn);
  const MatchCase cases[] = {
      {kRule, whole.clone(), kYes},
      {kRule, cut_to(whole.clone(), 3), kDropped},
      {kRule, icmp4("192.0.2.1 > 198.51.100.2", 8, 0), kYes},
      {kRule, tcp6("[2001:db8::1]:1 > [2001:db8::2]:2", kSyn), kYes},
      {kRule, cut_to(tcp6("[2001:db8::1]:1 > [2001:db8::2]:2", kSyn), 3), kDropped},
      {kRule, ip6("2001:db8::1 > 2001:db8::2", kNoNextHeader, {}), kDropped},
  };
  expect_judged(cases);
}

// Of a later IPv6 fragment nobody looks for ports; of a later IPv4 fragment, what lies there is taken for them.
TEST(HashlimitMatch, TakesLaterFragmentsAsTheKernelDoes) {
  constexpr std::string_view kRule =
      "-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcport --hashlimit-name a";
  RuleCase of_ipv6(kRule, Family::Ipv6), of_ipv4(kRule, Family::Ipv4);
  const auto later6 = [](uint8_t begins) {
    const Bytes fragment = {0, 0, 0, 8, 0, 0, 0, begins};  // 8 bytes in, the last
    return with_extension(udp6("[2001:db8::1]:" + std::to_string(begins) + " > [2001:db8::2]:2"), 44, fragment);
  };
  EXPECT_EQ(of_ipv6.judge(later6(1)), kYes);
  EXPECT_EQ(of_ipv6.judge(later6(2)), kNo);
  EXPECT_EQ(of_ipv6.judge(icmp6("2001:db8::1 > 2001:db8::2", 128, 0)), kNo);  // which has none, either
  const auto later4 = [](int port) {
    return as_fragment(udp4("192.0.2.1:" + std::to_string(port) + " > 198.51.100.2:2"), 8, false);
  };
  EXPECT_EQ(of_ipv4.judge(later4(1)), kYes);
  EXPECT_EQ(of_ipv4.judge(later4(2)), kYes);
  EXPECT_EQ(of_ipv4.judge(later4(1)), kNo);
}

// The rate's two and the burst's three.
TEST(HashlimitMatch, CountsTheBurstInAnInterval) {
  RuleCase rule(
      "-m hashlimit --hashlimit-upto 2/sec --hashlimit-burst 3 --hashlimit-name a --hashlimit-htable-expire 9000 "
      "--hashlimit-rate-match",
      Family::Ipv4);
  int under = 0;
  for (int i = 0; i < 9; ++i) under += rule.judge(udp4("192.0.2.1:1 > 198.51.100.2:2")) == kYes;
  EXPECT_EQ(under, 5);
}

TEST(PhysdevMatch, HoldsOnlyInvertedWhereNothingIsBridged) {
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  const MatchCase cases[] = {
      {"-m physdev --physdev-in eth0", packet.clone(), kNo},
      {"-m physdev ! --physdev-in eth0", packet.clone(), kYes},
      {"-m physdev ! --physdev-in eth0 --physdev-is-in", packet.clone(), kNo},
      {"-m physdev ! --physdev-is-bridged ! --physdev-is-in", packet.clone(), kYes},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
