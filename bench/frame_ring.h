// Frames in memory as the kernel's generator makes them (peers/kernel/generator.bpf.c): what both sides are given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sallyport/bytes.h"

namespace bench {

constexpr uint32_t kFrameSize = 60;
constexpr uint32_t kNetworkOffset = 14;

// Ethernet, IPv4, UDP from 10.1.0.2:1024 on to 10.2.0.2:53 without UDP checksum. Flow f has the source address
// 10.1.0.2 + f / 32768 and the source port 1024 + f % 32768; flows follow each other in steps of `stride`.
class FrameRing {
 public:
  FrameRing(uint32_t frames, uint32_t flows, uint32_t stride) : bytes_(size_t{frames} * kStep) {
    uint32_t flow = 0;
    for (uint32_t i = 0; i < frames; ++i) {
      make_frame(&bytes_[size_t{i} * kStep], flow);
      flow = (flow + stride) % flows;
    }
  }

  uint32_t frames() const { return static_cast<uint32_t>(bytes_.size() / kStep); }
  std::span<const uint8_t> frame(uint32_t index) const { return {&bytes_[size_t{index} * kStep], kFrameSize}; }

 private:
  static constexpr uint32_t kStep = 64;  // one cache line each

  static void make_frame(uint8_t* frame, uint32_t flow) {
    constexpr uint8_t kStart[] = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 99, 8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17};
    std::memcpy(frame, kStart, sizeof kStart);
    uint8_t* ip = frame + kNetworkOffset;
    sallyport::store_be32(ip + 12, 0x0a010002 + flow / 32768);
    sallyport::store_be32(ip + 16, 0x0a020002);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 20; i += 2) sum += sallyport::load_be16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sallyport::store_be16(ip + 10, static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16))));
    sallyport::store_be16(ip + 20, static_cast<uint16_t>(1024 + flow % 32768));
    sallyport::store_be16(ip + 22, 53);
    sallyport::store_be16(ip + 24, 26);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace bench
