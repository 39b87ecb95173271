// The connections, found by the tuple of either direction.
//
// A connection is created unconfirmed: nobody finds it. Confirmed, it stands in the index under the hash of each
// direction's tuple: once where the directions are each other turned round, which then have one hash (tuple_words.h),
// twice where addresses are translated.
// Killed, or past its deadline, it is found no more; its memory stays until `reclaim`, because the packet that killed
// it may still be on its way, and as long as something depends on it: a connection whose master it is, a packet that
// waits in a queue. What ran out is found by a sweep through all numbers, two with each packet, of which one is ended
// at most: some packets behind the one that found it, so that the memory which that takes is at hand.
//
// `sequence` counts creations, `number` says where a connection lies, which is what the index keeps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "conntrack/connection_store.h"
#include "conntrack/tuple_columns.h"
#include "conntrack/tuple_index.h"
#include "conntrack/tuple_words.h"
#include "sallyport/connection.h"
#include "sallyport/connection_counters.h"
#include "wire/siphash.h"

namespace sallyport {

// Told when a connection is gone from the table, before its memory is used again (NAT, expectations, events).
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void ended(Connection& connection) = 0;
  // It is found no more, but its memory may be needed yet. May kill others.
  virtual void killed(Connection&) {}
};

// Bounded by `most`. One thread.
class ConnectionTable {
 public:
  ConnectionTable(uint64_t most, const SipHashKey& key) : most_(most), key_(key) {}
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  uint32_t hash_of(const Tuple& tuple) const;
  template <size_t N>
  uint32_t hash_of(const TupleWords<N>& tuple) const {
    return sallyport::hash_of(tuple, key_);
  }
  template <size_t N>
  void hash_all(TupleColumns<N>& columns) const {
    sallyport::hash_all(columns, key_);
  }
  // The live connection that has this tuple, and which direction the tuple is of it. Null: none.
  Connection* find(const Tuple& tuple, Timestamp now, Direction& direction);
  template <size_t N>
  Connection* find(const TupleWords<N>& tuple, Timestamp now, Direction& direction) {
    return found(lookup(tuple, hash_of(tuple), now, nullptr), direction);
  }
  // The same in a zone that need not count in both directions; the tuple's own zone does not matter.
  Connection* find(const Tuple& tuple, Zone zone, Timestamp now, Direction& direction);
  template <size_t N>
  Connection* find(TupleWords<N> tuple, Zone zone, Timestamp now, Direction& direction);
  // The same where look-ahead has been: by the hash, and probably the connection, that it found.
  template <size_t N>
  Connection* find_ahead(const TupleWords<N>& tuple, uint32_t hash, uint32_t probably, Timestamp now,
                         Direction& direction) {
    const uint32_t reference = probably != 0 ? match(probably, tuple, now) : kNone;
    return found(reference != kNone ? reference : lookup(tuple, hash, now, nullptr), direction);
  }
  // As find(), uncounted.
  const Connection* peek(Tuple tuple, Zone zone, Timestamp now) const;
  // Whether a live connection other than `except` has this tuple; one that begins alike does not count, as both are of
  // the same flow, which shows when they are confirmed.
  bool taken(const Tuple& tuple, Timestamp now, const Connection* except = nullptr);

  // A new unconfirmed connection; makes room by dropping one that is not assured. Null: the table is full.
  Connection* create(const Tuple& original, const Tuple& reply, Timestamp now);
  template <size_t N>
  Connection* create(const TupleWords<N>& original, const TupleWords<N>& reply, Timestamp now);
  // NAT only, while unconfirmed: the tuple that answers will have.
  void set_reply(Connection& connection, const Tuple& reply);
  // Makes it known. False: one of its tuples is taken, or too many share a bucket; it stays unconfirmed.
  bool confirm(Connection& connection, Timestamp now);
  // Of an unconfirmed connection: the live one that has the tuple which it has in that direction. Null: none.
  Connection* holder(const Connection& connection, Direction direction, Timestamp now);
  // Makes it known by its answers alone, which must not be taken, until `deadline`.
  void confirm_reply(Connection& connection, Timestamp deadline);
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
  // Ends some of those past their deadline: looks at one more than there were packets, in turn, and ends at most one
  // for each of these, or one where there were none.
  void sweep(Timestamp now, uint32_t packets);

