// The table of connections. Counterpart of the hash table in net/netfilter/nf_conntrack_core.c.

#include "conntrack/connection_table.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sallyport {
namespace {

// A bucket with more entries than this refuses newcomers. The kernel's bound lies between 64 and 191, drawn anew from
// time to time.
constexpr uint32_t kLongestChain = 64;
// How many buckets a full table searches for an entry to drop.
constexpr uint32_t kEarlyDropBuckets = 8;

bool gone(const Connection& connection, Timestamp now) {
  return connection.deadline <= now || (connection.status & kStatusDying) != 0;
}

Direction direction_of(uint32_t reference) { return (reference & 1) != 0 ? Direction::Reply : Direction::Original; }
uint32_t reference_to(const Connection& connection, Direction direction) {
  return connection.number * 2 + static_cast<uint32_t>(index(direction));
}

PackedTuple<4> packed4(const Tuple& tuple) {
  PackedTuple<4> packed = {.source_id = tuple.source_id,
                           .destination_id = tuple.destination_id,
                           .protocol = tuple.protocol,
                           .family = Family::Ipv4,
                           .zone = tuple.zone};
  std::memcpy(packed.source.data(), tuple.source.data(), 4);
  std::memcpy(packed.destination.data(), tuple.destination.data(), 4);
  return packed;
}

void store_tuple(Connection& connection, Direction direction, const Tuple& tuple) {
  if (connection.family == Family::Ipv4) {
    static_cast<Ipv4Connection&>(connection).tuples[index(direction)] = packed4(tuple);
  } else {
    static_cast<Ipv6Connection&>(connection).tuples[index(direction)] = tuple;
  }
}

template <class T>
uint32_t hash_bytes(const T& tuple, const SipHashKey& key) {
  return static_cast<uint32_t>(siphash13<sizeof(T)>(reinterpret_cast<const uint8_t*>(&tuple), key));
}

}  // namespace

uint32_t ConnectionTable::hash_of(const Tuple& tuple) const {
  if (tuple.family == Family::Ipv4) return hash_bytes(packed4(tuple), key_);
  return hash_bytes(static_cast<const PackedTuple<16>&>(tuple), key_);
}

uint32_t ConnectionTable::lookup(const Tuple& tuple, uint32_t hash, Timestamp now, const Connection* except) const {
  const auto matches = [&](uint32_t reference, const auto& wanted) {
    const Connection& connection = store_.at(reference / 2);
    if (connection.family != tuple.family) return false;
    using Kept = ConnectionOf<sizeof(wanted.source)>;
    return static_cast<const Kept&>(connection).tuples[reference & 1] == wanted && !gone(connection, now) &&
           &connection != except;
  };
  if (tuple.family == Family::Ipv4) {
    const PackedTuple<4> packed = packed4(tuple);
    return index_.find(hash, [&](uint32_t reference) { return matches(reference, packed); });
  }
  const PackedTuple<16>& packed = tuple;
  return index_.find(hash, [&](uint32_t reference) { return matches(reference, packed); });
}

Connection* ConnectionTable::find(const Tuple& tuple, uint32_t hash, Timestamp now, Direction& direction) {
  const uint32_t reference = lookup(tuple, hash, now, nullptr);
  if (reference == TupleIndex::kNone) return nullptr;
  direction = direction_of(reference);
  ++counters.found;
  return &store_.at(reference / 2);
}

// Where the zone counts in one direction only, the two directions' tuples stand under different zones.
Connection* ConnectionTable::find(Tuple tuple, Zone zone, Timestamp now, Direction& direction) {
  tuple.zone = zone.original;
  Connection* found = find(tuple, now, direction);
  if (zone.original == zone.reply || (found != nullptr && direction == Direction::Original)) return found;
  tuple.zone = zone.reply;
  found = find(tuple, now, direction);
  return found != nullptr && direction == Direction::Reply ? found : nullptr;
}

bool ConnectionTable::taken(const Tuple& tuple, Timestamp now, const Connection* except) {
  return lookup(tuple, hash_of(tuple), now, except) != TupleIndex::kNone;
}

