// SipHash-2-4 (Aumasson, Bernstein 2012): the hash of every table whose keys a stranger may choose.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace sallyport {

using SipHashKey = std::array<uint64_t, 2>;

namespace siphash_detail {

struct State {
  uint64_t a, b, c, d;

  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void take(uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
  void take_once(uint64_t word) {
    d ^= word;
    round();
    a ^= word;
  }
  uint64_t finish_once(uint64_t last) {
    take_once(last);
    c ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return a ^ b ^ c ^ d;
  }
};

inline State begin(const SipHashKey& key) {
  return {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
          key[1] ^ 0x7465646279746573};
}

}  // namespace siphash_detail

// Words are read as the machine has them: little-endian, as the algorithm wants.
inline uint64_t siphash(std::span<const uint8_t> bytes, const SipHashKey& key) {
  siphash_detail::State state = siphash_detail::begin(key);
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  uint64_t word = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::memcpy(&word, at, 8);
    state.take(word);
  }
  word = 0;
  if (left != 0) std::memcpy(&word, at, left);
  state.take(word | static_cast<uint64_t>(bytes.size()) << 56);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

// SipHash-1-3 of N bytes, a multiple of 8: as strong against those who do not see the hashes, and half the work. For
// tables on the packet's path.
template <size_t N>
uint64_t siphash13(const uint8_t* bytes, const SipHashKey& key) {
  static_assert(N % 8 == 0);
  siphash_detail::State state = siphash_detail::begin(key);
  for (size_t i = 0; i < N; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    state.take_once(word);
  }
  return state.finish_once(uint64_t{N} << 56);
}

// The same of N words and the seven bytes at the low end of `tail`.
template <size_t N>
uint64_t siphash13(const std::array<uint64_t, N>& words, uint64_t tail, const SipHashKey& key) {
  constexpr int kLengthShift = 56;
  siphash_detail::State state = siphash_detail::begin(key);
  for (const uint64_t word : words) state.take_once(word);
  return state.finish_once((tail & ~(uint64_t{0xff} << kLengthShift)) | uint64_t{8 * N + 7} << kLengthShift);
}

}  // namespace sallyport
