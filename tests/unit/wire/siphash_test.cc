// SipHash-2-4 against the values of its authors.

#include "wire/siphash.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sallyport {
namespace {

// Key 00 01 ... 0f, message 00 01 ... (n - 1): the paper's appendix A gives n = 15, the reference vectors the others.
struct SipCase {
  size_t bytes;
  uint64_t hash;
};
constexpr SipCase kSipCases[] = {
    {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
    {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
};

TEST(SipHash, HasTheValuesOfItsAuthors) {
  constexpr SipHashKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::array<uint8_t, 64> message;
  std::iota(message.begin(), message.end(), uint8_t{0});
  for (const SipCase& c : kSipCases) EXPECT_EQ(siphash({message.data(), c.bytes}, kKey), c.hash) << c.bytes;
}

}  // namespace
}  // namespace sallyport