Connection* ConnectionTable::create(const Tuple& original, const Tuple& reply, Timestamp now) {
  if (size_ + unconfirmed_.size() >= most_ && !early_drop(hash_of(original), now)) {
    ++counters.drop;
    return nullptr;
  }
  Connection* connection = store_.take(original.family);
  connection->protocol = original.protocol;
  connection->sequence = next_sequence_++;
  store_tuple(*connection, Direction::Original, original);
  store_tuple(*connection, Direction::Reply, reply);
  unconfirmed_.push_back(connection);
  return connection;
}

void ConnectionTable::set_reply(Connection& connection, const Tuple& reply) {
  assert(!connection.has(kStatusConfirmed));
  store_tuple(connection, Direction::Reply, reply);
}

bool ConnectionTable::confirm(Connection& connection, Timestamp now) {
  uint32_t hashes[2];
  for (const Direction direction : {Direction::Original, Direction::Reply}) {
    const Tuple tuple = connection.tuple(direction);
    const uint32_t hash = hashes[index(direction)] = hash_of(tuple);
    if (lookup(tuple, hash, now, nullptr) != TupleIndex::kNone) {
      ++counters.insert_failed;
      return false;
    }
    if (index_.chain_length(hash) >= kLongestChain) {
      ++counters.chain_too_long;
      return false;
    }
  }
  for (const Direction direction : {Direction::Original, Direction::Reply}) {
    index_.insert(hashes[index(direction)], reference_to(connection, direction));
  }
  connection.status |= kStatusConfirmed;
  std::erase(unconfirmed_, &connection);
  ++size_;
  ++counters.insert;
  return true;
}

void ConnectionTable::kill(Connection& connection) {
  if (connection.has(kStatusDying)) return;
  connection.status |= kStatusDying;
  if (!connection.has(kStatusConfirmed)) return;
  for (const Direction direction : {Direction::Original, Direction::Reply}) {
    index_.erase(hash_of(connection.tuple(direction)), reference_to(connection, direction));
  }
  dead_.push_back(&connection);
  --size_;
}

void ConnectionTable::set_master(Connection& child, Connection& master) {
  child.master = &master;
  ++master.dependents;
}

// Looks from the newcomer's bucket on for an entry that is not assured, as the kernel does.
bool ConnectionTable::early_drop(uint32_t hash, Timestamp now) {
  for (uint32_t step = 0; step < kEarlyDropBuckets; ++step) {
    Connection* victim = nullptr;
    index_.visit(hash, step, [&](uint32_t reference) {
      Connection& connection = store_.at(reference / 2);
      if (connection.has(kStatusAssured) && !gone(connection, now)) return false;
      victim = &connection;
      return true;
    });
    if (victim == nullptr) continue;
    kill(*victim);
    ++counters.early_drop;
    return true;
  }
  return false;
}

void ConnectionTable::sweep(Timestamp now, uint32_t steps) {
  for (; steps != 0; --steps) {
    sweep_at_ = store_.next(sweep_at_);
    if (sweep_at_ == 0) return;  // the next call begins anew
    Connection& connection = store_.at(sweep_at_);
    if ((connection.status & kStatusConfirmed) != 0 && connection.deadline <= now) kill(connection);
  }
}

void ConnectionTable::free(Connection& connection) {
  for (ConnectionListener* listener : listeners_) listener->ended(connection);
  if (connection.master != nullptr) release(*connection.master);
  store_.give_back(connection);
}

void ConnectionTable::release(Connection& connection) {
  if (--connection.dependents == 0 && std::erase(survived_, &connection) != 0) dead_.push_back(&connection);
}

void ConnectionTable::free_dead() {
  std::erase_if(unconfirmed_, [&](Connection* connection) {
    if (connection->dependents != 0) return false;
    free(*connection);
    return true;
  });
  while (!dead_.empty()) {
    Connection* connection = dead_.back();
    dead_.pop_back();
    if (connection->dependents != 0) {
      survived_.push_back(connection);
    } else {
      free(*connection);
    }
  }
}

std::vector<const Connection*> ConnectionTable::list(Timestamp now) const {
  std::vector<const Connection*> found;
  for (uint32_t number = store_.next(0); number != 0; number = store_.next(number)) {
    const Connection& connection = store_.at(number);
    if (connection.has(kStatusConfirmed) && !gone(connection, now)) found.push_back(&connection);
  }
  std::ranges::sort(found, {}, &Connection::sequence);
  return found;
}

}  // namespace sallyport
