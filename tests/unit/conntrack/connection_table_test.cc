// The table's bounds: what is found, what is refused, what makes room.

#include "conntrack/connection_table.h"

#include <gtest/gtest.h>

#include "conntrack/tuple.h"

namespace sallyport {
namespace {

constexpr SipHashKey kKey = {1, 2};

Tuple udp_tuple(uint32_t number) {
  Tuple tuple;
  tuple.protocol = kUdp;
  store_be32(tuple.source.data(), 0x0a000000u + number);
  store_be32(tuple.destination.data(), 0xc0000201u);
  tuple.source_id = 1000;
  tuple.destination_id = 53;
  return tuple;
}

Connection* add(ConnectionTable& table, uint32_t number, Timestamp now, Duration lasts = 10 * kSecond) {
  const Tuple tuple = udp_tuple(number);
  Connection* connection = table.create(tuple, *inverted(tuple), now);
  if (connection == nullptr) return nullptr;
  connection->deadline = now + lasts;
  return table.confirm(*connection, now) ? connection : nullptr;
}

TEST(ConnectionTable, FindsBothDirections) {
  ConnectionTable table(100, kKey);
  Connection* connection = add(table, 1, 0);
  Direction direction = Direction::Reply;
  EXPECT_EQ(table.find(udp_tuple(1), 0, direction), connection);
  EXPECT_EQ(direction, Direction::Original);
  EXPECT_EQ(table.find(*inverted(udp_tuple(1)), 0, direction), connection);
  EXPECT_EQ(direction, Direction::Reply);
  EXPECT_EQ(table.find(udp_tuple(2), 0, direction), nullptr);
}

TEST(ConnectionTable, DoesNotFindWhatIsUnconfirmedKilledOrPastItsTime) {
  ConnectionTable table(100, kKey);
  Direction direction = Direction::Original;
  const Tuple tuple = udp_tuple(1);
  Connection* connection = table.create(tuple, *inverted(tuple), 0);
  connection->deadline = kSecond;
  EXPECT_EQ(table.find(tuple, 0, direction), nullptr);
  ASSERT_TRUE(table.confirm(*connection, 0));
  EXPECT_EQ(table.find(tuple, 0, direction), connection);
  EXPECT_EQ(table.find(tuple, kSecond, direction), nullptr);
  table.kill(*connection);
  EXPECT_EQ(table.find(tuple, 0, direction), nullptr);
  EXPECT_EQ(table.size(), 0u);
}

// Translated, its two directions have nothing in common; or both are one and the same.
TEST(ConnectionTable, FindsBothDirectionsWhateverTheReplyIs) {
  Tuple to_itself = udp_tuple(1);
  to_itself.destination = to_itself.source;
  to_itself.destination_id = to_itself.source_id;
  Tuple translated = *inverted(udp_tuple(1));
  translated.destination_id = 4242;
  for (const auto& [original, reply] :
       {std::pair{udp_tuple(1), translated}, {udp_tuple(1), *inverted(udp_tuple(1))}, {to_itself, to_itself}}) {
    ConnectionTable table(100, kKey);
    Connection* connection = table.create(original, *inverted(original), 0);
    table.set_reply(*connection, reply);
    connection->deadline = kSecond;
    ASSERT_TRUE(table.confirm(*connection, 0));
    Direction direction = Direction::Reply;
    // Of one and the same the kernel finds the answers', which it has put in last.
    EXPECT_EQ(table.find(original, 0, direction), connection);
    EXPECT_EQ(direction, reply == original ? Direction::Reply : Direction::Original);
    EXPECT_EQ(table.find(reply, 0, direction), connection);
    EXPECT_EQ(direction, Direction::Reply);
    EXPECT_TRUE(table.taken(reply, 0));
    EXPECT_FALSE(table.taken(reply, 0, connection));
    table.kill(*connection);
    EXPECT_FALSE(table.taken(original, 0));
    EXPECT_FALSE(table.taken(reply, 0));
  }
}

// What look-ahead saw may be gone, or another's, when the packet's turn comes.
TEST(ConnectionTable, AHintThatIsOutOfDateChangesNothing) {
  ConnectionTable table(100, kKey);
  Connection* right = add(table, 1, 0);
  Connection* wrong = add(table, 2, 0);
  Tuple six = udp_tuple(1);
  six.family = Family::Ipv6;
  Connection* other_family = table.create(six, *inverted(six), 0);
  const auto words = words_of<4>(udp_tuple(1));
  const uint32_t hash = table.hash_of(words);
  Direction direction = Direction::Original;
  for (const uint32_t hint : {0u, right->number, wrong->number, other_family->number}) {
    EXPECT_EQ(table.find_ahead(words, hash, hint, 0, direction), right) << hint;
  }
  const uint32_t number = right->number;
  table.kill(*right);
  EXPECT_EQ(table.find_ahead(words, hash, number, 0, direction), nullptr);
  table.reclaim();
  EXPECT_EQ(table.find_ahead(words, hash, number, 0, direction), nullptr);
  // Its place is taken by the same flow, which is not known yet.
  const Tuple tuple = udp_tuple(1);
  EXPECT_EQ(table.create(tuple, *inverted(tuple), 0)->number, number);
  EXPECT_EQ(table.find_ahead(words, hash, number, 0, direction), nullptr);
}

TEST(ConnectionTable, RefusesATupleThatIsTaken) {
  ConnectionTable table(100, kKey);
  const Tuple tuple = udp_tuple(1);
  Connection* first = table.create(tuple, *inverted(tuple), 0);
  Connection* second = table.create(tuple, *inverted(tuple), 0);
  first->deadline = second->deadline = kSecond;
  EXPECT_TRUE(table.confirm(*first, 0));
  EXPECT_FALSE(table.confirm(*second, 0));
  EXPECT_EQ(table.counters.insert_failed, 1u);
}

TEST(ConnectionTable, KeepsAllThroughItsGrowthAndListsThemOldestFirst) {
  constexpr uint32_t kMany = 20'000;
  ConnectionTable table(kMany, kKey);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_NE(add(table, i, 0), nullptr) << i;
  Direction direction = Direction::Original;
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_NE(table.find(udp_tuple(i), 0, direction), nullptr) << i;
  const auto all = table.list(0);
  ASSERT_EQ(all.size(), kMany);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(all[i]->tuple(Direction::Original), udp_tuple(i));
}

TEST(ConnectionTable, AFullTableDropsOneThatIsNotAssured) {
  ConnectionTable table(3000, kKey);
  for (uint32_t i = 0; i < 3000; ++i) {
    Connection* connection = add(table, i, 0);
    ASSERT_NE(connection, nullptr);
    if (i < 1000) connection->status |= kStatusAssured;
  }
  for (uint32_t i = 3000; i < 4000; ++i) {
    add(table, i, 0);
    table.reclaim();
  }
  EXPECT_GT(table.counters.early_drop, 900u);
  EXPECT_LE(table.size(), 3000u);
  Direction direction = Direction::Original;
  for (uint32_t i = 0; i < 1000; ++i) EXPECT_NE(table.find(udp_tuple(i), 0, direction), nullptr) << i;
}

TEST(ConnectionTable, AFullTableOfAssuredOnesRefuses) {
  ConnectionTable table(100, kKey);
  for (uint32_t i = 0; i < 100; ++i) add(table, i, 0)->status |= kStatusAssured;
  EXPECT_EQ(add(table, 100, 0), nullptr);
  EXPECT_EQ(table.counters.drop, 1u);
  // Those past their time make room.
  EXPECT_EQ(table.size(), 100u);
}

TEST(ConnectionTable, GivesBackWhatRanOut) {
  ConnectionTable table(10'000, kKey);
  for (uint32_t i = 0; i < 1000; ++i) add(table, i, 0, kSecond);
  table.sweep(2 * kSecond, ConnectionStore::kSlab);
  EXPECT_LE(table.size(), 8u);
  for (int packet = 0; packet < 8; ++packet) table.sweep(2 * kSecond, 1);
  table.reclaim();
  EXPECT_EQ(table.size(), 0u);
}

// The packet that finds one past its time does not pay for its end as well.
TEST(ConnectionTable, EndsAtMostOneForEachPacket) {
  constexpr uint32_t kMany = 300;
  ConnectionTable table(10'000, kKey);
  for (uint32_t i = 0; i < kMany; ++i) add(table, i, 0, kSecond);
  for (uint32_t packets = 1; packets <= kMany + 8; ++packets) {
    const uint64_t before = table.size();
    table.sweep(2 * kSecond, 1);
    EXPECT_LE(before - table.size(), 1u) << packets;
    table.reclaim();
  }
  EXPECT_EQ(table.size(), 0u);
}

// Where room is wanted nobody waits for the packets behind it.
TEST(ConnectionTable, AFullTableEndsWhatWasFoundPastItsTime) {
  constexpr uint32_t kMost = 8;
  ConnectionTable table(kMost, kKey);
  for (uint32_t i = 0; i < kMost; ++i) add(table, i, 0, kSecond)->status |= kStatusAssured;
  for (uint32_t packet = 0; packet < kMost; ++packet) table.sweep(2 * kSecond, 1);
  ASSERT_EQ(table.size(), kMost) << "found, not ended";
  for (uint32_t i = 0; i < kMost; ++i) EXPECT_NE(add(table, 100 + i, 2 * kSecond), nullptr) << i;
  table.reclaim();
  EXPECT_EQ(table.counters.drop, 0u);
  EXPECT_EQ(table.counters.early_drop, 0u);
  EXPECT_EQ(table.size(), kMost);
}

// Between being found and being ended it may have gone another way, and its place may be another's.
TEST(ConnectionTable, EndsOnlyWhatIsStillPastItsTime) {
  ConnectionTable table(10'000, kKey);
  for (uint32_t i = 0; i < 3; ++i) add(table, i, 0, kSecond);
  Direction direction = Direction::Original;
  Connection* const first = table.find(udp_tuple(0), 0, direction);
  ASSERT_NE(first, nullptr);
  table.sweep(2 * kSecond, 1);
  table.kill(*first);
  table.reclaim();
  Connection* const next = add(table, 3, 2 * kSecond, 9 * kSecond);
  ASSERT_EQ(next, first) << "it was to take the other's place";
  for (int packet = 0; packet < 20; ++packet) table.sweep(2 * kSecond, 1);
  table.reclaim();
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(udp_tuple(3), 2 * kSecond, direction), next);
}

// As many tuples as may share a bucket of the smallest table, whose bucket is the low eight bits of the hash.
TEST(ConnectionTable, RefusesABucketThatIsTooFull) {
  constexpr uint32_t kBucketMask = 255;
  ConnectionTable table(100'000, kKey);
  const uint32_t bucket = table.hash_of(udp_tuple(0)) & kBucketMask;
  std::vector<Connection*> kept;
  for (uint32_t i = 0; table.counters.chain_too_long == 0; ++i) {
    ASSERT_LT(i, 100'000u);
    if ((table.hash_of(udp_tuple(i)) & kBucketMask) != bucket) continue;
    if (Connection* connection = add(table, i, 0)) kept.push_back(connection);
  }
  EXPECT_LE(kept.size(), 64u);
  EXPECT_GE(kept.size(), 32u);
  Direction direction = Direction::Original;
  for (Connection* connection : kept) {
    EXPECT_EQ(table.find(connection->tuple(Direction::Original), 0, direction), connection);
    table.kill(*connection);
  }
  table.reclaim();
  EXPECT_EQ(table.size(), 0u);
}

TEST(ConnectionTable, AMasterStaysInMemoryAsLongAsItsConnections) {
  ConnectionTable table(100, kKey);
  Connection* master = add(table, 1, 0);
  Connection* child = add(table, 2, 0);
  table.set_master(*child, *master);
  master->mark = 7;
  table.kill(*master);
  table.reclaim();
  // Its place is not given to others.
  for (uint32_t i = 3; i < 10; ++i) EXPECT_NE(add(table, i, 0), master);
  EXPECT_EQ(child->master->mark, 7u);
  table.kill(*child);
  table.reclaim();
  table.reclaim();
  bool again = false;
  for (uint32_t i = 10; i < 20; ++i) again |= add(table, i, 0) == master;
  EXPECT_TRUE(again);
}

struct ZoneCase {
  Zone of_connection;
  Zone of_packet;
  bool found_by_original;
  bool found_by_reply;
};
constexpr ZoneCase kZoneCases[] = {
    {{0, 0}, {0, 0}, true, true},   {{5, 5}, {5, 5}, true, true},  {{5, 5}, {0, 0}, false, false},
    {{5, 0}, {5, 0}, true, true},   {{5, 0}, {0, 0}, false, true}, {{0, 5}, {0, 0}, true, false},
    {{0, 5}, {0, 5}, true, true},   {{5, 0}, {5, 5}, true, false}, {{5, 5}, {5, 0}, true, false},
    {{5, 5}, {6, 6}, false, false}, {{0, 0}, {5, 0}, false, true}, {{0, 0}, {0, 5}, true, false},
};

TEST(ConnectionTable, AZoneMayCountInOneDirectionOnly) {
  for (const ZoneCase& test : kZoneCases) {
    ConnectionTable table(100, kKey);
    Tuple original = udp_tuple(1);
    Tuple reply = *inverted(original);
    original.zone = test.of_connection.original;
    reply.zone = test.of_connection.reply;
    Connection* connection = table.create(original, reply, 0);
    connection->deadline = kSecond;
    ASSERT_TRUE(table.confirm(*connection, 0));
    Direction direction = Direction::Original;
    EXPECT_EQ(table.find(original, test.of_packet, 0, direction) != nullptr, test.found_by_original)
        << test.of_connection.original << "/" << test.of_connection.reply << " asked in " << test.of_packet.original
        << "/" << test.of_packet.reply;
    EXPECT_EQ(table.find(reply, test.of_packet, 0, direction) != nullptr, test.found_by_reply)
        << test.of_connection.original << "/" << test.of_connection.reply << " asked in " << test.of_packet.original
        << "/" << test.of_packet.reply;
  }
}

}  // namespace
}  // namespace sallyport
