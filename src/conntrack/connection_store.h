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
  // The connection with its tuples. Null: it is of the other family.
  template <size_t N>
  const ConnectionOf<N>* with_tuples(uint32_t number) const {
    const Slab& slab = slabs_[number / kSlab];
    if (slab.stride != sizeof(ConnectionOf<N>)) return nullptr;
    return static_cast<const ConnectionOf<N>*>(
        reinterpret_cast<const Connection*>(slab.start + size_t{number % kSlab} * sizeof(ConnectionOf<N>)));
  }
  // The lines of a connection that every packet touches: from its tuples to the end of its protocol's part, of which
  // `tcp` needs all.
  SALLYPORT_PREFETCHES void prefetch(uint32_t number, bool tcp) const {
    prefetch_until(number, tcp ? kTcpEnd : kUdpEnd);
  }
  // All lines of a connection, which its end touches.
  SALLYPORT_PREFETCHES void prefetch_whole(uint32_t number) const { prefetch_until(number, sizeof(Connection)); }
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
  // Of connections and extras, those included that wait to be used again.
  uint64_t memory_bytes() const;

 private:
  // Of the Connection's bytes, behind its tuples.
  static constexpr size_t kUdpEnd = 32;
  static constexpr size_t kTcpEnd = 88;
  static_assert(sizeof(Connection) == 128);
  SALLYPORT_PREFETCHES void prefetch_until(uint32_t number, size_t bytes) const {
    constexpr size_t kLine = 64;
    const Slab& slab = slabs_[number / kSlab];
    const std::byte* connection = slab.start + size_t{number % kSlab} * slab.stride;
    const std::byte* tuples = connection - (slab.stride - sizeof(Connection));
    const std::byte* end = connection + bytes;
    for (const std::byte* line = tuples; line < end; line += kLine) __builtin_prefetch(line);
    __builtin_prefetch(end - 1);
  }
  struct Slab {
    std::byte* start;  // its first Connection, whose tuples stand before it
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
