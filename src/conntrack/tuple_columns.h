// Tuples of a burst laid out in columns, so that their hashes are computed several at a time.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "conntrack/tuple_words.h"

namespace sallyport {

// Up to `kMost` tuples of the family that has addresses of N bytes. Plain memory: only the first `size` rows mean
// something, and of `hashes` only what hash_all() has written.
template <size_t N>
struct TupleColumns {
  static constexpr size_t kMost = 32;

  std::array<std::array<uint64_t, kMost>, N / 4> addresses;
  std::array<uint64_t, kMost> ids;
  std::array<uint32_t, kMost> hashes;
  size_t size = 0;

  void add(const TupleWords<N>& words) {
    assert(size < kMost);
    for (size_t i = 0; i < words.addresses.size(); ++i) addresses[i][size] = words.addresses[i];
    ids[size++] = words.ids;
  }
};

// The hash_of() of every row.
void hash_all(TupleColumns<4>& columns, const SipHashKey& key);
void hash_all(TupleColumns<16>& columns, const SipHashKey& key);

}  // namespace sallyport
