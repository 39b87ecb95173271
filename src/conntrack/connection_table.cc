// The table of connections. Counterpart of the hash table in net/netfilter/nf_conntrack_core.c.

#include "conntrack/connection_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

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

// One that was killed already does not run out.
bool ran_out(const Connection& connection, Timestamp now) {
  return (connection.status & (kStatusConfirmed | kStatusDying)) == kStatusConfirmed && connection.deadline <= now;
}

template <size_t N>
ConnectionOf<N>& with_tuples(Connection& connection) {
  return static_cast<ConnectionOf<N>&>(connection);
}

}  // namespace

uint32_t ConnectionTable::hash_of(const Tuple& tuple) const {
  return tuple.family == Family::Ipv4 ? hash_of(words_of<4>(tuple)) : hash_of(words_of<16>(tuple));
}

Connection* ConnectionTable::find(const Tuple& tuple, Timestamp now, Direction& direction) {
  return tuple.family == Family::Ipv4 ? find(words_of<4>(tuple), now, direction)
                                      : find(words_of<16>(tuple), now, direction);
}

Connection* ConnectionTable::find(const Tuple& tuple, Zone zone, Timestamp now, Direction& direction) {
  return tuple.family == Family::Ipv4 ? find(words_of<4>(tuple), zone, now, direction)
                                      : find(words_of<16>(tuple), zone, now, direction);
}

// Where the zone counts in one direction only, the two directions' tuples stand under different zones.
template <size_t N>
Connection* ConnectionTable::find(TupleWords<N> tuple, Zone zone, Timestamp now, Direction& direction) {
  Connection* by_original = find(in_zone(tuple, zone.original), now, direction);
  if (zone.original == zone.reply || (by_original != nullptr && direction == Direction::Original)) return by_original;
  Connection* by_reply = find(in_zone(tuple, zone.reply), now, direction);
  return by_reply != nullptr && direction == Direction::Reply ? by_reply : nullptr;
}
template Connection* ConnectionTable::find(TupleWords<4>, Zone, Timestamp, Direction&);
template Connection* ConnectionTable::find(TupleWords<16>, Zone, Timestamp, Direction&);

const Connection* ConnectionTable::peek(Tuple tuple, Zone zone, Timestamp now) const {
  const auto reference = [&](uint16_t in) {
    tuple.zone = in;
    const uint32_t hash = hash_of(tuple);
    return tuple.family == Family::Ipv4 ? lookup(words_of<4>(tuple), hash, now, nullptr)
                                        : lookup(words_of<16>(tuple), hash, now, nullptr);
  };
  const auto direction_of = [](uint32_t found) { return static_cast<Direction>(found & 1); };
  const uint32_t original = reference(zone.original);
  if (original != kNone && (zone.original == zone.reply || direction_of(original) == Direction::Original)) {
    return &store_.at(original / 2);
  }
  const uint32_t reply = zone.original == zone.reply ? kNone : reference(zone.reply);
  return reply != kNone && direction_of(reply) == Direction::Reply ? &store_.at(reply / 2) : nullptr;
}

bool ConnectionTable::taken(const Tuple& tuple, Timestamp now, const Connection* except) {
  const uint32_t hash = hash_of(tuple);
  const uint32_t found = tuple.family == Family::Ipv4 ? lookup(words_of<4>(tuple), hash, now, except)
                                                      : lookup(words_of<16>(tuple), hash, now, except);
  if (found == kNone) return false;
  return except == nullptr || store_.at(found / 2).tuple(Direction::Original) != except->tuple(Direction::Original);
}

Connection* ConnectionTable::create(const Tuple& original, const Tuple& reply, Timestamp now) {
  return original.family == Family::Ipv4 ? create(words_of<4>(original), words_of<4>(reply), now)
                                         : create(words_of<16>(original), words_of<16>(reply), now);
}

template <size_t N>
Connection* ConnectionTable::create(const TupleWords<N>& original, const TupleWords<N>& reply, Timestamp now) {
  if (size_ + unconfirmed_.size() >= most_ && !end_due(now) && !early_drop(hash_of(original), now)) {
    ++counters.drop;
    return nullptr;
  }
  Connection* connection = store_.take(family_of_size(N));
  connection->protocol = protocol_of(original);
  connection->sequence = next_sequence_++;
  with_tuples<N>(*connection).tuples = std::bit_cast<std::array<PackedTuple<N>, 2>>(std::array{original, reply});
  unconfirmed_.push_back(connection);
  return connection;
}
template Connection* ConnectionTable::create(const TupleWords<4>&, const TupleWords<4>&, Timestamp);
template Connection* ConnectionTable::create(const TupleWords<16>&, const TupleWords<16>&, Timestamp);

void ConnectionTable::set_reply(Connection& connection, const Tuple& reply) {
  assert(!connection.has(kStatusConfirmed));
  const auto set = [&]<size_t N>(ConnectionOf<N>& kept) {
    kept.tuples[1] = std::bit_cast<PackedTuple<N>>(words_of<N>(reply));
  };
  connection.family == Family::Ipv4 ? set(with_tuples<4>(connection)) : set(with_tuples<16>(connection));
}

template <size_t N>
std::array<uint32_t, 2> ConnectionTable::hashes_of(const ConnectionOf<N>& connection) const {
  const TupleWords<N> original = words_of(connection.tuples[0]), reply = words_of(connection.tuples[1]);
  const uint32_t hash = hash_of(original);
  return {hash, reply == turned_round(original) ? hash : hash_of(reply)};
}

