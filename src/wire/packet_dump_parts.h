// What the IPv4 and the IPv6 half of the packet dump share.
#pragma once

#include "wire/packet_dump.h"

namespace sallyport {

// The transport header at `offset` and nothing behind it. False: it was cut short and the dump ends here.
bool dump_transport(DumpLine& line, const Packet& packet, uint8_t protocol, bool later_fragment, uint32_t offset,
                    uint8_t flags);

// How many bytes there are of a header at `offset` that is not all there.
void dump_incomplete(DumpLine& line, const Packet& packet, uint32_t offset);

void dump_ipv6(DumpLine& line, const Packet& packet, uint32_t offset, uint8_t flags);

}  // namespace sallyport
