// One measure of one source over the window: a ring of steps.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace rate_watch {

constexpr uint32_t kSteps = 16;

// A cache line.
struct alignas(64) Window {
  std::array<uint32_t, kSteps> steps = {};

  uint64_t sum() const {
    // Two steps lie in each word: their sums are added up apart.
    uint64_t even = 0, odd = 0;
    for (size_t i = 0; i < kSteps; i += 2) {
      uint64_t two;
      std::memcpy(&two, &steps[i], sizeof two);
      even += two & 0xffffffff;
      odd += two >> 32;
    }
    return even + odd;
  }

  // How much of it was added: a step ends at the largest number.
  uint32_t add(uint32_t step, uint32_t more) {
    uint32_t& here = steps[step % kSteps];
    const uint32_t added = std::min(more, std::numeric_limits<uint32_t>::max() - here);
    here += added;
    return added;
  }
  void take_one(uint32_t step) {
    uint32_t& there = steps[step % kSteps];
    if (there != 0) --there;
  }

  // `step` is the present one, and `passed` of them, this among them, have begun since.
  void clear(uint32_t step, uint32_t passed) {
    for (uint32_t i = 0; i < passed; ++i) steps[(step - i) % kSteps] = 0;
  }
};

}  // namespace rate_watch
