// The block-structured capture file: the numbers in it. draft-ietf-opsawg-pcapng.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

enum class BlockType : uint32_t {
  Interface = 1,
  ObsoletePacket = 2,
  SimplePacket = 3,
  EnhancedPacket = 6,
  Section = 0x0a0d0d0a,  // the same in both byte orders
};
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;

constexpr size_t kBlockFrameBytes = 12;  // type, length, length again at the end
constexpr size_t kBlockHeadBytes = 8;    // type, length
constexpr size_t kSectionBytes = 28;     // a section block without options
constexpr size_t kInterfaceBytes = 20;
constexpr size_t kPacketHeadBytes = 28;  // an enhanced or obsolete packet block, up to the packet's bytes
constexpr size_t kSimpleHeadBytes = 12;

constexpr uint16_t kOptionEnd = 0;
constexpr uint16_t kOptionComment = 1;
constexpr uint16_t kOptionPacketFlags = 2;     // of packet blocks
constexpr uint16_t kOptionInterfaceName = 2;   // of interface blocks
constexpr uint16_t kOptionTimeResolution = 9;  // of interface blocks
constexpr uint16_t kOptionTimeOffset = 14;     // of interface blocks
constexpr uint16_t kOptionApplication = 4;     // of section blocks

// Blocks and options are padded to 32 bits.
constexpr size_t padded(size_t length) { return (length + 3) & ~size_t{3}; }

}  // namespace sallyport
