// The CRC-32C (Castagnoli) that SCTP uses as its checksum (RFC 9260, appendix A).
#pragma once

#include <cstdint>
#include <span>

namespace sallyport {

// Continues `crc`; start with ~0 and complement the end.
uint32_t crc32c_add(std::span<const uint8_t> bytes, uint32_t crc);

}  // namespace sallyport
