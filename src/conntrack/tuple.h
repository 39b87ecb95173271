// From a packet to the tuple of its connection, and a tuple turned round.
#pragma once

#include <cstdint>
#include <optional>

#include "sallyport/connection.h"

namespace sallyport {

// None where the packet shows none: a later fragment, a header that is cut off.
std::optional<Tuple> tuple_of(const Packet& packet, uint16_t zone);
// The tuple that answers have. None where there can be none: an ICMP type that is no query.
std::optional<Tuple> inverted(const Tuple& tuple);
// Of the packet that an ICMP error quotes, whose IP header begins `offset` bytes into the packet.
std::optional<Tuple> quoted_tuple(const Packet& error, uint32_t offset, uint16_t zone);

// Where the transport header of that packet begins, which need not be there. None: a later fragment, a header cut off.
struct QuotedTransport {
  uint8_t protocol = 0;
  uint32_t offset = 0;
};
std::optional<QuotedTransport> quoted_transport(const Packet& error, uint32_t offset);

// Whether the protocol's two numbers are ports: what NAT may change, and what conntrack(8) calls sport and dport.
constexpr bool has_ports(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kUdplite || protocol == kSctp;
}
constexpr bool is_icmp(const Tuple& tuple) { return tuple.protocol == (tuple.family == Family::Ipv4 ? kIcmp : kIcmp6); }
inline bool is_icmp(const Packet& packet) {
  return packet.protocol == (packet.family == Family::Ipv4 ? kIcmp : kIcmp6);
}
// ICMP's query types are tracked as type*256+code.
constexpr uint8_t icmp_type(const Tuple& tuple) { return static_cast<uint8_t>(tuple.destination_id >> 8); }
constexpr uint8_t icmp_code(const Tuple& tuple) { return static_cast<uint8_t>(tuple.destination_id); }

}  // namespace sallyport
