// The search that cannot be wrong, oracle of all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "content/letter_case.h"

namespace sallyport::test {

inline bool occurs_at(std::span<const uint8_t> pattern, std::span<const uint8_t> text, size_t at, bool ignore_case) {
  if (at + pattern.size() > text.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const uint8_t a = pattern[i], b = text[at + i];
    if (ignore_case ? kUpperCase[a] != kUpperCase[b] : a != b) return false;
  }
  return true;
}

// Where `pattern` first occurs in `text`, or SIZE_MAX.
inline size_t naive_find(std::span<const uint8_t> pattern, std::span<const uint8_t> text, bool ignore_case) {
  for (size_t at = 0; at + pattern.size() <= text.size(); ++at) {
    if (occurs_at(pattern, text, at, ignore_case)) return at;
  }
  return SIZE_MAX;
}

}  // namespace sallyport::test
