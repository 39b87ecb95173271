// Finding one IPv6 extension header, for the matches that ask for it.
#pragma once

#include <cstdint>
#include <span>

#include "sallyport/hook.h"

namespace sallyport {

enum class HeaderSearch : uint8_t { Broken, Absent, Found };

struct FoundHeader {
  HeaderSearch result = HeaderSearch::Absent;
  uint32_t offset = 0;  // from the network header; of Found
};

// Walks the chain of an IPv6 packet to the first header of that protocol. Broken: the chain is cut off before it is
// known; who asks drops the packet. Behind a fragment header that does not begin the datagram there is nothing.
// Counterpart of ipv6_find_hdr() in net/ipv6/exthdrs_core.c.
FoundHeader find_ipv6_header(const Packet& packet, uint8_t protocol);

// The header itself if `count` bytes of it are there. Null where the packet has none, and, with context.drop_packet
// set, where the chain or the header is cut off.
inline const uint8_t* ipv6_header_or_drop(const Packet& packet, HookContext& context, uint8_t protocol,
                                          uint32_t count) {
  const FoundHeader found = find_ipv6_header(packet, protocol);
  if (found.result == HeaderSearch::Absent) return nullptr;
  const uint8_t* header = found.result == HeaderSearch::Found ? packet.at(found.offset, count) : nullptr;
  if (header == nullptr) context.drop_packet = true;
  return header;
}

// A header of options or routing, as long as it says: 8 bytes at least. Empty where the packet has none, and, with
// context.drop_packet set, where the chain or the header is cut off.
inline std::span<const uint8_t> whole_ipv6_header_or_drop(const Packet& packet, HookContext& context,
                                                          uint8_t protocol) {
  const uint8_t* header = ipv6_header_or_drop(packet, context, protocol, 2);
  if (header == nullptr) return {};
  const uint32_t bytes = (header[1] + 1u) * 8;
  if (packet.at(static_cast<uint32_t>(header - packet.data()), bytes) != nullptr) return {header, bytes};
  context.drop_packet = true;
  return {};
}

}  // namespace sallyport
