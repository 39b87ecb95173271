// Longest-prefix match: which of many networks holds an address, and which wider ones do.
// Counterparts: net/ipv4/fib_trie.c and net/ipv6/ip6_fib.c, whose answers it gives with one structure for both.

#include "host/prefix_trie.h"

#include <algorithm>
#include <bit>

#include "sallyport/bytes.h"

namespace sallyport {
namespace {

PrefixKey cut(PrefixKey key, unsigned bits) {
  const auto mask = [](unsigned n) { return n == 0 ? uint64_t{0} : ~uint64_t{0} << (64 - n); };
  return {key.high & mask(std::min(bits, 64u)), key.low & mask(bits > 64 ? bits - 64 : 0)};
}

unsigned bit_at(PrefixKey key, unsigned index) {
  return static_cast<unsigned>(index < 64 ? (key.high >> (63 - index)) & 1 : (key.low >> (127 - index)) & 1);
}

unsigned common_bits(PrefixKey a, PrefixKey b) {
  if (a.high != b.high) return static_cast<unsigned>(std::countl_zero(a.high ^ b.high));
  return 64 + static_cast<unsigned>(std::countl_zero(a.low ^ b.low));
}

}  // namespace

PrefixKey PrefixKey::of(const IpAddress& address) {
  const auto word = [&](size_t at) {
    return uint64_t{load_be32(&address.bytes[at])} << 32 | load_be32(&address.bytes[at + 4]);
  };
  return {word(0), word(8)};
}

uint32_t PrefixTrie::make_node(PrefixKey key, unsigned bits) {
  nodes_.push_back({.key = key, .bits = static_cast<uint8_t>(bits)});
  return static_cast<uint32_t>(nodes_.size() - 1);
}

// A node of `bits` bits that takes the place of `below`, which becomes its child.
uint32_t PrefixTrie::make_fork(uint32_t below, PrefixKey key, unsigned bits) {
  const uint32_t fork = make_node(cut(key, bits), bits);
  nodes_[fork].child[bit_at(nodes_[below].key, bits)] = below;
  return fork;
}

uint32_t PrefixTrie::fill_slot(uint32_t node) {
  if (nodes_[node].slot == kNone) nodes_[node].slot = slots_++;
  return nodes_[node].slot;
}

uint32_t PrefixTrie::insert(PrefixKey key, unsigned bits) {
  key = cut(key, bits);
  uint32_t parent = kNone;
  uint32_t at = root_;
  const auto attach = [&](uint32_t node) {
    (parent == kNone ? root_ : nodes_[parent].child[bit_at(key, nodes_[parent].bits)]) = node;
  };
  while (at != kNone) {
    const unsigned shared = std::min({common_bits(key, nodes_[at].key), unsigned{nodes_[at].bits}, bits});
    if (shared < nodes_[at].bits) {
      const uint32_t fork = make_fork(at, key, shared);
      attach(fork);
      parent = fork;
      if (shared == bits) return fill_slot(fork);
      break;
    }
    if (shared == bits) return fill_slot(at);
    parent = at;
    at = nodes_[at].child[bit_at(key, nodes_[at].bits)];
  }
  const uint32_t leaf = make_node(key, bits);
  attach(leaf);
  return fill_slot(leaf);
}

void PrefixTrie::finish() {
  if (root_ == kNone) return;
  std::vector<uint32_t> open = {root_};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    const uint32_t above = nodes_[at].slot != kNone ? at : nodes_[at].shorter;
    for (const uint32_t child : nodes_[at].child) {
      if (child == kNone) continue;
      nodes_[child].shorter = above;
      open.push_back(child);
    }
  }
}

uint32_t PrefixTrie::longest(PrefixKey key) const {
  uint32_t found = kNone;
  uint32_t at = root_;
  while (at != kNone) {
    const Node& node = nodes_[at];
    if (common_bits(key, node.key) < node.bits) break;
    if (node.slot != kNone) found = at;
    if (node.bits == 128) break;
    at = node.child[bit_at(key, node.bits)];
  }
  return found;
}

}  // namespace sallyport
