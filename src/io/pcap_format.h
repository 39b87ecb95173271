// The classic capture file: the numbers in it. draft-ietf-opsawg-pcap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

constexpr uint32_t kPcapMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kPcapNanoseconds = 0xa1b23c4d;
constexpr size_t kPcapHeadBytes = 24;
constexpr size_t kPcapRecordBytes = 16;  // before the packet's bytes
constexpr uint16_t kPcapMajor = 2;
constexpr uint16_t kPcapMinor = 4;

}  // namespace sallyport
