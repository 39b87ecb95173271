// Comparisons that several matches share.
#pragma once

#include <cstdint>

namespace sallyport {

enum class Compare : uint8_t { Equal, NotEqual, Less, Greater };

constexpr bool holds(Compare compare, uint64_t left, uint64_t right) {
  switch (compare) {
    case Compare::Equal:
      return left == right;
    case Compare::NotEqual:
      return left != right;
    case Compare::Less:
      return left < right;
    case Compare::Greater:
      return left > right;
  }
  return false;
}

}  // namespace sallyport
