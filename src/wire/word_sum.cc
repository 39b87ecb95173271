// Sums over headers and payloads.

#include "wire/word_sum.h"

#include <cstring>

#include "sallyport/bytes.h"
#include "wire/per_processor.h"

namespace sallyport {
namespace {

// Below this a header is summed before a wider copy has begun.
constexpr size_t kLong = 128;

SALLYPORT_PER_PROCESSOR uint64_t sum_of_words(const uint8_t* bytes, size_t words) {
  uint64_t sum = 0;
  for (size_t i = 0; i < words; ++i) sum += load_raw32(bytes + 4 * i);
  return sum;
}

}  // namespace

uint64_t word_sum(std::span<const uint8_t> bytes) {
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  uint64_t sum = 0;
  if (left >= kLong) {
    sum = sum_of_words(at, left / 4);
    at += left / 4 * 4;
    left %= 4;
  }
  for (; left >= 4; at += 4, left -= 4) sum += load_raw32(at);
  uint32_t tail = 0;
  if (left != 0) std::memcpy(&tail, at, left);
  return sum + tail;
}

}  // namespace sallyport
