// Changing a packet's headers in place, checksums kept right the way the kernel does it.
#pragma once

#include <cstdint>

#include "sallyport/packet.h"

namespace sallyport {

// IPv4's time to live or IPv6's hop limit; the IPv4 checksum follows incrementally.
void set_ttl(Packet& packet, uint8_t ttl);
// The whole TOS byte or traffic class.
void set_tos(Packet& packet, uint8_t tos);
// The IP header's length field from packet.length, its checksum with it.
void set_length(Packet& packet);
// A 16-bit word of the transport header at `offset` from its start, the transport checksum updated incrementally
// (a UDP checksum of zero stays zero). The word must be present.
void set_transport_word(Packet& packet, uint32_t offset, uint16_t value);

}  // namespace sallyport
