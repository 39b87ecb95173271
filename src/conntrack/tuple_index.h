// From a tuple's hash to the connections that may have it: the hash index of the connection table.
//
// A bucket is one cache line of up to seven entries, each a hash and a reference (a connection's number); what does not
// fit goes to overflow buckets behind it. Whole hashes are kept, so that a look-up touches
// no connection but the right one, and a bucket can be split without touching any. Buckets are split one at a time as
// entries are added (linear hashing): no insertion pays for a whole rehash. Memory is taken in blocks and never moves.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "conntrack/block.h"

namespace sallyport {

// Knows hashes and references only. A reference is never 0. One thread.
class TupleIndex {
 public:
  static constexpr uint32_t kNone = 0;

  TupleIndex();
  TupleIndex(const TupleIndex&) = delete;
  TupleIndex& operator=(const TupleIndex&) = delete;

  // What `look(reference)` answers for the first entry under `hash` for which it is not 0, or 0.
  template <class Look>
  uint32_t find(uint32_t hash, Look&& look) const {
    for (const Bucket* bucket = &bucket_at(bucket_of(hash));; bucket = &overflow_at(bucket->next)) {
      for (uint32_t i = 0; i < bucket->count; ++i) {
        if (bucket->hashes[i] != hash) continue;
        if (const uint32_t found = look(bucket->references[i]); found != 0) return found;
      }
      if (bucket->next == 0) return 0;
    }
  }
  // Calls `see(reference)` for each entry of the bucket `steps` behind the one of `hash` until it answers true.
  template <class See>
  bool visit(uint32_t hash, uint32_t steps, See&& see) const {
    for (const Bucket* bucket = &bucket_at((bucket_of(hash) + steps) % buckets());;
         bucket = &overflow_at(bucket->next)) {
      for (uint32_t i = 0; i < bucket->count; ++i) {
        if (see(bucket->references[i])) return true;
      }
      if (bucket->next == 0) return false;
    }
  }
  // How many entries share the bucket of `hash`.
  uint32_t chain_length(uint32_t hash) const;

  void insert(uint32_t hash, uint32_t reference);
  // The entry must be there.
  void erase(uint32_t hash, uint32_t reference);

  SALLYPORT_PREFETCHES void prefetch(uint32_t hash) const { __builtin_prefetch(&bucket_at(bucket_of(hash))); }
  // The first reference under `hash`, unchecked: for look-ahead only.
  uint32_t peek(uint32_t hash) const {
    const Bucket& bucket = bucket_at(bucket_of(hash));
    for (uint32_t i = 0; i < bucket.count; ++i) {
      if (bucket.hashes[i] == hash) return bucket.references[i];
    }
    return kNone;
  }
  uint64_t entries() const { return entries_; }
  uint64_t memory_bytes() const { return buckets_.bytes() + overflow_.bytes(); }

 private:
  static constexpr uint32_t kSlots = 7;
  struct alignas(64) Bucket {
    uint32_t hashes[kSlots];
    uint32_t references[kSlots];
    uint32_t count;
    uint32_t next;  // in the overflow buckets; 0: none
  };
  static_assert(sizeof(Bucket) == 64);

  uint32_t buckets() const { return level_ + split_; }
  uint32_t bucket_of(uint32_t hash) const {
    const uint32_t number = hash & (level_ - 1);
    return number < split_ ? hash & (2 * level_ - 1) : number;
  }
  Bucket& bucket_at(uint32_t number) const { return buckets_[number]; }
  Bucket& overflow_at(uint32_t number) const { return overflow_[number]; }
  void add_to(Bucket& bucket, uint32_t hash, uint32_t reference);
  void split_one();

  BlockArray<Bucket> buckets_;
  BlockArray<Bucket> overflow_;
  std::vector<uint32_t> free_overflow_;
  uint32_t overflow_used_ = 1;  // number 0 means none
  uint32_t level_ = 256;        // buckets at the start of this round of splits
  uint32_t split_ = 0;          // the next one to be split
  uint64_t entries_ = 0;
};

}  // namespace sallyport
