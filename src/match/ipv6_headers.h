// Finding one IPv6 extension header, for the matches that ask for it.
#pragma once

#include <cstdint>

#include "sallyport/packet.h"

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

}  // namespace sallyport
