// Where connections lie: slabs of one family each, found by number.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "conntrack/block.h"
#include "sallyport/connection.h"

namespace sallyport {

// Gives and takes back connections and their extras. Numbers begin with 1, stay with the memory and are used again;
// the memory is never given back to the system. One thread.
class ConnectionStore {
 public:
  // Several huge pages; what of it is not used yet costs nothing.
  static constexpr uint32_t kSlab = 65536;

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
  SALLYPORT_PREFETCHES void prefetch(uint32_t number) const {
    const Slab& slab = slabs_[number / kSlab];
    const std::byte* end = slab.start + size_t{number % kSlab} * slab.stride + slab.stride;
    __builtin_prefetch(end - 1);
    __builtin_prefetch(end - 65);
    if (slab.stride > 160) __builtin_prefetch(end - 129);
  }
  // The number behind `number`; those of a slab that were never given are passed over. 0: that was the last.
  uint32_t next(uint32_t number) const {
    ++number;
    while (number / kSlab < slabs_.size()) {
      const Slab& slab = slabs_[number / kSlab];
      if (number % kSlab < slab.given) return number;
      number = (number / kSlab + 1) * kSlab;
    }
    return 0;
  }

 private:
  struct Slab {
    std::byte* start;
    uint32_t stride;
    uint32_t given;  // its first so many numbers have been given; number 0 counts as given
  };
  void add_slab(Family family);
  uint32_t take_number(Family family);

  std::vector<Slab> slabs_;
  std::vector<Block> blocks_;
  // By family: numbers that were given back, and the slab whose numbers are still being given for the first time.
  std::vector<uint32_t> free_[2];
  std::optional<uint32_t> fresh_slab_[2];
  std::deque<ConnectionExtra> extras_;
  std::vector<ConnectionExtra*> free_extras_;
};

}  // namespace sallyport
