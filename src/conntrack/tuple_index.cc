// The hash index of the connection table. Linear hashing: Litwin 1980.

#include "conntrack/tuple_index.h"

#include <cassert>

namespace sallyport {
namespace {

// A bucket is split off when there are more entries than this per bucket: few buckets overflow their seven slots.
constexpr uint64_t kEntriesPerBucket = 4;
constexpr uint32_t kMostBuckets = 1u << 30;

}  // namespace

TupleIndex::TupleIndex() { buckets_.reach(level_ - 1); }

uint32_t TupleIndex::chain_length(uint32_t hash) const {
  uint32_t length = 0;
  for (const Bucket* bucket = &bucket_at(bucket_of(hash));; bucket = &overflow_at(bucket->next)) {
    length += bucket->count;
    if (bucket->next == 0) return length;
  }
}

void TupleIndex::add_to(Bucket& first, uint32_t hash, uint32_t reference) {
  Bucket* bucket = &first;
  while (bucket->count == kSlots) {
    if (bucket->next == 0) {
      uint32_t added = overflow_used_;
      if (!free_overflow_.empty()) {
        added = free_overflow_.back();
        free_overflow_.pop_back();
      } else {
        overflow_.reach(overflow_used_++);
      }
      overflow_at(added).count = 0;
      overflow_at(added).next = 0;
      bucket->next = added;
    }
    bucket = &overflow_at(bucket->next);
  }
  bucket->hashes[bucket->count] = hash;
  bucket->references[bucket->count] = reference;
  ++bucket->count;
}

void TupleIndex::insert(uint32_t hash, uint32_t reference) {
  add_to(bucket_at(bucket_of(hash)), hash, reference);
  ++entries_;
  if (entries_ > kEntriesPerBucket * buckets() && buckets() < kMostBuckets) split_one();
}

// The hole is filled by the chain's last entry; an overflow bucket that falls empty is given back.
void TupleIndex::erase(uint32_t hash, uint32_t reference) {
  Bucket* bucket = &bucket_at(bucket_of(hash));
  uint32_t* hole_hash = nullptr;
  uint32_t* hole_reference = nullptr;
  Bucket* before = nullptr;
  while (true) {
    for (uint32_t i = 0; i < bucket->count && hole_hash == nullptr; ++i) {
      if (bucket->references[i] != reference) continue;
      hole_hash = &bucket->hashes[i];
      hole_reference = &bucket->references[i];
    }
    if (bucket->next == 0) break;
    before = bucket;
    bucket = &overflow_at(bucket->next);
  }
  assert(hole_hash != nullptr);
  --bucket->count;
  *hole_hash = bucket->hashes[bucket->count];
  *hole_reference = bucket->references[bucket->count];
  if (bucket->count == 0 && before != nullptr) {
    free_overflow_.push_back(before->next);
    before->next = 0;
  }
  --entries_;
}

void TupleIndex::split_one() {
  const uint32_t added = buckets();
  buckets_.reach(added);
  Bucket& old = bucket_at(split_);
  Bucket chain = old;
  old.count = 0;
  old.next = 0;
  if (++split_ == level_) {
    level_ *= 2;
    split_ = 0;
  }
  while (true) {
    for (uint32_t i = 0; i < chain.count; ++i) {
      add_to(bucket_at(bucket_of(chain.hashes[i])), chain.hashes[i], chain.references[i]);
    }
    if (chain.next == 0) return;
    // Copied before it is given back, as it may be taken again at once.
    const uint32_t emptied = chain.next;
    chain = overflow_at(emptied);
    free_overflow_.push_back(emptied);
  }
}

}  // namespace sallyport
