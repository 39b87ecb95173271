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

// What a parameter problem says of a packet that is Unknown: its code, and the wrong byte from the header's start.
struct HopByHopFault {
  uint8_t code = 0;
  uint32_t pointer = 0;
};

// Judges the options behind the fixed header and takes a jumbo payload's length over into packet.length. Fills `fault`,
// where given, for Unknown.
HopByHop check_hop_by_hop(Packet& packet, HopByHopFault* fault = nullptr);

}  // namespace sallyport
