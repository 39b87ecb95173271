// Changing a packet's headers in place, checksums kept right the way the kernel does it.
#pragma once

#include <cstdint>

#include "sallyport/packet.h"
#include "wire/checksum.h"

namespace sallyport {

// IPv4's time to live or IPv6's hop limit; the IPv4 checksum follows incrementally.
inline void set_ttl(Packet& packet, uint8_t ttl) {
  uint8_t* const ip = packet.data();
  if (packet.family == Family::Ipv6) {
    ip[7] = ttl;
    return;
  }
  const uint16_t before = load_be16(ip + 8);
  ip[8] = ttl;
  store_be16(ip + 10, checksum_update(load_be16(ip + 10), before, load_be16(ip + 8)));
}

// The whole TOS byte or traffic class.
void set_tos(Packet& packet, uint8_t tos);
// The IP header's length field from packet.length, its checksum with it. A payload that the field cannot say is zero
// in IPv6 (a jumbo payload) and cut to 16 bits in IPv4.
void set_length(Packet& packet);
// A 16-bit word of the transport header at `offset` from its start, the transport checksum updated incrementally
// (a UDP checksum of zero stays zero). The word must be present.
void set_transport_word(Packet& packet, uint32_t offset, uint16_t value);

}  // namespace sallyport
