// Bob Jenkins' lookup3, hashword() (May 2006, public domain): by what the kernel picks one address of a range, and one
// node of a cluster.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

// Of one word or of four.
template <size_t N>
uint32_t lookup3(std::span<const uint32_t, N> words, uint32_t seed) {
  static_assert(N == 1 || N == 4);
  uint32_t a = 0xdeadbeef + 4 * static_cast<uint32_t>(N) + seed, b = a, c = a;
  if constexpr (N == 4) {
    a += words[0];
    b += words[1];
    c += words[2];
    const auto mix = [](uint32_t& x, uint32_t& y, uint32_t& z, int bits) {
      x -= z;
      x ^= std::rotl(z, bits);
      z += y;
    };
    mix(a, b, c, 4);
    mix(b, c, a, 6);
    mix(c, a, b, 8);
    mix(a, b, c, 16);
    mix(b, c, a, 19);
    mix(c, a, b, 4);
  }
  a += words[N - 1];
  const auto finish = [](uint32_t& x, uint32_t y, int bits) {
    x ^= y;
    x -= std::rotl(y, bits);
  };
  finish(c, b, 14);
  finish(a, c, 11);
  finish(b, a, 25);
  finish(c, b, 16);
  finish(a, c, 4);
  finish(b, a, 14);
  finish(c, b, 24);
  return c;
}

}  // namespace sallyport
