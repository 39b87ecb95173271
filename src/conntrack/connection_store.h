// Where connections lie: slabs of one family each, found by number.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "conntrack/block.h"
#include "sallyport/connection.h"

namespace sallyport {

// Gives and takes back connections and their extras. Numbers begin with 1, stay with the memory and are used again;
// the memory is never given back to the system. One thread.
class ConnectionStore {
 public:
  static constexpr uint32_t kSlab = 8192;

  // A fresh connection of the family, its `number` and `family` set.
  Connection* take(Family family);
  // `connection` and its extra are dead afterwards.
  void give_back(Connection& connection);
  // The connection's extra, made where it has none yet.
  ConnectionExtra& extra(Connection& connection);

  Connection& at(uint32_t number) const {
    const Slab& slab = slabs_[number / kSlab];
    return *reinterpret_cast<Connection*>(slab.start + size_t{number % kSlab} * slab.stride);
  }
  // The lines of a connection that every packet touches: its tail.
  void prefetch(uint32_t number) const {
    const Slab& slab = slabs_[number / kSlab];
    const std::byte* end = slab.start + size_t{number % kSlab} * slab.stride + slab.stride;
    __builtin_prefetch(end - 1);
    __builtin_prefetch(end - 65);
    if (slab.stride > 160) __builtin_prefetch(end - 129);
  }
  // One more than the highest number ever given.
  uint32_t end() const { return static_cast<uint32_t>(slabs_.size()) * kSlab; }

 private:
  struct Slab {
    std::byte* start;
    uint32_t stride;
  };
  void add_slab(Family family);

  std::vector<Slab> slabs_;
  std::vector<Block> blocks_;
  std::vector<uint32_t> free_[2];  // numbers, by family
  std::deque<ConnectionExtra> extras_;
  std::vector<ConnectionExtra*> free_extras_;
};

}  // namespace sallyport
