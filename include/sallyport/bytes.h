// Numbers in network byte order, read from and written to unaligned bytes. The byte order is in the name.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace sallyport {

static_assert(std::endian::native == std::endian::little, "sallyport is built for little-endian machines");

inline uint16_t load_be16(const uint8_t* bytes) {
  uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return std::byteswap(value);
}

inline uint32_t load_be32(const uint8_t* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return std::byteswap(value);
}

inline uint64_t load_be64(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return std::byteswap(value);
}

inline void store_be16(uint8_t* bytes, uint16_t value) {
  value = std::byteswap(value);
  std::memcpy(bytes, &value, sizeof value);
}

inline void store_be32(uint8_t* bytes, uint32_t value) {
  value = std::byteswap(value);
  std::memcpy(bytes, &value, sizeof value);
}

// The four bytes as they lie, for comparing under a mask that lies the same way.
inline uint32_t load_raw32(const uint8_t* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace sallyport
