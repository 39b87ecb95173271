// Knuth, Morris and Pratt's search (1977): reads each byte of the text once and never goes back, so a text may come in
// pieces. Counterpart of lib/ts_kmp.c.
//
// For a pattern of m bytes and a text of n: O(m) to prepare; at most 2n comparisons whatever text and pattern are.
// Memory: 3m bytes; between two pieces of text, one number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "content/letter_case.h"

namespace sallyport {

// A pattern ready to be looked for. Immutable; any number of threads.
class KnuthMorrisPratt {
 public:
  static constexpr size_t kNowhere = SIZE_MAX;

  // `pattern` has 1 to 65535 bytes.
  KnuthMorrisPratt(std::span<const uint8_t> pattern, bool ignore_case)
      : pattern_(pattern.begin(), pattern.end()), border_(pattern.size()), ignore_case_(ignore_case) {
    if (ignore_case) {
      for (uint8_t& letter : pattern_) letter = kUpperCase[letter];
    }
    uint16_t border = 0;
    for (size_t i = 1; i < pattern_.size(); ++i) {
      while (border > 0 && pattern_[border] != pattern_[i]) border = border_[border - 1];
      if (pattern_[border] == pattern_[i]) ++border;
      border_[i] = border;
    }
  }

  size_t size() const { return pattern_.size(); }

  // Where the first occurrence begins.
  size_t find(std::span<const uint8_t> text) const {
    uint16_t same = 0;
    const size_t end = feed(text, same);
    return end == kNowhere ? kNowhere : end - pattern_.size();
  }

  // Goes on with the next piece of a text. `same`, 0 before the first, is how many bytes of the pattern the text so far
  // ends with. Returns how many bytes of the piece the first occurrence needed; reading may go on behind them.
  size_t feed(std::span<const uint8_t> text, uint16_t& same) const {
    return ignore_case_ ? search<true>(text, same) : search<false>(text, same);
  }

 private:
  template <bool kIgnoreCase>
  size_t search(std::span<const uint8_t> text, uint16_t& same) const {
    for (size_t i = 0; i < text.size(); ++i) {
      const uint8_t letter = kIgnoreCase ? kUpperCase[text[i]] : text[i];
      while (same > 0 && pattern_[same] != letter) same = border_[same - 1];
      if (pattern_[same] == letter) ++same;
      if (same == pattern_.size()) {
        same = border_[same - 1];
        return i + 1;
      }
    }
    return kNowhere;
  }

  std::vector<uint8_t> pattern_;
  std::vector<uint16_t> border_;  // by length - 1: the longest prefix that is also a suffix of the first bytes
  bool ignore_case_;
};

}  // namespace sallyport