std::array<uint32_t, 2> ConnectionTable::hashes_of(const Connection& connection) const {
  return connection.family == Family::Ipv4 ? hashes_of(static_cast<const Ipv4Connection&>(connection))
                                           : hashes_of(static_cast<const Ipv6Connection&>(connection));
}

template <size_t N>
bool ConnectionTable::confirm_in(Connection& connection, Timestamp now) {
  const ConnectionOf<N>& kept = with_tuples<N>(connection);
  const std::array<uint32_t, 2> hashes = hashes_of(kept);
  for (size_t i = 0; i < 2; ++i) {
    if (lookup(words_of(kept.tuples[i]), hashes[i], now, nullptr) != kNone) {
      ++counters.insert_failed;
      return false;
    }
    if (index_.chain_length(hashes[i]) >= kLongestChain) {
      ++counters.chain_too_long;
      return false;
    }
  }
  index_.insert(hashes[0], connection.number);
  if (hashes[1] != hashes[0]) index_.insert(hashes[1], connection.number);
  return true;
}

bool ConnectionTable::confirm(Connection& connection, Timestamp now) {
  if (!(connection.family == Family::Ipv4 ? confirm_in<4>(connection, now) : confirm_in<16>(connection, now))) {
    return false;
  }
  connection.status |= kStatusConfirmed;
  std::erase(unconfirmed_, &connection);
  ++size_;
  ++counters.insert;
  return true;
}

Connection* ConnectionTable::holder(const Connection& connection, Direction direction, Timestamp now) {
  const Tuple tuple = connection.tuple(direction);
  const uint32_t hash = hash_of(tuple);
  const uint32_t found = tuple.family == Family::Ipv4 ? lookup(words_of<4>(tuple), hash, now, nullptr)
                                                      : lookup(words_of<16>(tuple), hash, now, nullptr);
  return found == kNone ? nullptr : &store_.at(found / 2);
}

void ConnectionTable::confirm_reply(Connection& connection, Timestamp deadline) {
  index_.insert(hashes_of(connection)[1], connection.number);
  connection.deadline = deadline;
  connection.status |= kStatusConfirmed | kStatusFixedTimeout | kStatusNatClash;
  std::erase(unconfirmed_, &connection);
  ++size_;
}

void ConnectionTable::kill(Connection& connection) {
  if (connection.has(kStatusDying)) return;
  connection.status |= kStatusDying;
  if (!connection.has(kStatusConfirmed)) return;
  const std::array<uint32_t, 2> hashes = hashes_of(connection);
  if (!connection.has(kStatusNatClash)) index_.erase(hashes[0], connection.number);
  if (hashes[1] != hashes[0]) index_.erase(hashes[1], connection.number);
  dead_.push_back(&connection);
  --size_;
  for (ConnectionListener* listener : listeners_) listener->killed(connection);
}

void ConnectionTable::set_master(Connection& child, Connection& master) {
  child.master = &master;
  ++master.dependents;
}

// Looks from the newcomer's bucket on for an entry that is not assured, as the kernel does.
bool ConnectionTable::early_drop(uint32_t hash, Timestamp now) {
  for (uint32_t step = 0; step < kEarlyDropBuckets; ++step) {
    Connection* victim = nullptr;
    index_.visit(hash, step, [&](uint32_t number) {
      Connection& connection = store_.at(number);
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

void ConnectionTable::sweep(Timestamp now, uint32_t packets) {
  uint32_t ends = std::max(packets, 1u);
  for (uint32_t looks = packets + 1; looks != 0 && ends != 0; --looks) {
    sweep_at_ = store_.next(sweep_at_);
    if (sweep_at_ == 0) break;  // the next call begins anew
    if (!ran_out(store_.at(sweep_at_), now)) continue;
    store_.prefetch_whole(sweep_at_);
    make_due(sweep_at_, now);
    --ends;
  }
  // No more were found than may be ended: those of before go on.
  if (ends != 0) make_due(0, now);
}

// `number` becomes due in the place of the longest due, which ends.
void ConnectionTable::make_due(uint32_t number, Timestamp now) {
  uint32_t& place = due_[due_at_ % due_.size()];
  if (Connection* const connection = still_due(place, now)) kill(*connection);
  place = number;
  if (const Connection* const connection = still_due(due_[(due_at_ + due_.size() / 2) % due_.size()], now)) {
    for (const uint32_t hash : hashes_of(*connection)) index_.prefetch(hash);
  }
  ++due_at_;
}

// What was found past its deadline makes room before anything else has to. False: nothing did.
bool ConnectionTable::end_due(Timestamp now) {
  bool ended = false;
  for (uint32_t& number : due_) {
    if (Connection* const connection = still_due(std::exchange(number, 0), now)) {
      kill(*connection);
      ended = true;
    }
  }
  return ended;
}

// Another may live there by now, or the same one a while longer.
Connection* ConnectionTable::still_due(uint32_t number, Timestamp now) const {
  if (number == 0) return nullptr;
  Connection& connection = store_.at(number);
  return ran_out(connection, now) ? &connection : nullptr;
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
    const bool shown = (connection.status & (kStatusConfirmed | kStatusNatClash)) == kStatusConfirmed;
    if (shown && !gone(connection, now)) found.push_back(&connection);
  }
  std::ranges::sort(found, {}, &Connection::sequence);
  return found;
}

}  // namespace sallyport
