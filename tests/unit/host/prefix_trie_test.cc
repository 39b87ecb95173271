#include "host/prefix_trie.h"

#include <gtest/gtest.h>

#include <vector>

#include "sallyport/random.h"

namespace sallyport {
namespace {

struct Known {
  PrefixKey key;
  unsigned bits;
};

PrefixKey masked(PrefixKey key, unsigned bits) {
  for (unsigned i = bits; i < 64; ++i) key.high &= ~(uint64_t{1} << (63 - i));
  for (unsigned i = bits < 64 ? 64 : bits; i < 128; ++i) key.low &= ~(uint64_t{1} << (127 - i));
  return key;
}

// Keys from few values, so that prefixes share much and nest.
PrefixKey random_key(Random& random) {
  const auto word = [&] { return random.next64() & random.next64() & random.next64(); };
  return {word(), random.below(2) == 0 ? 0 : word()};
}

// Every answer, and every wider one behind it, as a search through a plain list finds them.
TEST(PrefixTrie, AgreesWithAPlainList) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    PrefixTrie trie;
    std::vector<Known> known;
    const uint32_t size = random.below(60);
    for (uint32_t i = 0; i < size; ++i) {
      const unsigned bits = random.below(129);
      const PrefixKey key = random_key(random);
      const uint32_t slot = trie.insert(key, bits);
      if (slot == known.size()) {
        known.push_back({masked(key, bits), bits});
      }
      ASSERT_LT(slot, known.size());
      ASSERT_EQ(known[slot].key, masked(key, bits));
      ASSERT_EQ(known[slot].bits, bits);
    }
    trie.finish();
    for (int question = 0; question < 200; ++question) {
      PrefixKey key = random_key(random);
      if (!known.empty() && random.below(2) == 0) key = known[random.below(static_cast<uint32_t>(known.size()))].key;
      uint32_t node = trie.longest(key);
      for (unsigned bits = 129; bits-- > 0;) {
        for (uint32_t slot = 0; slot < known.size(); ++slot) {
          if (known[slot].bits != bits || masked(key, bits) != known[slot].key) continue;
          ASSERT_NE(node, PrefixTrie::kNone);
          ASSERT_EQ(trie.slot(node), slot);
          node = trie.shorter(node);
        }
      }
      ASSERT_EQ(node, PrefixTrie::kNone);
    }
  }
}

TEST(PrefixTrie, HoldsNothingAtFirst) {
  PrefixTrie trie;
  trie.finish();
  EXPECT_EQ(trie.longest({1, 2}), PrefixTrie::kNone);
}

}  // namespace
}  // namespace sallyport
