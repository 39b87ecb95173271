// The connections, found by the tuple of either direction.
//
// A connection is created unconfirmed: it is in no chain and nobody finds it. Confirmed, it stands in two chains, one
// per direction. Killed, or past its deadline, it is found no more; its memory stays until `reclaim`, because the
// packet that killed it may still be on its way. Buckets are split one at a time as the table grows (linear hashing),
// so that no insertion pays for a whole rehash.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sallyport/connection.h"
#include "wire/siphash.h"

namespace sallyport {

struct ConnectionTableCounters {
  uint64_t found = 0, invalid = 0, insert = 0, insert_failed = 0, drop = 0, early_drop = 0, chain_too_long = 0;
};

// Bounded by `most`. One thread.
class ConnectionTable {
 public:
  ConnectionTable(uint64_t most, const SipHashKey& key);
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // The live connection that has this tuple, and which direction the tuple is of it. Null: none.
  Connection* find(const Tuple& tuple, Timestamp now, Direction& direction);
  // A new unconfirmed connection; makes room by dropping one that is not assured. Null: the table is full.
  Connection* create(const Tuple& original, const Tuple& reply, Timestamp now);
  // Puts it into its chains. False: its tuples are taken, or a chain is too long; it stays unconfirmed.
  bool confirm(Connection& connection, Timestamp now);
  void kill(Connection& connection);
  // Frees what was killed, ran out, or was never confirmed. Only when no packet is on its way.
  void reclaim(Timestamp now);

  // Live connections, oldest first.
  std::vector<const Connection*> list(Timestamp now) const;
  uint64_t size() const { return size_; }
  uint64_t most() const { return most_; }
  ConnectionTableCounters counters;

 private:
  static constexpr size_t kSegment = 1024;
  using Bucket = TupleEntry*;

  uint64_t hash_of(const Tuple& tuple) const;
  uint64_t bucket_number(uint64_t hash) const;
  Bucket& bucket_at(uint64_t number) { return segments_[number / kSegment][number % kSegment]; }
  // Whether another live connection holds this tuple; also says how long the chain is.
  bool taken(const TupleEntry& entry, Timestamp now, size_t& length);
  void link(TupleEntry& entry);
  void unlink(TupleEntry& entry);
  void split_one();
  Connection* take_free();
  bool early_drop(uint64_t hash, Timestamp now);
  void sweep(Timestamp now);

  uint64_t most_;
  SipHashKey key_;
  std::vector<std::unique_ptr<Bucket[]>> segments_;
  uint64_t level_ = kSegment;  // buckets at the start of this round of splits
  uint64_t split_ = 0;         // the next one to be split
  uint64_t size_ = 0;
  uint64_t next_sequence_ = 0;
  uint64_t sweep_at_ = 0;
  std::vector<Connection*> unconfirmed_;
  std::vector<Connection*> dead_;
  std::vector<Connection*> free_;
  std::vector<std::unique_ptr<Connection[]>> slabs_;
};

}  // namespace sallyport
