// Memory for what waits: segments that came before those in front of them, cut into blocks of one size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sallyport {

// A piece of a stream, by offsets into it, and the segment that brought it.
struct HeldBlock {
  static constexpr size_t kSize = 216;

  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t segment_begin = 0;
  uint64_t segment_end = 0;
  uint32_t next = 0;   // of the same stream, in its order; 0: the last
  uint32_t start = 0;  // where in `bytes` the piece begins: its front may have been cut off
  std::array<uint8_t, kSize> bytes = {};

  const uint8_t* data() const { return bytes.data() + start; }
};
static_assert(sizeof(HeldBlock) == 256);

// Blocks by number, from 1. Grows by slabs up to its bound and is never given back. One thread.
class HeldBlocks {
 public:
  explicit HeldBlocks(uint32_t most) : most_(most) {}

  HeldBlock& at(uint32_t number) { return slabs_[(number - 1) / kSlab][(number - 1) % kSlab]; }
  uint32_t left() const { return most_ - used_; }
  uint32_t used() const { return used_; }

  // Only where left() says so.
  uint32_t take() {
    ++used_;
    if (free_ == 0) return take_fresh();
    const uint32_t number = free_;
    free_ = at(number).next;
    return number;
  }
  void give_back(uint32_t number) {
    at(number).next = free_;
    free_ = number;
    --used_;
  }

 private:
  static constexpr uint32_t kSlab = 1024;

  uint32_t take_fresh() {
    if (given_ == slabs_.size() * kSlab) slabs_.push_back(std::make_unique<HeldBlock[]>(kSlab));
    return ++given_;
  }

  uint32_t most_;
  uint32_t used_ = 0;
  uint32_t given_ = 0;  // numbers given for the first time
  uint32_t free_ = 0;
  std::vector<std::unique_ptr<HeldBlock[]>> slabs_;
};

}  // namespace sallyport
