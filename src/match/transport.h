// How a match that judges a transport header gets at it.
#pragma once

#include "sallyport/hook.h"

namespace sallyport {

// The transport header if `count` bytes of it are there. Null for a later fragment, which no such match judges; null
// with context.drop_packet set where the header is cut off: who cannot judge a packet must not let it pass.
inline const uint8_t* transport_or_drop(const Packet& packet, HookContext& context, uint32_t count) {
  if (packet.fragment_offset != 0) [[unlikely]] {
    return nullptr;
  }
  const uint8_t* header = packet.transport(count);
  if (header == nullptr) [[unlikely]] {
    context.drop_packet = true;
  }
  return header;
}

// Where matches that never ask about fragments look for a header: of a later IPv4 fragment its first bytes, of a later
// IPv6 fragment, whose transport header nobody has found, the packet's very first.
inline const uint8_t* presumed_transport(const Packet& packet, uint32_t count) {
  const bool unknown = packet.family == Family::Ipv6 && packet.fragment_offset != 0;
  return packet.at(unknown ? 0 : packet.transport_offset, count);
}

}  // namespace sallyport
