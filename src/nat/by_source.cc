// The connections of one source. Counterpart of nf_nat_bysource in net/netfilter/nf_nat_core.c.

#include "nat/by_source.h"

#include <algorithm>
#include <bit>
#include <new>

namespace sallyport {
namespace {

constexpr uint64_t kFewestHeads = 1024;
constexpr uint64_t kMostHeads = uint64_t{1} << 23;

}  // namespace

// Twice as many heads as there may be connections, so that a chain that is walked seldom holds anybody else: each
// entry passed is one that no cache holds.
BySource::BySource(ConnectionTable& table, const SipHashKey& key)
    : table_(table), key_(key), mask_(std::bit_ceil(std::clamp(table.most() * 2, kFewestHeads, kMostHeads)) - 1) {
  // Zero as the system hands it out: what is never used takes no memory.
  heads_.reset(static_cast<uint32_t*>(std::calloc(mask_ + 1, sizeof(uint32_t))));
  if (heads_ == nullptr) throw std::bad_alloc();
}

size_t BySource::bucket(const Tuple& tuple) const {
  Tuple source = tuple;
  source.destination = {};
  source.destination_id = 0;
  return siphash13<sizeof(Tuple)>(reinterpret_cast<const uint8_t*>(&source), key_) & mask_;
}

void BySource::add(Connection& connection) {
  uint32_t& head = heads_[bucket(connection.tuple(Direction::Original))];
  connection.previous_by_source = 0;
  connection.next_by_source = head;
  if (head != 0) table_.at(head).previous_by_source = connection.number;
  head = connection.number;
}

void BySource::remove(Connection& connection) {
  const uint32_t next = connection.next_by_source, previous = connection.previous_by_source;
  if (previous != 0) {
    table_.at(previous).next_by_source = next;
  } else {
    heads_[bucket(connection.tuple(Direction::Original))] = next;
  }
  if (next != 0) table_.at(next).previous_by_source = previous;
  connection.next_by_source = connection.previous_by_source = 0;
}

}  // namespace sallyport
