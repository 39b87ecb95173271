// A slot of a module's own for each connection.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sallyport/connection.h"

namespace sallyport {

// One T per connection, found by the connection's place in its table: no look-up, and no more slots than the table has
// had connections at a time. A connection that ended leaves its slot to the next at its place, which begins with T{}.
// One thread.
template <class T>
class PerConnection {
 public:
  T& of(const Connection& connection) {
    Slot& slot = place(connection.number);
    if (slot.owner != connection.sequence + 1) slot = {connection.sequence + 1, T{}};
    return slot.value;
  }
  // Null where of() was never asked for this connection.
  T* find(const Connection& connection) {
    const size_t block = connection.number / kBlock;
    if (block >= blocks_.size() || blocks_[block] == nullptr) return nullptr;
    Slot& slot = blocks_[block][connection.number % kBlock];
    return slot.owner == connection.sequence + 1 ? &slot.value : nullptr;
  }

 private:
  static constexpr size_t kBlock = 1024;
  struct Slot {
    uint64_t owner = 0;  // the connection's sequence + 1
    T value = {};
  };

  Slot& place(uint32_t number) {
    const size_t block = number / kBlock;
    if (block >= blocks_.size()) blocks_.resize(block + 1);
    if (blocks_[block] == nullptr) blocks_[block] = std::make_unique<Slot[]>(kBlock);
    return blocks_[block][number % kBlock];
  }

  std::vector<std::unique_ptr<Slot[]>> blocks_;
};

}  // namespace sallyport
