// The table of connections. Counterpart of the hash table in net/netfilter/nf_conntrack_core.c.

#include "conntrack/connection_table.h"

#include <algorithm>
#include <utility>

namespace sallyport {
namespace {

// A chain longer than this refuses newcomers. The kernel's bound lies between 64 and 191, drawn anew from time to time.
constexpr size_t kLongestChain = 64;
// How many buckets a full table searches for an entry to drop.
constexpr uint64_t kEarlyDropBuckets = 8;
// How many buckets each reclaim looks through for entries past their time.
constexpr uint64_t kSweptBuckets = 2;
constexpr size_t kSlab = 256;

bool gone(const Connection& connection, Timestamp now) {
  return connection.deadline <= now || (connection.status & kStatusDying) != 0;
}

Direction direction_of(const TupleEntry& entry) {
  return &entry == entry.connection->entries.data() ? Direction::Original : Direction::Reply;
}

}  // namespace

ConnectionTable::ConnectionTable(uint64_t most, const SipHashKey& key) : most_(most), key_(key) {
  segments_.push_back(std::make_unique<Bucket[]>(kSegment));
}

ConnectionTable::~ConnectionTable() = default;

uint64_t ConnectionTable::hash_of(const Tuple& tuple) const {
  return siphash({reinterpret_cast<const uint8_t*>(&tuple), sizeof tuple}, key_);
}

uint64_t ConnectionTable::bucket_number(uint64_t hash) const {
  const uint64_t number = hash & (level_ - 1);
  return number < split_ ? hash & (2 * level_ - 1) : number;
}

Connection* ConnectionTable::find(const Tuple& tuple, Timestamp now, Direction& direction) {
  const uint64_t hash = hash_of(tuple);
  for (TupleEntry* entry = bucket_at(bucket_number(hash)); entry != nullptr; entry = entry->next) {
    if (entry->hash != hash || !(entry->tuple == tuple) || gone(*entry->connection, now)) continue;
    direction = direction_of(*entry);
    ++counters.found;
    return entry->connection;
  }
  return nullptr;
}

Connection* ConnectionTable::take_free() {
  if (free_.empty()) {
    slabs_.push_back(std::make_unique<Connection[]>(kSlab));
    for (size_t i = kSlab; i-- > 0;) free_.push_back(&slabs_.back()[i]);
  }
  Connection* connection = free_.back();
  free_.pop_back();
  *connection = {};
  return connection;
}

Connection* ConnectionTable::create(const Tuple& original, const Tuple& reply, Timestamp now) {
  if (size_ + unconfirmed_.size() >= most_ && !early_drop(hash_of(original), now)) {
    ++counters.drop;
    return nullptr;
  }
  Connection* connection = take_free();
  connection->entries[0] = {.tuple = original, .hash = hash_of(original), .connection = connection};
  connection->entries[1] = {.tuple = reply, .hash = hash_of(reply), .connection = connection};
  connection->sequence = next_sequence_++;
  unconfirmed_.push_back(connection);
  return connection;
}

bool ConnectionTable::taken(const TupleEntry& entry, Timestamp now, size_t& length) {
  length = 0;
  for (const TupleEntry* other = bucket_at(bucket_number(entry.hash)); other != nullptr; other = other->next) {
    ++length;
    if (other->hash == entry.hash && other->tuple == entry.tuple && !gone(*other->connection, now)) return true;
  }
  return false;
}

bool ConnectionTable::confirm(Connection& connection, Timestamp now) {
  for (TupleEntry& entry : connection.entries) {
    // The reply's hash is taken anew: NAT may have changed the tuple.
    entry.hash = hash_of(entry.tuple);
    size_t length = 0;
    if (taken(entry, now, length)) {
      ++counters.insert_failed;
      return false;
    }
    if (length >= kLongestChain) {
      ++counters.chain_too_long;
      return false;
    }
  }
  for (TupleEntry& entry : connection.entries) link(entry);
  connection.status |= kStatusConfirmed;
  std::erase(unconfirmed_, &connection);
  ++size_;
  ++counters.insert;
  split_one();
  return true;
}

void ConnectionTable::link(TupleEntry& entry) {
  Bucket& bucket = bucket_at(bucket_number(entry.hash));
  entry.next = bucket;
  bucket = &entry;
}

void ConnectionTable::unlink(TupleEntry& entry) {
  for (TupleEntry** at = &bucket_at(bucket_number(entry.hash)); *at != nullptr; at = &(*at)->next) {
    if (*at != &entry) continue;
    *at = entry.next;
    return;
  }
}

// One more bucket for each connection keeps two entries per bucket at most on average.
void ConnectionTable::split_one() {
  if (size_ < level_ + split_) return;
  const uint64_t added = level_ + split_;
  if (added / kSegment == segments_.size()) segments_.push_back(std::make_unique<Bucket[]>(kSegment));
  TupleEntry* chain = std::exchange(bucket_at(split_), nullptr);
  if (++split_ == level_) {
    level_ *= 2;
    split_ = 0;
  }
  while (chain != nullptr) {
    TupleEntry* entry = std::exchange(chain, chain->next);
    link(*entry);
  }
}

void ConnectionTable::kill(Connection& connection) {
  if (connection.has(kStatusDying)) return;
  connection.status |= kStatusDying;
  if (!connection.has(kStatusConfirmed)) return;
  for (TupleEntry& entry : connection.entries) unlink(entry);
  dead_.push_back(&connection);
  --size_;
}

// Looks from the newcomer's bucket on for an entry that is not assured, as the kernel does.
bool ConnectionTable::early_drop(uint64_t hash, Timestamp now) {
  const uint64_t buckets = level_ + split_;
  const uint64_t first = bucket_number(hash);
  for (uint64_t i = 0; i < kEarlyDropBuckets; ++i) {
    for (TupleEntry* entry = bucket_at((first + i) % buckets); entry != nullptr; entry = entry->next) {
      Connection& connection = *entry->connection;
      if (connection.has(kStatusAssured) && !gone(connection, now)) continue;
      kill(connection);
      ++counters.early_drop;
      return true;
    }
  }
  return false;
}

void ConnectionTable::sweep(Timestamp now) {
  const uint64_t buckets = level_ + split_;
  for (uint64_t i = 0; i < kSweptBuckets; ++i) {
    sweep_at_ = (sweep_at_ + 1) % buckets;
    for (TupleEntry* entry = bucket_at(sweep_at_); entry != nullptr;) {
      Connection& connection = *entry->connection;
      entry = entry->next;
      if (!gone(connection, now)) continue;
      // Both entries may stand in this chain: begin again after the unlinking.
      kill(connection);
      entry = bucket_at(sweep_at_);
    }
  }
}

void ConnectionTable::reclaim(Timestamp now) {
  sweep(now);
  free_.insert(free_.end(), dead_.begin(), dead_.end());
  free_.insert(free_.end(), unconfirmed_.begin(), unconfirmed_.end());
  dead_.clear();
  unconfirmed_.clear();
}

std::vector<const Connection*> ConnectionTable::list(Timestamp now) const {
  std::vector<const Connection*> found;
  for (uint64_t i = 0; i < level_ + split_; ++i) {
    for (const TupleEntry* entry = segments_[i / kSegment][i % kSegment]; entry != nullptr; entry = entry->next) {
      if (direction_of(*entry) == Direction::Original && !gone(*entry->connection, now))
        found.push_back(entry->connection);
    }
  }
  std::ranges::sort(found, {}, &Connection::sequence);
  return found;
}

}  // namespace sallyport
