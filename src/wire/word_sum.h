// The sum that Internet checksums are made of.
#pragma once

#include <cstdint>
#include <span>

namespace sallyport {

// Of the bytes as 32-bit words as they lie, the last one filled up with zeros; the carry is kept, so that sums may be
// added and folded at the end. At most 2^33 bytes.
uint64_t word_sum(std::span<const uint8_t> bytes);

}  // namespace sallyport