  // Look-ahead, in two steps that are best taken for a whole burst each; hints only. The second answers with the
  // number of the connection that probably has the hashed tuple; 0: none seems to.
  SALLYPORT_PREFETCHES void prefetch_bucket(uint32_t hash) const { index_.prefetch(hash); }
  SALLYPORT_PREFETCHES uint32_t prefetch_connection(uint32_t hash, bool tcp) const {
    const uint32_t number = index_.peek(hash);
    if (number != TupleIndex::kNone) store_.prefetch(number, tcp);
    return number;
  }

  // Live connections, oldest first.
  std::vector<const Connection*> list(Timestamp now) const;
  uint64_t size() const { return size_; }
  uint64_t most() const { return most_; }
  // What connections and their index take of the machine's memory.
  uint64_t memory_bytes() const { return store_.memory_bytes() + index_.memory_bytes(); }
  // How many entries a look-up of this hash may have to pass.
  uint32_t chain_length(uint32_t hash) const { return index_.chain_length(hash); }
  void listen(ConnectionListener& listener) { listeners_.push_back(&listener); }
  ConnectionCounters counters;

 private:
  // What a look-up finds: number*2 + direction, or kNone.
  static constexpr uint32_t kNone = 0;
  // Whether the connection is live and has this tuple.
  template <size_t N>
  uint32_t match(uint32_t number, const TupleWords<N>& tuple, Timestamp now) const {
    const ConnectionOf<N>* kept = store_.with_tuples<N>(number);
    if (kept == nullptr) return kNone;
    // A host that NAT leads back to itself may have two equal tuples: then the kernel finds the answers'.
    const bool original = words_of(kept->tuples[1]) != tuple;
    if (original && words_of(kept->tuples[0]) != tuple) return kNone;
    const bool live = (kept->status & (kStatusConfirmed | kStatusDying)) == kStatusConfirmed && kept->deadline > now;
    return live ? number * 2 + (original ? 0 : 1) : kNone;
  }
  template <size_t N>
  uint32_t lookup(const TupleWords<N>& tuple, uint32_t hash, Timestamp now, const Connection* except) const {
    return index_.find(hash, [&](uint32_t number) {
      const uint32_t reference = match(number, tuple, now);
      return reference != kNone && &store_.at(number) != except ? reference : kNone;
    });
  }
  Connection* found(uint32_t reference, Direction& direction) {
    if (reference == kNone) return nullptr;
    direction = static_cast<Direction>(reference & 1);
    ++counters.found;
    return &store_.at(reference / 2);
  }
  template <size_t N>
  bool confirm_in(Connection& connection, Timestamp now);
  template <size_t N>
  std::array<uint32_t, 2> hashes_of(const ConnectionOf<N>& connection) const;
  std::array<uint32_t, 2> hashes_of(const Connection& connection) const;
  bool early_drop(uint32_t hash, Timestamp now);
  void make_due(uint32_t number, Timestamp now);
  bool end_due(Timestamp now);
  Connection* still_due(uint32_t number, Timestamp now) const;
  void free_dead();
  void free(Connection& connection);

  uint64_t most_;
  SipHashKey key_;
  ConnectionStore store_;
  TupleIndex index_;
  uint64_t size_ = 0;
  uint64_t next_sequence_ = 0;
  uint32_t sweep_at_ = 0;
  // A ring of numbers of connections past their deadline, 0 where none was found. One is ended when its place is next
  // needed; half a turn before that its place in the index is fetched.
  std::array<uint32_t, 8> due_ = {};
  uint32_t due_at_ = 0;
  std::vector<Connection*> unconfirmed_;
  std::vector<Connection*> dead_;      // killed, to be freed
  std::vector<Connection*> survived_;  // killed, but with dependents
  std::vector<ConnectionListener*> listeners_;
};

}  // namespace sallyport
