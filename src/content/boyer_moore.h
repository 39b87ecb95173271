// Boyer and Moore's search (1977): compares from the pattern's end and leaps by the larger of two tables. Counterpart
// of lib/ts_bm.c, whose answer it gives byte for byte.
//
// For a pattern of m bytes and a text of n: O(m + 256) to prepare; n/m comparisons at best, about n/m to n for ordinary
// text, O(n*m) at worst (a pattern of one letter that differs in its first byte from a text of the same letter: every
// place costs m comparisons). Memory: 256 + 2m bytes; m is at most 255.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "content/letter_case.h"

namespace sallyport {

// A pattern ready to be looked for. Immutable; any number of threads.
class BoyerMoore {
 public:
  static constexpr size_t kNowhere = SIZE_MAX;

  // `pattern` has 1 to 255 bytes.
  BoyerMoore(std::span<const uint8_t> pattern, bool ignore_case)
      : pattern_(pattern.begin(), pattern.end()), ignore_case_(ignore_case) {
    if (ignore_case) {
      for (uint8_t& letter : pattern_) letter = kUpperCase[letter];
    }
    prepare_letters();
    prepare_suffixes();
  }

  // Where the first occurrence begins.
  //
  // Case ignored, a text's 0xdf or 0xff can make it leap over an occurrence that holds that letter, because the table
  // of leaps knows each letter of the pattern only as itself and its small form; the kernel's does the same.
  size_t find(std::span<const uint8_t> text) const { return ignore_case_ ? search<true>(text) : search<false>(text); }

 private:
  template <bool kIgnoreCase>
  size_t search(std::span<const uint8_t> text) const {
    const size_t size = pattern_.size();
    for (size_t end = size - 1; end < text.size();) {
      size_t same = 0;
      while (same < size && letter<kIgnoreCase>(text[end - same]) == pattern_[size - 1 - same]) ++same;
      if (same == size) return end - (size - 1);
      const size_t by_letter = letter_leap_[text[end - same]];
      end += std::max<size_t>(by_letter > same ? by_letter - same : 0, suffix_leap_[same]);
    }
    return kNowhere;
  }

  template <bool kIgnoreCase>
  static uint8_t letter(uint8_t byte) {
    return kIgnoreCase ? kUpperCase[byte] : byte;
  }

  // How far a letter's last place lies from the pattern's end.
  void prepare_letters() {
    const size_t size = pattern_.size();
    letter_leap_.fill(static_cast<uint8_t>(size));
    for (size_t i = 0; i + 1 < size; ++i) {
      const auto leap = static_cast<uint8_t>(size - 1 - i);
      letter_leap_[pattern_[i]] = leap;
      if (ignore_case_) letter_leap_[lower_case(pattern_[i])] = leap;
    }
  }

  // By the number of bytes that agreed: how far the pattern moves until they agree again and the byte before them is
  // another one. Found from the borders of the pattern's suffixes, each suffix named by where it begins.
  void prepare_suffixes() {
    const size_t size = pattern_.size();
    std::vector<size_t> border(size + 1), leap(size + 1);
    size_t inner = size + 1;
    border[size] = inner;
    for (size_t outer = size; outer > 0; --outer) {
      while (inner <= size && pattern_[outer - 1] != pattern_[inner - 1]) {
        if (leap[inner] == 0) leap[inner] = inner - outer;
        inner = border[inner];
      }
      border[outer - 1] = --inner;
    }
    size_t widest = border[0];
    for (size_t start = 0; start <= size; ++start) {
      if (leap[start] == 0) leap[start] = widest;
      if (start == widest) widest = border[widest];
    }
    suffix_leap_.resize(size);
    suffix_leap_[0] = 1;
    for (size_t same = 1; same < size; ++same) suffix_leap_[same] = static_cast<uint8_t>(leap[size - same]);
  }

  std::vector<uint8_t> pattern_;
  bool ignore_case_;
  std::array<uint8_t, 256> letter_leap_ = {};
  std::vector<uint8_t> suffix_leap_;
};

}  // namespace sallyport
