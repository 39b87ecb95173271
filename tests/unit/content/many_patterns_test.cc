// Each way of looking for many patterns against the naive search, one pattern after the other.

#include "content/many_patterns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "content/hyperscan.h"
#include "sallyport/random.h"
#include "unit/content/naive_search.h"

namespace sallyport::test {
namespace {

using Bytes = std::vector<uint8_t>;

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// ASCII only, where case is ignored: the naive search knows more letters.
bool occurs_within(const SoughtPattern& pattern, const Bytes& text) {
  const auto bytes = bytes_of(pattern.bytes);
  for (size_t at = pattern.from; at + bytes.size() <= text.size() && at + bytes.size() <= pattern.to; ++at) {
    if (occurs_at(bytes, text, at, pattern.ignore_case)) return true;
  }
  return false;
}

class Case {
 public:
  explicit Case(uint64_t seed) : random_(seed) {
    constexpr std::string_view kAlphabets[] = {"ab", "a", "abcdefAB", "GET /HTP1.\r\n"};
    alphabet_ = kAlphabets[random_.below(std::size(kAlphabets))];
    for (uint32_t i = 1 + random_.below(random_.below(2) == 0 ? 4 : 60); i > 0; --i) {
      SoughtPattern pattern{.bytes = word(random_.below(3) == 0 ? 3 : 14), .ignore_case = random_.below(4) == 0};
      if (random_.below(3) == 0) {
        pattern.from = random_.below(60);
        pattern.to = pattern.from + random_.below(80);
      }
      patterns.push_back(pattern);
    }
  }

  // All letters of the alphabet, or a text of another letter with a few patterns in it.
  Bytes text() {
    Bytes out(random_.below(600), 'z');
    if (random_.below(2) == 0) {
      std::ranges::generate(out, [&] { return letter(); });
      return out;
    }
    for (int i = 0; i < 3 && !out.empty(); ++i) {
      const std::string& planted = patterns[random_.below(static_cast<uint32_t>(patterns.size()))].bytes;
      const size_t at = random_.below(static_cast<uint32_t>(out.size()));
      for (size_t j = 0; j < planted.size() && at + j < out.size(); ++j) out[at + j] = static_cast<uint8_t>(planted[j]);
    }
    return out;
  }
  uint32_t below(uint32_t bound) { return random_.below(bound); }

  std::vector<SoughtPattern> patterns;

 private:
  uint8_t letter() { return static_cast<uint8_t>(alphabet_[random_.below(static_cast<uint32_t>(alphabet_.size()))]); }
  std::string word(uint32_t longest) {
    std::string out(1 + random_.below(longest), 0);
    std::ranges::generate(out, [&] { return static_cast<char>(letter()); });
    return out;
  }

  Random random_;
  std::string_view alphabet_;
};

std::vector<bool> expected(const Case& one, const Bytes& text) {
  std::vector<bool> out;
  out.reserve(one.patterns.size());
  for (const SoughtPattern& pattern : one.patterns) out.push_back(occurs_within(pattern, text));
  return out;
}

HitTaker into(std::vector<bool>& found) {
  return {
      [](void* context, uint32_t pattern, uint64_t) { (*static_cast<std::vector<bool>*>(context))[pattern] = true; },
      &found};
}

class ManyPatternsTest : public testing::TestWithParam<SearchLibrary> {
 protected:
  void SetUp() override {
    if (GetParam() == SearchLibrary::Best && !hyperscan_serves()) {
      GTEST_SKIP() << "NOT TESTED: Hyperscan's search, which is not here";
    }
  }
};

TEST_P(ManyPatternsTest, FindsInPacketsWhatTheNaiveSearchFinds) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Case one(seed);
    const auto many = ManyPatterns::compile(one.patterns, SearchMode::Block, GetParam());
    ASSERT_TRUE(many.has_value());
    for (int i = 0; i < 20; ++i) {
      const Bytes text = one.text();
      std::vector<bool> found(one.patterns.size());
      (*many)->search(text, into(found));
      ASSERT_EQ(found, expected(one, text)) << "seed " << seed << ", text " << i;
    }
  }
}

TEST_P(ManyPatternsTest, FindsInStreamsHoweverTheyAreCut) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Case one(seed);
    const auto many = ManyPatterns::compile(one.patterns, SearchMode::Stream, GetParam());
    ASSERT_TRUE(many.has_value());
    for (int i = 0; i < 10; ++i) {
      const Bytes text = one.text();
      std::vector<bool> found(one.patterns.size());
      StreamPlace* const place = (*many)->begin();
      for (size_t at = 0; at < text.size();) {
        const size_t size = std::min<size_t>(1 + one.below(30), text.size() - at);
        (*many)->feed(*place, std::span(text).subspan(at, size), into(found));
        at += size;
      }
      EXPECT_EQ(place->offset, text.size());
      (*many)->end(place);
      ASSERT_EQ(found, expected(one, text)) << "seed " << seed << ", text " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, ManyPatternsTest, testing::Values(SearchLibrary::Best, SearchLibrary::None),
                         [](const auto& library) {
                           return library.param == SearchLibrary::Best ? std::string("Best") : std::string("None");
                         });

TEST(ManyPatterns, RefusesExpressionsByName) {
  const SoughtPattern wrong = {.bytes = "a(b", .regex = true};
  const auto many = ManyPatterns::compile({&wrong, 1}, SearchMode::Block);
  ASSERT_FALSE(many.has_value());
  EXPECT_NE(many.error().what.find(hyperscan_serves() ? "a(b" : "Hyperscan"), std::string::npos) << many.error().what;
}

}  // namespace
}  // namespace sallyport::test
