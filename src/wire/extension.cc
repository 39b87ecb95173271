// The walks along IPv6's extension headers, each as lenient as its counterpart: ipv6_find_hdr() in
// net/ipv6/exthdrs_core.c, find_prev_fhdr() in net/ipv6/netfilter/nf_conntrack_reasm.c, ip6_find_1stfragopt() in
// net/ipv6/output_core.c. Each header is 8 bytes at least and must begin inside the packet, which bounds every walk.

#include "wire/extension.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kNextHeader = 6;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kRoutingFixedPart = 4;  // what the kernel reads of a routing header to go on behind it
constexpr uint32_t kFarthest = 65535;

constexpr bool ends_chain(uint8_t header) { return !is_extension(header); }

}  // namespace

TransportPlace find_transport(const Packet& packet) {
  TransportPlace place{.protocol = packet.data()[kNextHeader]};
  uint32_t offset = kIpv6Header;
  while (!ends_chain(place.protocol)) {
    const uint8_t* const header = packet.at(offset, place.protocol == kRouting ? kRoutingFixedPart : 2);
    if (header == nullptr) return place;
    if (place.protocol == kFragment) {
      const uint8_t* const fragment = packet.at(offset, 4);
      if (fragment == nullptr) return place;
      const uint16_t word = load_be16(fragment + 2);
      place.more_fragments |= (word & 1) != 0;
      if ((word & ~7) != 0) {
        place.fragment_offset = word & 0xfff8;
        place.offset = static_cast<uint16_t>(offset);
        if (!ends_chain(header[0])) return place;
        place.protocol = header[0];
        place.state = Transport::LaterFragment;
        return place;
      }
      offset += kFragmentHeader;
    } else {
      offset += extension_bytes(place.protocol, header);
    }
    place.protocol = header[0];
  }
  // A chain that points past the packet's end has a known protocol all the same, and no byte of its header.
  if (offset > kFarthest && packet.captured() > kFarthest) return place;
  place.offset = static_cast<uint16_t>(std::min(offset, kFarthest));
  place.state = Transport::Present;
  return place;
}

void set_transport(Packet& packet) {
  const TransportPlace place = find_transport(packet);
  packet.protocol = place.protocol;
  packet.transport_state = place.state;
  packet.transport_offset = place.offset;
  packet.fragment_offset = place.fragment_offset;
  packet.more_fragments = place.more_fragments;
}

std::optional<FragmentHeader> find_fragment_header(const Packet& packet) {
  FragmentHeader place{.next_header_at = kNextHeader, .offset = kIpv6Header};
  for (uint8_t type = packet.data()[kNextHeader]; type != kFragment;) {
    const uint8_t* const header = packet.at(place.offset, 2);
    if (ends_chain(type) || header == nullptr) return std::nullopt;
    place.next_header_at = place.offset;
    place.offset += extension_bytes(type, header);
    type = header[0];
  }
  if (place.offset > packet.length) return std::nullopt;
  return place;
}

std::optional<FragmentHeader> find_unfragmentable_end(const Packet& packet) {
  FragmentHeader place{.next_header_at = kNextHeader, .offset = kIpv6Header};
  bool routing_seen = false;
  while (place.offset <= packet.length) {
    const uint8_t type = packet.data()[place.next_header_at];
    if (type != kHopByHop && type != kRouting && type != kDestinationOptions) return place;
    if (type == kDestinationOptions && routing_seen) return place;
    routing_seen |= type == kRouting;
    const uint8_t* const header = packet.at(place.offset, 2);
    if (header == nullptr) return std::nullopt;
    const uint32_t bytes = extension_bytes(type, header);
    if (place.offset + bytes >= kFarthest) return std::nullopt;
    place.next_header_at = place.offset;
    place.offset += bytes;
  }
  return std::nullopt;
}

}  // namespace sallyport
