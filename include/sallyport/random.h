// The one source of chance: seeded, so that the same input and seed give the same output.
#pragma once

#include <cstdint>

namespace sallyport {

// xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64. Not for secrets. One thread.
class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      word = z ^ (z >> 31);
    }
  }

  uint64_t next64() {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  uint32_t next32() { return static_cast<uint32_t>(next64() >> 32); }
  // Uniform in [0, bound); bound must not be 0.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((static_cast<uint64_t>(next32()) * bound) >> 32); }

 private:
  static uint64_t rotate(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }
  uint64_t state_[4] = {};
};

}  // namespace sallyport
