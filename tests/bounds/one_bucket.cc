// Tuples that all belong into one bucket, as one could find them who knew the seed: the bucket takes so many and no
// more, and whoever stands in another bucket is none the slower.

#include <fmt/format.h>

#include <vector>

#include "bounds/bounds.h"
#include "conntrack/connection_table.h"
#include "conntrack/tuple.h"

namespace sallyport::bounds {
namespace {

constexpr SipHashKey kKey = {1, 2};
// The smallest table's buckets are told apart by so many bits of the hash.
constexpr uint32_t kBucketMask = 255;
constexpr uint32_t kOthers = 600;
constexpr uint64_t kChainBound = 64;

Tuple udp_tuple(uint32_t source, uint16_t port) {
  Tuple tuple;
  tuple.protocol = kUdp;
  store_be32(tuple.source.data(), source);
  store_be32(tuple.destination.data(), 0xc0000201u);
  tuple.source_id = port;
  tuple.destination_id = 53;
  return tuple;
}

Connection* add(ConnectionTable& table, const Tuple& tuple) {
  Connection* connection = table.create(tuple, *inverted(tuple), 0);
  if (connection == nullptr) return nullptr;
  connection->deadline = kSecond;
  const bool known = table.confirm(*connection, 0);
  if (!known) table.reclaim();
  return known ? connection : nullptr;
}

// How many entries stand in the others' buckets, all together: what their look-ups have to pass.
uint64_t steps_of_others(const ConnectionTable& table, uint32_t attacked) {
  uint64_t steps = 0;
  for (uint32_t i = 0; i < kOthers; ++i) {
    const uint32_t hash = table.hash_of(udp_tuple(0x0a000000 + i, 1000));
    if ((hash & kBucketMask) != attacked) steps += table.chain_length(hash);
  }
  return steps;
}

}  // namespace

bool one_bucket(uint64_t tuples) {
  ConnectionTable table(1'000'000, kKey);
  for (uint32_t i = 0; i < kOthers; ++i) add(table, udp_tuple(0x0a000000 + i, 1000));
  const uint32_t attacked = table.hash_of(udp_tuple(0x0b000000, 0)) & kBucketMask;
  const uint64_t before = steps_of_others(table, attacked);
  uint64_t tried = 0, kept = 0;
  for (uint32_t i = 0; tried < tuples; ++i) {
    const Tuple tuple = udp_tuple(0x0b000000 + i / 65536, static_cast<uint16_t>(i % 65536));
    if ((table.hash_of(tuple) & kBucketMask) != attacked) continue;
    ++tried;
    kept += add(table, tuple) != nullptr;
  }
  const uint64_t after = steps_of_others(table, attacked);
  Direction direction = Direction::Original;
  uint64_t found = 0;
  for (uint32_t i = 0; i < kOthers; ++i) {
    found += table.find(udp_tuple(0x0a000000 + i, 1000), 0, direction) != nullptr;
  }
  fmt::print("{} tuples into one bucket: {} kept, {} refused; entries that {} others pass: {} before, {} after\n",
             tried, kept, table.counters.chain_too_long, kOthers, before, after);
  return expect(kept <= kChainBound, "a bucket takes 64 entries at most") &
         expect(table.counters.chain_too_long == tried - kept, "every other one is counted") &
         expect(found == kOthers, "the others are found") &
         expect(after <= 2 * before, "the others' look-ups pass no more than twice as many entries");
}

}  // namespace sallyport::bounds
