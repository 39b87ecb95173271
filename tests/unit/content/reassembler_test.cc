#include "content/reassembler.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/random.h"
#include "unit/content/naive_reassembly.h"

namespace sallyport {
namespace {

constexpr OverlapPolicy kPolicies[] = {OverlapPolicy::Linux, OverlapPolicy::First, OverlapPolicy::Last,
                                       OverlapPolicy::Bsd, OverlapPolicy::Windows};

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

struct Segment {
  uint64_t begin;
  std::string_view text;
};

struct OverlapCase {
  std::string_view name;
  std::vector<Segment> segments;
  std::string_view linux_, first, last, bsd;
};

// The byte at 0 comes last, so that all others have waited.
const OverlapCase kOverlapCases[] = {
    {"starts later, ends later", {{1, "aaaa"}, {3, "bbbb"}, {0, "."}}, ".aaaabb", ".aaaabb", ".aabbbb", ".aaaabb"},
    {"starts earlier, ends earlier", {{3, "aaaa"}, {1, "bbbb"}, {0, "."}}, ".bbbbaa", ".bbaaaa", ".bbbbaa", ".bbbbaa"},
    {"the same place", {{1, "aaaa"}, {1, "bbbb"}, {0, "."}}, ".aaaa", ".aaaa", ".bbbb", ".aaaa"},
    {"the same start, longer", {{1, "aa"}, {1, "bbbb"}, {0, "."}}, ".bbbb", ".aabb", ".bbbb", ".aabb"},
    {"the same start, shorter", {{1, "aaaa"}, {1, "bb"}, {0, "."}}, ".aaaa", ".aaaa", ".bbaa", ".aaaa"},
    {"within", {{1, "aaaaaa"}, {3, "bb"}, {0, "."}}, ".aaaaaa", ".aaaaaa", ".aabbaa", ".aaaaaa"},
    {"around", {{3, "aa"}, {1, "bbbbbb"}, {0, "."}}, ".bbbbbb", ".bbaabb", ".bbbbbb", ".bbbbbb"},
    {"over two", {{1, "aa"}, {4, "cc"}, {2, "bbbb"}, {0, "."}}, ".aabbb", ".aabcc", ".abbbb", ".aabbb"},
    {"what was handed on stays", {{0, "abc"}, {1, "XY"}, {3, "d"}}, "abcd", "abcd", "abcd", "abcd"},
    {"a first one over what waits", {{2, "aa"}, {0, "bbbbb"}}, "bbbbb", "bbaab", "bbbbb", "bbbbb"},
};

std::string put_together(OverlapPolicy policy, const std::vector<Segment>& segments) {
  HeldBlocks blocks(1000);
  Reassembler reassembler(blocks, policy);
  HalfStream stream;
  std::string out;
  for (const Segment& segment : segments) {
    const auto take = [&](std::span<const uint8_t> text) { out.append(text.begin(), text.end()); };
    EXPECT_TRUE(reassembler.add(stream, segment.begin, bytes_of(segment.text), take));
  }
  EXPECT_EQ(blocks.used(), 0u);
  return out;
}

TEST(Reassembler, KeepsTheBytesThatThePolicySays) {
  for (const OverlapCase& one : kOverlapCases) {
    EXPECT_EQ(put_together(OverlapPolicy::Linux, one.segments), one.linux_) << one.name;
    EXPECT_EQ(put_together(OverlapPolicy::First, one.segments), one.first) << one.name;
    EXPECT_EQ(put_together(OverlapPolicy::Last, one.segments), one.last) << one.name;
    EXPECT_EQ(put_together(OverlapPolicy::Bsd, one.segments), one.bsd) << one.name;
    EXPECT_EQ(put_together(OverlapPolicy::Windows, one.segments), one.bsd) << one.name;
  }
}

// Whatever comes, in whatever order, what is handed on is what the naive one hands on, at the same time.
TEST(Reassembler, IsTheNaiveOne) {
  Random random(7);
  for (int round = 0; round < 3000; ++round) {
    const OverlapPolicy policy = kPolicies[random.below(5)];
    const uint32_t length = random.below(2) == 0 ? 40 : 1500;
    HeldBlocks blocks(5000);
    Reassembler reassembler(blocks, policy);
    test::NaiveReassembly naive(policy);
    HalfStream stream;
    for (int i = 0; i < 30; ++i) {
      std::vector<uint8_t> bytes(1 + random.below(length / 2));
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>('a' + random.below(26));
      const uint64_t begin = random.below(length);
      std::vector<uint8_t> out;
      const auto take = [&](std::span<const uint8_t> text) { out.insert(out.end(), text.begin(), text.end()); };
      ASSERT_TRUE(reassembler.add(stream, begin, bytes, take));
      ASSERT_EQ(out, naive.add(begin, bytes)) << "round " << round << ", segment " << i;
    }
    reassembler.clear(stream);
    ASSERT_EQ(blocks.used(), 0u);
    ASSERT_EQ(stream.blocks, 0u);
  }
}

TEST(Reassembler, RefusesAtItsBoundsAndGoesOn) {
  HeldBlocks blocks(20);
  Reassembler reassembler(blocks, OverlapPolicy::Linux);
  HalfStream stream;
  std::string out;
  const auto take = [&](std::span<const uint8_t> text) { out.append(text.begin(), text.end()); };
  uint64_t at = 1;
  while (reassembler.add(stream, at, bytes_of("x"), take)) at += 2;
  EXPECT_GT(at, 30u);
  EXPECT_LE(blocks.used(), 20u);
  const uint32_t used = blocks.used();
  EXPECT_FALSE(reassembler.add(stream, at, bytes_of("y"), take));
  EXPECT_EQ(blocks.used(), used);
  EXPECT_EQ(out, "");
  // What fills the hole needs no room.
  const std::string all(at, '-');
  EXPECT_TRUE(reassembler.add(stream, 0, bytes_of(all), take));
  EXPECT_EQ(out, all);
  EXPECT_EQ(blocks.used(), 0u);
}

TEST(Reassembler, BoundsOneDirection) {
  HeldBlocks blocks(100000);
  Reassembler reassembler(blocks, OverlapPolicy::Linux);
  HalfStream stream;
  const auto take = [](std::span<const uint8_t>) {};
  uint64_t at = 1;
  while (reassembler.add(stream, at, bytes_of("x"), take)) at += 2;
  EXPECT_LE(stream.blocks, Reassembler::kMostBlocks);
  EXPECT_GT(stream.blocks, Reassembler::kMostBlocks - 4);
}

}  // namespace
}  // namespace sallyport
