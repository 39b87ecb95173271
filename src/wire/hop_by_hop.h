// IPv6's hop-by-hop options, which the kernel reads before PREROUTING.
#pragma once

#include <cstdint>

#include "sallyport/packet.h"

namespace sallyport {

enum class HopByHop : uint8_t {
  Dropped,  // silently
  Unknown,  // an option that asks for an ICMPv6 parameter problem
  Fine,
};

// Judges the options behind the fixed header and takes a jumbo payload's length over into packet.length.
HopByHop check_hop_by_hop(Packet& packet);

}  // namespace sallyport
