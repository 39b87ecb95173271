// Where connections lie.

#include "conntrack/connection_store.h"

#include <new>

namespace sallyport {

void ConnectionStore::add_slab(Family family) {
  const uint32_t stride = family == Family::Ipv4 ? sizeof(Ipv4Connection) : sizeof(Ipv6Connection);
  blocks_.emplace_back(size_t{kSlab} * stride, !slabs_.empty());
  fresh_slab_[static_cast<size_t>(family)] = static_cast<uint32_t>(slabs_.size());
  std::byte* first = blocks_.back().data() + (stride - sizeof(Connection));
  slabs_.push_back({first, stride, slabs_.empty() ? 1u : 0u});
}

uint32_t ConnectionStore::take_number(Family family) {
  const auto side = static_cast<size_t>(family);
  if (!free_[side].empty()) {
    const uint32_t number = free_[side].back();
    free_[side].pop_back();
    return number;
  }
  if (!fresh_slab_[side] || slabs_[*fresh_slab_[side]].given == kSlab) add_slab(family);
  return *fresh_slab_[side] * kSlab + slabs_[*fresh_slab_[side]].given++;
}

Connection* ConnectionStore::take(Family family) {
  const uint32_t number = take_number(family);
  const Slab& slab = slabs_[number / kSlab];
  void* place = slab.start + size_t{number % kSlab} * slab.stride - (slab.stride - sizeof(Connection));
  Connection* connection = nullptr;
  if (family == Family::Ipv4) {
    connection = new (place) Ipv4Connection;
  } else {
    connection = new (place) Ipv6Connection;
  }
  connection->number = number;
  connection->family = family;
  return connection;
}

void ConnectionStore::give_back(Connection& connection) {
  if (connection.extra != nullptr) free_extras_.push_back(connection.extra);
  connection.extra = nullptr;
  // Whoever looks through all numbers must see that nobody lives here.
  connection.status = 0;
  free_[static_cast<size_t>(connection.family)].push_back(connection.number);
}

uint64_t ConnectionStore::memory_bytes() const {
  uint64_t bytes = extras_.size() * sizeof(ConnectionExtra) + free_extras_.capacity() * sizeof(ConnectionExtra*);
  for (const Slab& slab : slabs_) bytes += uint64_t{slab.given} * slab.stride;
  for (const auto& numbers : free_) bytes += numbers.capacity() * sizeof(uint32_t);
  return bytes;
}

ConnectionExtra& ConnectionStore::extra(Connection& connection) {
  if (connection.extra != nullptr) return *connection.extra;
  if (free_extras_.empty()) {
    connection.extra = &extras_.emplace_back();
  } else {
    connection.extra = free_extras_.back();
    free_extras_.pop_back();
    *connection.extra = {};
  }
  return *connection.extra;
}

}  // namespace sallyport
