// Longest-prefix match for both families: a path-compressed binary trie over 128-bit keys.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/address.h"

namespace sallyport {

// An address as a left-aligned number: an IPv4 address fills the first 32 bits.
struct PrefixKey {
  uint64_t high = 0;
  uint64_t low = 0;

  static PrefixKey of(const IpAddress& address);
  bool operator==(const PrefixKey&) const = default;
};

// Maps prefixes to numbers the caller gives. Built once, then constant; a look-up neither allocates nor writes, and
// takes at most as many steps as the address has bits.
class PrefixTrie {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The slot of KEY/bits, made if need be. Slots are numbered as they are made, from 0. Bits past `bits` do not count.
  uint32_t insert(PrefixKey key, unsigned bits);
  uint32_t slots() const { return slots_; }

  // Walks the prefixes that hold an address, the longest first: for (n = longest(key); n != kNone; n = shorter(n)).
  // The numbers are nodes; slot(n) is what insert() answered.
  uint32_t longest(PrefixKey key) const;
  uint32_t shorter(uint32_t node) const { return nodes_[node].shorter; }
  uint32_t slot(uint32_t node) const { return nodes_[node].slot; }
  // Sets the shortcuts that longest() and shorter() use; once, after the last insert().
  void finish();

 private:
  struct Node {
    PrefixKey key = {};
    uint32_t child[2] = {kNone, kNone};
    uint32_t slot = kNone;     // none: only a fork
    uint32_t shorter = kNone;  // the next node above that has a slot
    uint8_t bits = 0;
  };
  uint32_t make_node(PrefixKey key, unsigned bits);
  uint32_t make_fork(uint32_t below, PrefixKey key, unsigned bits);
  uint32_t fill_slot(uint32_t node);

  std::vector<Node> nodes_;
  uint32_t root_ = kNone;
  uint32_t slots_ = 0;
};

}  // namespace sallyport
