// A TCP header as the tracker reads it.
#pragma once

#include <cstdint>
#include <span>

#include "sallyport/packet.h"

namespace sallyport {

// What a segment is by its flags; the first that applies.
enum class TcpKind : uint8_t { Syn, SynAck, Fin, Ack, Rst, None };

// The fields in host order. A value; its options point into the packet.
class TcpSegment {
 public:
  // False: the header is cut off or says that it is longer than the packet.
  bool read(const Packet& packet) {
    const uint8_t* header = packet.transport(20);
    if (header == nullptr) return false;
    const uint32_t header_bytes = (header[12] >> 4) * 4u;
    const uint32_t whole = packet.transport_length();
    if (header_bytes < 20 || header_bytes > whole) return false;
    sequence = load_be32(header + 4);
    acknowledgement = load_be32(header + 8);
    window = load_be16(header + 14);
    flags = header[13];
    payload_bytes_ = whole - header_bytes;
    if (packet.transport(header_bytes) != nullptr) options_ = {header + 20, header_bytes - 20};
    return true;
  }

  bool fin() const { return (flags & 0x01) != 0; }
  bool syn() const { return (flags & 0x02) != 0; }
  bool rst() const { return (flags & 0x04) != 0; }
  bool ack() const { return (flags & 0x10) != 0; }

  TcpKind kind() const {
    if (rst()) return TcpKind::Rst;
    if (syn()) return ack() ? TcpKind::SynAck : TcpKind::Syn;
    if (fin()) return TcpKind::Fin;
    return ack() ? TcpKind::Ack : TcpKind::None;
  }

  // The combinations that a host can send; PSH, ECE and CWR go with any.
  bool flags_make_sense() const {
    constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kAck = 0x10, kUrg = 0x20;
    switch (flags & (kFin | kSyn | kRst | kAck | kUrg)) {
      case kSyn:
      case kSyn | kUrg:
      case kSyn | kAck:
      case kRst:
      case kRst | kAck:
      case kFin | kAck:
      case kFin | kAck | kUrg:
      case kAck:
      case kAck | kUrg:
        return true;
      default:
        return false;
    }
  }

  // The sequence number behind the last byte; SYN and FIN count as one each.
  uint32_t end() const { return sequence + payload_bytes_ + (syn() ? 1u : 0u) + (fin() ? 1u : 0u); }
  std::span<const uint8_t> options() const { return options_; }

  // Calls `take(option, value)` for each option until it answers false or the options make no sense.
  template <class Take>
  void each_option(Take&& take) const {
    constexpr uint8_t kEnd = 0, kNothing = 1;
    for (size_t at = 0; at < options_.size();) {
      const uint8_t option = options_[at];
      if (option == kEnd) return;
      if (option == kNothing) {
        ++at;
        continue;
      }
      if (options_.size() - at < 2) return;
      const size_t size = options_[at + 1];
      if (size < 2 || size > options_.size() - at) return;
      if (!take(option, options_.subspan(at + 2, size - 2))) return;
      at += size;
    }
  }

  // The highest right edge of the SACK blocks, at least `ack`.
  uint32_t highest_sack(uint32_t ack) const {
    constexpr uint8_t kSack = 5;
    each_option([&](uint8_t option, std::span<const uint8_t> value) {
      if (option != kSack || value.size() < 8 || value.size() % 8 != 0) return true;
      for (size_t at = 0; at < value.size(); at += 8) {
        const uint32_t edge = load_be32(value.data() + at + 4);
        if (static_cast<int32_t>(ack - edge) < 0) ack = edge;
      }
      return false;
    });
    return ack;
  }

  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint16_t window = 0;
  uint8_t flags = 0;

 private:
  uint32_t payload_bytes_ = 0;
  std::span<const uint8_t> options_ = {};
};

}  // namespace sallyport
