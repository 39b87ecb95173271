// Bytes to facts: what the IP headers of a packet say. No policy.
#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/packet.h"

namespace sallyport {

// Why a packet is gone before PREROUTING, as ip_rcv() and ipv6_rcv() judge it. Nothing counts such a packet.
enum class Malformed : uint8_t {
  None,
  Truncated,       // shorter than the fixed header, or than its own length field says (and not by a snap length)
  Version,         // neither 4 nor 6, or not what the link layer says
  HeaderLength,    // IPv4: below 20, or longer than the packet
  TotalLength,     // IPv4: shorter than the header
  HeaderChecksum,  // IPv4
  Address,         // IPv6: a source or destination that no packet on a wire may have
  Options,         // IPv4 options or IPv6 hop-by-hop options that the kernel drops
};
std::string_view malformed_name(Malformed reason);

// Reads the IP header, IPv6's extension headers included, and sets the packet's facts (family, length, protocol,
// transport offset and state, fragment offset); cuts link-layer padding off. A packet whose capture was cut by its snap
// length (link_original_length says so) keeps the length of its header. Bounded by the packet's length.
Malformed parse(Packet& packet);

}  // namespace sallyport
