// Frames in memory as the kernel's generator makes them (peers/kernel/generator.bpf.c): what both sides are given.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sallyport/bytes.h"

namespace sallyport::bench {

constexpr uint32_t kFrameSize = 60;
constexpr uint32_t kNetworkOffset = 14;

enum class FrameKind : uint8_t { Udp, Syn, SynAck, Ack };

// Ethernet, IPv4; UDP from 10.1.0.2:1024 on to 10.2.0.2:53 without UDP checksum, or TCP segments without data. Flow f
// has the source address 10.1.0.2 + f / 32768 and the source port 1024 + f % 32768; flows follow each other in steps of
// `stride`. `reply`: the answers to the flows, to their source or, where the router has mapped them, to `reply_to`.
class FrameRing {
 public:
  FrameRing(uint32_t frames, uint32_t flows, uint32_t stride, FrameKind kind = FrameKind::Udp, bool reply = false,
            uint32_t reply_to = 0)
      : FrameRing(frames, kFrameSize) {
    uint32_t flow = 0;
    for (uint32_t i = 0; i < frames; ++i) {
      make_frame(place_of(i), flow, kind, reply, reply_to);
      flow = (flow + stride) % flows;
    }
  }
  // UDP of one flow, a frame for each payload; all payloads have the size of the first.
  explicit FrameRing(std::span<const std::string_view> payloads)
      : FrameRing(static_cast<uint32_t>(payloads.size()), kHeaders + static_cast<uint32_t>(payloads[0].size())) {
    for (uint32_t i = 0; i < payloads.size(); ++i) {
      uint8_t* frame = place_of(i);
      make_frame(frame, 0, FrameKind::Udp, false);
      uint8_t* ip = frame + kNetworkOffset;
      store_be16(ip + 2, static_cast<uint16_t>(size_ - kNetworkOffset));
      store_be16(ip + 24, static_cast<uint16_t>(size_ - kNetworkOffset - 20));
      store_be16(ip + 10, 0);
      store_be16(ip + 10, sum_of(ip, 20, 0));
      std::memcpy(frame + kHeaders, payloads[i].data(), payloads[i].size());
    }
  }

  // UDP of as many sources as there are frames, from 11.0.0.0 on; each comes once, in an order without pattern where
  // their number is a power of two.
  static FrameRing of_sources(uint32_t sources) {
    FrameRing ring(sources, sources, 1);
    for (uint32_t i = 0; i < sources; ++i) {
      uint8_t* const ip = ring.place_of(i) + kNetworkOffset;
      store_be32(ip + 12, 0x0b000000 + i * 2654435761u % sources);
      store_be16(ip + 10, 0);
      store_be16(ip + 10, sum_of(ip, 20, 0));
    }
    return ring;
  }

  uint32_t frames() const { return static_cast<uint32_t>(bytes_.size() / step_); }
  std::span<const uint8_t> frame(uint32_t index) const { return {&bytes_[size_t{index} * step_], size_}; }

  // One frame alone.
  static void make_frame(uint8_t* frame, uint32_t flow, FrameKind kind, bool reply, uint32_t reply_to = 0) {
    constexpr uint8_t kStart[] = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 99, 8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17};
    std::memcpy(frame, kStart, sizeof kStart);
    uint8_t* ip = frame + kNetworkOffset;
    const uint32_t source = 0x0a010002 + flow / 32768, destination = 0x0a020002;
    const auto port = static_cast<uint16_t>(1024 + flow % 32768);
    store_be32(ip + 12, reply ? destination : source);
    store_be32(ip + 16, !reply ? destination : reply_to != 0 ? reply_to : source);
    store_be16(ip + 20, reply ? uint16_t{53} : port);
    store_be16(ip + 22, reply ? port : uint16_t{53});
    if (kind == FrameKind::Udp) {
      store_be16(ip + 24, 26);
    } else {
      finish_tcp(ip, kind, reply);
    }
    store_be16(ip + 10, sum_of(ip, 20, 0));
  }

 private:
  static constexpr uint32_t kCacheLine = 64;
  static constexpr uint32_t kHeaders = kNetworkOffset + 28;  // Ethernet, IPv4, UDP

  FrameRing(uint32_t frames, uint32_t size)
      : size_(size), step_((size + kCacheLine - 1) / kCacheLine * kCacheLine), bytes_(size_t{frames} * step_) {}
  uint8_t* place_of(uint32_t index) { return &bytes_[size_t{index} * step_]; }

  static uint16_t sum_of(const uint8_t* bytes, uint32_t size, uint32_t sum) {
    for (uint32_t i = 0; i < size; i += 2) sum += load_be16(bytes + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16)));
  }

  static void finish_tcp(uint8_t* ip, FrameKind kind, bool reply) {
    constexpr uint8_t kTcp = 6;
    const uint32_t ours = reply ? 0x20000000 : 0x10000000, theirs = reply ? 0x10000000 : 0x20000000;
    ip[3] = 40;
    ip[9] = kTcp;
    uint8_t* tcp = ip + 20;
    store_be32(tcp + 4, kind == FrameKind::Ack ? ours : ours - 1);
    store_be32(tcp + 8, kind == FrameKind::Syn ? 0 : theirs);
    tcp[12] = 0x50;
    tcp[13] = kind == FrameKind::Syn ? 0x02 : kind == FrameKind::SynAck ? 0x12 : 0x10;
    store_be16(tcp + 14, 65535);
    uint32_t pseudo = kTcp + 20;
    for (uint32_t i = 12; i < 20; i += 2) pseudo += load_be16(ip + i);
    store_be16(tcp + 16, sum_of(tcp, 20, pseudo));
  }

  uint32_t size_;
  uint32_t step_;  // each frame begins a cache line
  std::vector<uint8_t> bytes_;
};

}  // namespace sallyport::bench
