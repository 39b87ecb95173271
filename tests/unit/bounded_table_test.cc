// The table of modules against a list, and slots of connections.

#include "sallyport/bounded_table.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "sallyport/per_connection.h"
#include "sallyport/random.h"

namespace sallyport {
namespace {

using Table = BoundedTable<uint64_t, uint64_t>;

TEST(BoundedTable, IsAsAMapAsLongAsThereIsRoom) {
  Random random(1);
  Table table(1000, 50, {1, 2});
  std::map<uint64_t, std::pair<uint64_t, Timestamp>> expected;
  for (Timestamp now = 0; now < 20'000; ++now) {
    const uint64_t key = random.below(900);
    auto& [count, used] = expected[key];
    if (now - used > 50) count = 0;  // too old
    const uint64_t* const found = table.find(key, now);
    EXPECT_EQ(found != nullptr ? *found : 0, count);
    if (random.below(4) == 0 && found != nullptr) {
      table.erase(table.at(key, now));
      count = 0;
      used = now;
      continue;
    }
    ASSERT_EQ(++table.at(key, now), ++count) << key << " at " << now;
    used = now;
  }
  EXPECT_EQ(table.evicted(), 0u);
}

TEST(BoundedTable, LetsTheLongestUnusedOfTheNextGo) {
  Table table(32, 0, {1, 2});
  std::vector<uint64_t> gone;
  table.on_gone([&](uint64_t key, uint64_t&) { gone.push_back(key); });
  for (uint64_t key = 0; key < 32; ++key) table.at(key, 0) = key;
  for (uint64_t key = 0; key < 16; ++key) {
    if (key != 5) table.at(key, 10);
  }
  table.at(100, 20);  // of 0 to 15
  table.at(101, 20);  // of 16 to 31
  EXPECT_EQ(gone, (std::vector<uint64_t>{5, 16}));
  EXPECT_EQ(table.size(), 32u);
  EXPECT_EQ(table.evicted(), 2u);
  EXPECT_EQ(table.find(5, 20), nullptr);
  EXPECT_EQ(*table.find(6, 20), 6u);
}

TEST(BoundedTable, NeverHoldsMoreThanStated) {
  Random random(2);
  Table table(100, 0, {3, 4});
  for (Timestamp now = 0; now < 100'000; ++now) table.at(random.next64(), now);
  EXPECT_EQ(table.size(), 100u);
  EXPECT_EQ(table.evicted(), 99'900u);
  EXPECT_LE(table.bytes(), 100u * 32 + 256 * 4);
}

// CVE-2024-47187 is the class: a seed that nobody used. Another key puts keys elsewhere.
TEST(BoundedTable, HashesWithItsKey) {
  const auto order = [](const SipHashKey& key) {
    BoundedTable<uint64_t, uint64_t> table(4, 0, key);
    for (uint64_t k = 0; k < 4; ++k) table.at(k, 0);
    std::vector<uint32_t> probable;
    probable.reserve(64);
    for (uint64_t k = 0; k < 64; ++k) probable.push_back(table.prefetch_value(table.place_of(k)));
    return probable;
  };
  EXPECT_EQ(order({1, 2}), order({1, 2}));
  EXPECT_NE(order({1, 2}), order({1, 3}));
}

// What is fetched ahead is what will be found, for the first and the second at a place; erased ones are at none.
TEST(BoundedTable, FetchesAheadWhatIsThere) {
  Random random(5);
  Table table(1000, 0, {5, 6});
  for (uint64_t k = 0; k < 1000; ++k) table.at(k, 0);
  uint32_t own = 0, probable = 0;
  for (uint64_t k = 0; k < 1000; ++k) {
    const uint32_t number = table.number_of(*table.find(k, 0));
    const uint32_t place = table.place_of(k);
    probable += table.prefetch_value(place) == number;
    own += table.prefetch_own(k, place) == number;
  }
  EXPECT_GE(probable, 700u);  // a thousand at 2,048 places: 22 in a hundred are not the first at theirs
  EXPECT_GE(own, 950u);
  for (uint64_t k = 0; k < 1000; ++k) table.erase(*table.find(k, 0));
  EXPECT_EQ(table.prefetch_own(1, table.place_of(1)), table.most());
}

struct TestConnection : Connection {};

TEST(PerConnection, GivesTheNextConnectionAtAPlaceAFreshSlot) {
  PerConnection<int> slots;
  TestConnection first, second;
  first.number = second.number = 3000;
  first.sequence = 0;
  second.sequence = 7;
  EXPECT_EQ(slots.find(first), nullptr);
  slots.of(first) = 5;
  EXPECT_EQ(slots.of(first), 5);
  EXPECT_EQ(slots.find(second), nullptr);
  EXPECT_EQ(slots.of(second), 0);
  EXPECT_EQ(slots.find(first), nullptr);
}

}  // namespace
}  // namespace sallyport
