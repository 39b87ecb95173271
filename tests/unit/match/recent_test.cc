// The lists of -m recent themselves, and what rules make of them.

#include <fmt/format.h>

#include "match/recent_list.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr SipHashKey kKey = {1, 2};
constexpr int64_t kBegin = -1000;  // before everything here

std::array<uint8_t, 16> all_ones() { return prefix_mask(Family::Ipv6, 128).bytes; }
IpAddress host(uint32_t number) { return IpAddress::v4(0x0a000000 + number); }

RecentList list_for(uint32_t hits) {
  RecentList list(all_ones(), kKey);
  list.make_room_for(hits);
  return list;
}

TEST(RecentList, ForgetsWhoWasSeenLongestAgo) {
  RecentList list = list_for(0);
  for (uint32_t i = 0; i < RecentList::kMostAddresses; ++i) list.add(host(i), 64, i);
  list.see_again(*list.find(host(0), 0), 64, 200);
  for (uint32_t i = 0; i < 3; ++i) list.add(host(1000 + i), 64, 300);
  EXPECT_NE(list.find(host(0), 0), nullptr);
  for (uint32_t i = 1; i < 4; ++i) EXPECT_EQ(list.find(host(i), 0), nullptr) << i;
  EXPECT_NE(list.find(host(4), 0), nullptr);
}

TEST(RecentList, KeepsAsManyTimesAsAPowerOfTwoAboveTheHits) {
  RecentList list = list_for(3);
  list.add(host(1), 64, 1);
  for (int64_t tick = 2; tick <= 6; ++tick) list.see_again(*list.find(host(1), 0), 60, tick);
  const RecentList::Entry& entry = *list.find(host(1), 0);
  EXPECT_TRUE(list.seen(entry, 4, kBegin));
  EXPECT_FALSE(list.seen(entry, 5, kBegin));
  EXPECT_TRUE(list.seen(entry, 2, 5));
  EXPECT_FALSE(list.seen(entry, 3, 5));
  EXPECT_FALSE(list.seen(entry, 0, 7));
  EXPECT_EQ(list.listing(0), "src=10.0.0.1 ttl: 60 last_seen: 6 oldest_pkt: 2 5, 6, 3, 4\n");
}

TEST(RecentList, IsEmptiedForALargerHitCountOnly) {
  RecentList list = list_for(3);
  list.add(host(1), 64, 1);
  list.make_room_for(2);
  EXPECT_NE(list.find(host(1), 0), nullptr);
  list.make_room_for(5);
  EXPECT_EQ(list.find(host(1), 0), nullptr);
  list.add(host(1), 64, 1);
  EXPECT_NE(list.find(host(1), 0), nullptr);
}

TEST(RecentList, ReapsOnlyTheOldestAndNotTheSpared) {
  RecentList list = list_for(0);
  list.add(host(1), 64, 1);
  list.add(host(2), 64, 2);
  list.reap(1, nullptr);
  EXPECT_NE(list.find(host(1), 0), nullptr);
  list.reap(10, list.find(host(1), 0));
  EXPECT_NE(list.find(host(1), 0), nullptr);
  EXPECT_NE(list.find(host(2), 0), nullptr);
  list.reap(10, nullptr);
  EXPECT_EQ(list.find(host(1), 0), nullptr);
  list.reap(10, nullptr);
  list.reap(10, nullptr);
  EXPECT_EQ(list.listing(0), "");
}

TEST(RecentList, AsksForTheTtlWhereBothHaveOne) {
  RecentList list = list_for(0);
  list.add(host(1), 64, 1);
  list.add(host(2), 0, 1);
  EXPECT_NE(list.find(host(1), 64), nullptr);
  EXPECT_EQ(list.find(host(1), 63), nullptr);
  EXPECT_NE(list.find(host(1), 0), nullptr);
  EXPECT_NE(list.find(host(2), 63), nullptr);
}

TEST(RecentList, TellsTheFamiliesApartAndPrintsBoth) {
  RecentList list = list_for(0);
  const uint8_t zero[16] = {};
  list.add(list.masked(Family::Ipv4, zero), 1, 1);
  EXPECT_EQ(list.find(list.masked(Family::Ipv6, zero), 0), nullptr);
  list.add(IpAddress{.bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, .family = Family::Ipv6}, 2, 2);
  EXPECT_EQ(list.listing(0),
            "src=0.0.0.0 ttl: 1 last_seen: 1 oldest_pkt: 1 1\n"
            "src=2001:0db8:0000:0000:0000:0000:0000:0009 ttl: 2 last_seen: 2 oldest_pkt: 1 2\n");
}

TEST(RecentMatch, CountsWhatItSetItself) {
  RuleCase rule("-m recent --update --seconds 2 --hitcount 2", Family::Ipv4);
  EXPECT_EQ(rule.judge(udp4("192.0.2.1:1 > 198.51.100.2:2")), kNo);
  RuleCase set("-m recent --set --rdest", Family::Ipv4);
  EXPECT_EQ(set.judge(udp4("192.0.2.1:1 > 198.51.100.2:2")), kYes);
  auto* list = set.shared.find<RecentList>("xt_recent", "DEFAULT");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->listing(0), "src=198.51.100.2 ttl: 64 last_seen: 0 oldest_pkt: 1 0\n");
}

TEST(RecentMatch, KeepsWhatTheMaskLeaves) {
  RuleCase set("-m recent --set --mask 255.255.0.255", Family::Ipv4);
  EXPECT_EQ(set.judge(udp4("192.0.2.1:1 > 198.51.100.2:2")), kYes);
  EXPECT_EQ(set.judge(udp4("192.0.3.1:1 > 198.51.100.2:2")), kYes);
  auto* list = set.shared.find<RecentList>("xt_recent", "DEFAULT");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->listing(0), "src=192.0.0.1 ttl: 64 last_seen: 0 oldest_pkt: 2 0, 0\n");
}

TEST(RecentMatch, HoldsWhereInvertedAndNobodyIsListed) {
  EXPECT_EQ(judge("-m recent ! --rcheck", udp4("192.0.2.1:1 > 198.51.100.2:2")), kYes);
  EXPECT_EQ(judge("-m recent ! --set", udp4("192.0.2.1:1 > 198.51.100.2:2")), kNo);
  EXPECT_EQ(judge("-m recent ! --remove", udp4("192.0.2.1:1 > 198.51.100.2:2")), kYes);
}

}  // namespace
}  // namespace sallyport::test
