// The connections, found by the tuple of either direction.
//
// A connection is created unconfirmed: nobody finds it. Confirmed, it stands in the index twice, once per direction.
// Killed, or past its deadline, it is found no more; its memory stays until `reclaim`, because the packet that killed
// it may still be on its way, and as long as something depends on it: a connection whose master it is, a packet that
// waits in a queue. What ran out is found by a sweep through all numbers, a few with each packet.
//
// `sequence` counts creations, `number` says where a connection lies; a reference in the index is number*2+direction.
#pragma once

#include <cstdint>
#include <vector>

#include "conntrack/connection_store.h"
#include "conntrack/tuple_index.h"
#include "sallyport/connection.h"
#include "sallyport/connection_counters.h"
#include "wire/siphash.h"

namespace sallyport {

// Told when a connection is gone from the table, before its memory is used again (NAT, expectations, events).
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void ended(Connection& connection) = 0;
};

// Bounded by `most`. One thread.
class ConnectionTable {
 public:
  ConnectionTable(uint64_t most, const SipHashKey& key) : most_(most), key_(key) {}
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  uint32_t hash_of(const Tuple& tuple) const;
  // The live connection that has this tuple, and which direction the tuple is of it. Null: none.
  Connection* find(const Tuple& tuple, Timestamp now, Direction& direction) {
    return find(tuple, hash_of(tuple), now, direction);
  }
  Connection* find(const Tuple& tuple, uint32_t hash, Timestamp now, Direction& direction);
  // The same in a zone that need not count in both directions; the tuple's own zone does not matter.
  Connection* find(Tuple tuple, Zone zone, Timestamp now, Direction& direction);
  // Whether a live connection other than `except` has this tuple.
  bool taken(const Tuple& tuple, Timestamp now, const Connection* except = nullptr);

  // A new unconfirmed connection; makes room by dropping one that is not assured. Null: the table is full.
  Connection* create(const Tuple& original, const Tuple& reply, Timestamp now);
  // NAT only, while unconfirmed: the tuple that answers will have.
  void set_reply(Connection& connection, const Tuple& reply);
  // Makes it known. False: its tuples are taken, or too many share a bucket; it stays unconfirmed.
  bool confirm(Connection& connection, Timestamp now);
  void kill(Connection& connection);
  // `child` was expected by `master`.
  void set_master(Connection& child, Connection& master);
  // One dependent less of a connection, which may have been the last thing that kept its memory.
  void release(Connection& connection);
  ConnectionExtra& extra(Connection& connection) { return store_.extra(connection); }
  Connection& at(uint32_t number) const { return store_.at(number); }

  // Frees what was killed or never confirmed. Only when no packet is on its way.
  void reclaim() {
    if (!dead_.empty() || !unconfirmed_.empty()) [[unlikely]]
      free_dead();
  }
  // Ends some of those past their deadline: looks at `steps` of them, in turn.
  void sweep(Timestamp now, uint32_t steps);

  // Look-ahead, in three steps that are best taken for a whole burst each; hints only.
  SALLYPORT_PREFETCHES void prefetch_bucket(uint32_t hash) const { index_.prefetch(hash); }
  SALLYPORT_PREFETCHES void prefetch_connection(uint32_t hash) const {
    if (const uint32_t reference = index_.peek(hash); reference != TupleIndex::kNone) store_.prefetch(reference / 2);
  }

  // Live connections, oldest first.
  std::vector<const Connection*> list(Timestamp now) const;
  uint64_t size() const { return size_; }
  uint64_t most() const { return most_; }
  void listen(ConnectionListener& listener) { listeners_.push_back(&listener); }
  ConnectionCounters counters;

 private:
  uint32_t lookup(const Tuple& tuple, uint32_t hash, Timestamp now, const Connection* except) const;
  bool early_drop(uint32_t hash, Timestamp now);
  void free_dead();
  void free(Connection& connection);

  uint64_t most_;
  SipHashKey key_;
  ConnectionStore store_;
  TupleIndex index_;
  uint64_t size_ = 0;
  uint64_t next_sequence_ = 0;
  uint32_t sweep_at_ = 0;
  std::vector<Connection*> unconfirmed_;
  std::vector<Connection*> dead_;      // killed, to be freed
  std::vector<Connection*> survived_;  // killed, but with dependents
  std::vector<ConnectionListener*> listeners_;
};

}  // namespace sallyport
