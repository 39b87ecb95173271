// IP headers to facts. Counterpart of ip_rcv_core(), ip6_rcv_core() and ipv6_find_hdr() in net/ipv4/ip_input.c and
// net/ipv6/{ip6_input,exthdrs,exthdrs_core}.c; RFC 791, RFC 8200.

#include "wire/parse.h"

#include <algorithm>

#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kIpv6Header = 40;
constexpr uint16_t kOffsetMask = 0x1fff;
constexpr uint16_t kMoreFragments = 0x2000;

// The bytes that the packet had on the wire, of which the capture may hold fewer.
uint32_t bytes_on_wire(const Packet& packet) {
  const auto link = static_cast<uint32_t>(packet.link_header().size());
  const uint32_t whole = packet.link_original_length > link ? packet.link_original_length - link : 0;
  return whole > packet.captured() ? whole : packet.captured();
}

Malformed parse_ipv4(Packet& packet) {
  const uint8_t* header = packet.at(0, kIpv4Header);
  if (header == nullptr) return Malformed::Truncated;
  const uint32_t header_bytes = (header[0] & 0xfu) * 4;
  if (header_bytes < kIpv4Header || header_bytes > packet.captured()) return Malformed::HeaderLength;
  if (checksum({header, header_bytes}) != 0) return Malformed::HeaderChecksum;
  const uint32_t total = load_be16(header + 2);
  if (total > packet.captured() && total > bytes_on_wire(packet)) return Malformed::Truncated;
  if (total < header_bytes) return Malformed::TotalLength;
  packet.truncate(total);
  const uint16_t fragment = load_be16(header + 6);
  packet.family = Family::Ipv4;
  packet.length = total;
  packet.protocol = header[9];
  packet.transport_offset = static_cast<uint16_t>(header_bytes);
  packet.fragment_offset = static_cast<uint16_t>((fragment & kOffsetMask) * 8);
  packet.more_fragments = (fragment & kMoreFragments) != 0;
  packet.transport_state = packet.fragment_offset == 0 ? Transport::Present : Transport::LaterFragment;
  return Malformed::None;
}

bool is_extension(uint8_t next) {
  return next == kHopByHop || next == kRouting || next == kFragment || next == kAh || next == kNoNextHeader ||
         next == kDestinationOptions;
}

// Follows the chain of extension headers to the transport header. Each step goes forward by 8 bytes at least, so the
// packet's length bounds it.
void find_transport(Packet& packet) {
  uint8_t next = packet.data()[6];
  uint32_t offset = kIpv6Header;
  packet.fragment_offset = 0;
  packet.more_fragments = false;
  packet.transport_state = Transport::Missing;
  while (is_extension(next) && next != kNoNextHeader) {
    const uint8_t* header = packet.at(offset, next == kFragment ? 4 : 2);
    if (header == nullptr) {
      packet.protocol = next;
      return;
    }
    if (next == kFragment) {
      const uint16_t word = load_be16(header + 2);
      packet.more_fragments = (word & 1) != 0;
      packet.fragment_offset = word & 0xfff8;
      if (packet.fragment_offset != 0) {
        // What lies behind a later fragment's header is no header, unless the kernel takes it for a further extension.
        packet.protocol = header[0];
        packet.transport_offset = static_cast<uint16_t>(offset + 8);
        if (!is_extension(header[0]) || header[0] == kNoNextHeader) packet.transport_state = Transport::LaterFragment;
        return;
      }
    }
    const uint32_t size = next == kFragment ? 8 : next == kAh ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
    next = header[0];
    offset += size;
  }
  packet.protocol = next;
  // A chain that points past the packet's end has a known protocol all the same, and no byte of its header.
  packet.transport_offset = static_cast<uint16_t>(std::min<uint32_t>(offset, UINT16_MAX));
  packet.transport_state = Transport::Present;
}

// Hop-by-hop options are judged before any hook sees the packet (RFC 8200, 4.2): what is unknown and says so is
// dropped.
class HopByHopOptions {
 public:
  HopByHopOptions(const uint8_t* options, uint32_t size) : options_(options), size_(size) {}

