// Numbers of a capture file, in whichever byte order its writer had.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace sallyport {

// Reads numbers of a file written on a machine of the same (Swapped = false) or the other byte order.
template <bool Swapped>
struct FileNumbers {
  static uint16_t u16(const uint8_t* bytes) { return load<uint16_t>(bytes); }
  static uint32_t u32(const uint8_t* bytes) { return load<uint32_t>(bytes); }
  static uint64_t u64(const uint8_t* bytes) { return load<uint64_t>(bytes); }

 private:
  template <class Number>
  static Number load(const uint8_t* bytes) {
    Number value;
    std::memcpy(&value, bytes, sizeof value);
    return Swapped ? std::byteswap(value) : value;
  }
};

}  // namespace sallyport
