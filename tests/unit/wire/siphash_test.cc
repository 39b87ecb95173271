// SipHash-2-4 against the values of its authors.

#include "wire/siphash.h"

#include <gtest/gtest.h>

#include <numeric>
#include <utility>

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

// The algorithm as its paper has it, over bytes, with any number of rounds.
uint64_t plain_siphash(std::span<const uint8_t> bytes, const SipHashKey& key, int rounds, int last_rounds) {
  siphash_detail::State state = siphash_detail::begin(key);
  const auto take = [&](uint64_t word) {
    state.d ^= word;
    for (int i = 0; i < rounds; ++i) state.round();
    state.a ^= word;
  };
  uint64_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    word |= uint64_t{bytes[i]} << (8 * (i % 8));
    if (i % 8 == 7) take(std::exchange(word, 0));
  }
  take(word | uint64_t{bytes.size()} << 56);
  state.c ^= 0xff;
  for (int i = 0; i < last_rounds; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

TEST(SipHash, OfWordsIsThatOfTheirBytes) {
  constexpr SipHashKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::array<uint8_t, 40> message;
  std::iota(message.begin(), message.end(), uint8_t{0});
  for (const SipCase& c : kSipCases) {
    if (c.bytes > message.size()) continue;
    EXPECT_EQ(plain_siphash({message.data(), c.bytes}, kKey, 2, 4), c.hash) << c.bytes;
  }
  std::array<uint64_t, 5> words;
  std::memcpy(words.data(), message.data(), sizeof words);
  EXPECT_EQ(siphash13(std::array{words[0]}, words[1], kKey), plain_siphash({message.data(), 15}, kKey, 1, 3));
  EXPECT_EQ(siphash13(std::array{words[0], words[1], words[2], words[3]}, words[4], kKey),
            plain_siphash({message.data(), 39}, kKey, 1, 3));
}

}  // namespace
}  // namespace sallyport