  // The jumbogram's length goes to `jumbo`.
  bool valid(uint32_t& jumbo) {
    uint32_t at = 2;
    int counted = 0;
    while (at < size_) {
      const uint8_t type = options_[at];
      if (type == kPad1) {
        if (++padding_ > kMostPadding) return false;
        ++at;
        continue;
      }
      if (size_ - at < 2 || options_[at + 1] + 2u > size_ - at) return false;
      const uint32_t length = options_[at + 1] + 2u;
      if (type == kPadN) {
        if (!padding_valid(at, length)) return false;
      } else {
        if (++counted > kMostOptions || !option_valid(type, at, length, jumbo)) return false;
        padding_ = 0;
      }
      at += length;
    }
    return true;
  }

 private:
  static constexpr uint8_t kPad1 = 0, kPadN = 1, kRouterAlert = 5, kJumbo = 0xc2;
  static constexpr uint32_t kMostPadding = 7;
  static constexpr int kMostOptions = 8;

  bool padding_valid(uint32_t at, uint32_t length) {
    padding_ += length;
    if (padding_ > kMostPadding) return false;
    for (uint32_t i = 2; i < length; ++i) {
      if (options_[at + i] != 0) return false;
    }
    return true;
  }

  bool option_valid(uint8_t type, uint32_t at, uint32_t length, uint32_t& jumbo) const {
    if (type == kRouterAlert) return length == 4;
    if (type == kJumbo) {
      if (length != 6 || (at & 3) != 2) return false;
      jumbo = load_be32(options_ + at + 2);
      return jumbo > 65535;
    }
    return (type & 0xc0) == 0;
  }

  const uint8_t* options_;
  uint32_t size_;
  uint32_t padding_ = 0;
};

Malformed parse_hop_by_hop(Packet& packet) {
  const uint8_t* start = packet.at(kIpv6Header, 8);
  if (start == nullptr) return Malformed::Options;
  const uint32_t size = (start[1] + 1u) * 8;
  const uint8_t* options = packet.at(kIpv6Header, size);
  if (options == nullptr) return Malformed::Options;
  uint32_t jumbo = 0;
  if (!HopByHopOptions(options, size).valid(jumbo)) return Malformed::Options;
  if (jumbo == 0) return Malformed::None;
  if (load_be16(packet.data() + 4) != 0 || jumbo > bytes_on_wire(packet) - kIpv6Header) return Malformed::Options;
  packet.length = jumbo + kIpv6Header;
  packet.truncate(packet.length);
  return Malformed::None;
}

Malformed parse_ipv6(Packet& packet) {
  const uint8_t* header = packet.at(0, kIpv6Header);
  if (header == nullptr) return Malformed::Truncated;
  packet.family = Family::Ipv6;
  const uint8_t* source = header + 8;
  const uint8_t* destination = header + 24;
  if (source[0] == 0xff || (destination[0] == 0xff && (destination[1] & 0xf) <= 1)) return Malformed::Address;
  const uint32_t payload = load_be16(header + 4);
  if (payload != 0 || header[6] != kHopByHop) {
    const uint32_t total = payload + kIpv6Header;
    if (total > packet.captured() && total > bytes_on_wire(packet)) return Malformed::Truncated;
    packet.truncate(total);
    packet.length = total;
  } else {
    packet.length = bytes_on_wire(packet);
  }
  if (header[6] == kHopByHop) {
    if (const Malformed reason = parse_hop_by_hop(packet); reason != Malformed::None) return reason;
  }
  find_transport(packet);
  return Malformed::None;
}

}  // namespace

std::string_view malformed_name(Malformed reason) {
  constexpr std::string_view kNames[] = {"none",         "truncated",       "version", "header length",
                                         "total length", "header checksum", "address", "options"};
  return kNames[static_cast<size_t>(reason)];
}

Malformed parse(Packet& packet) {
  const uint8_t* first = packet.at(0, 1);
  if (first == nullptr) return Malformed::Truncated;
  if (*first >> 4 == 4) return parse_ipv4(packet);
  if (*first >> 4 == 6) return parse_ipv6(packet);
  return Malformed::Version;
}

}  // namespace sallyport
