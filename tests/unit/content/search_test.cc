#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "content/boyer_moore.h"
#include "content/knuth_morris_pratt.h"
#include "sallyport/random.h"
#include "unit/content/naive_search.h"

namespace sallyport::test {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

// Letters of small alphabets repeat, so that borders, overlaps and near misses are common.
class Texts {
 public:
  Bytes next(uint32_t longest) {
    Bytes out(random_.below(longest + 1));
    for (uint8_t& byte : out)
      byte = static_cast<uint8_t>(alphabet_[random_.below(static_cast<uint32_t>(alphabet_.size()))]);
    return out;
  }
  void change_alphabet(std::string_view letters) { alphabet_ = letters; }
  uint32_t below(uint32_t bound) { return random_.below(bound); }

 private:
  Random random_{7};
  std::string_view alphabet_;
};

template <class Check>
void for_random_texts(std::string_view letters, Check check) {
  Texts texts;
  texts.change_alphabet(letters);
  for (int i = 0; i < 6000; ++i) {
    Bytes pattern = texts.next(texts.below(4) == 0 ? 128 : 8);
    if (pattern.empty()) pattern.push_back(static_cast<uint8_t>(letters[0]));
    Bytes text = texts.next(200);
    if (texts.below(2) == 0 && text.size() >= pattern.size()) {
      const auto at = texts.below(static_cast<uint32_t>(text.size() - pattern.size() + 1));
      std::ranges::copy(pattern, text.begin() + at);
    }
    check(pattern, text);
  }
}

constexpr std::string_view kAlphabets[] = {"a", "ab", "abcd", "aAbB", "abcdefghijklmnopqrstuvwxyz"};

TEST(BoyerMoore, FindsWhatTheNaiveSearchFinds) {
  for (const std::string_view letters : kAlphabets) {
    for_random_texts(letters, [](const Bytes& pattern, const Bytes& text) {
      for (const bool ignore_case : {false, true}) {
        ASSERT_EQ(BoyerMoore(pattern, ignore_case).find(text), naive_find(pattern, text, ignore_case));
      }
    });
  }
}

TEST(KnuthMorrisPratt, FindsWhatTheNaiveSearchFinds) {
  for (const std::string_view letters : kAlphabets) {
    for_random_texts(letters, [](const Bytes& pattern, const Bytes& text) {
      for (const bool ignore_case : {false, true}) {
        ASSERT_EQ(KnuthMorrisPratt(pattern, ignore_case).find(text), naive_find(pattern, text, ignore_case));
      }
    });
  }
}

TEST(KnuthMorrisPratt, FindsEveryOccurrenceHoweverTheTextIsCut) {
  Texts cuts;
  for_random_texts("ab", [&](const Bytes& pattern, const Bytes& text) {
    std::vector<size_t> expected, found;
    for (size_t at = 0; at < text.size(); ++at) {
      if (occurs_at(pattern, text, at, false)) expected.push_back(at);
    }
    const KnuthMorrisPratt search(pattern, false);
    uint16_t same = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t size = std::min<size_t>(1 + cuts.below(20), text.size() - begin);
      std::span<const uint8_t> piece = std::span(text).subspan(begin, size);
      for (size_t used; (used = search.feed(piece, same)) != KnuthMorrisPratt::kNowhere; piece = piece.subspan(used)) {
        found.push_back(static_cast<size_t>(piece.data() - text.data()) + used - pattern.size());
      }
      begin += size;
    }
    ASSERT_EQ(found, expected);
  });
}

struct CaseCase {
  std::string_view pattern;
  std::string_view text;
  bool kmp;
  bool bm;
};
// Seen in the kernel: ISO 8859-1 letters have cases, 0xdf and 0xff are small, and bm's leaps do not know them.
constexpr CaseCase kCaseCases[] = {
    {"GET", "get", true, true},
    {"get", "GET", true, true},
    {"[", "{", false, false},
    {"\xe4", "\xc4", true, true},
    {"\xd7", "\xf7", false, false},
    {"\xbf", "\xdf", true, true},
    {"\xff", "\xdf", false, false},
    {"\xbf"
     "aaa",
     "xx\xdf"
     "aaa",
     true, false},
};
TEST(Search, IgnoresCaseAsTheKernelDoes) {
  for (const CaseCase& one : kCaseCases) {
    const Bytes pattern = bytes(one.pattern), text = bytes(one.text);
    EXPECT_EQ(KnuthMorrisPratt(pattern, true).find(text) != KnuthMorrisPratt::kNowhere, one.kmp) << one.pattern;
    EXPECT_EQ(BoyerMoore(pattern, true).find(text) != BoyerMoore::kNowhere, one.bm) << one.pattern;
  }
}

// 64 KiB of one letter against patterns of it that fail at the far end: bounded by its product, not by luck. The work
// is counted in answers, not in seconds: both must find nothing, and the one that is there.
TEST(Search, EndsOnTextsOfOneLetter) {
  Bytes text(65535, 'a');
  Bytes pattern(128, 'a');
  pattern.front() = 'b';
  EXPECT_EQ(BoyerMoore(pattern, false).find(text), BoyerMoore::kNowhere);
  pattern.front() = 'a';
  pattern.back() = 'b';
  EXPECT_EQ(KnuthMorrisPratt(pattern, false).find(text), KnuthMorrisPratt::kNowhere);
  text.back() = 'b';
  EXPECT_EQ(KnuthMorrisPratt(pattern, false).find(text), text.size() - pattern.size());
  EXPECT_EQ(BoyerMoore(pattern, false).find(text), text.size() - pattern.size());
}

}  // namespace
}  // namespace sallyport::test
