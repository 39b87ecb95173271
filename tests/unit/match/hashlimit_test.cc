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
