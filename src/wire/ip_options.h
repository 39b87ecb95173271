// IPv4's options as a router reads them between PREROUTING and the next hook.
#pragma once

#include <cstdint>

#include "sallyport/packet.h"

namespace sallyport {

struct OptionsJudged {
  enum class Kind : uint8_t {
    Malformed,    // answered by a parameter problem that points to `pointer`
    SourceRoute,  // well-formed, but asks for a way of its own
    Fine,
  };
  Kind kind = Kind::Malformed;
  uint8_t pointer = 0;  // Malformed: the wrong byte, from the header's start
  // Bytes of the header were cleared. Its checksum is wrong from here until the packet has passed FORWARD.
  bool changed = false;
};

// For a parsed IPv4 packet whose header is longer than 20 bytes.
OptionsJudged judge_ipv4_options(Packet& packet);

}  // namespace sallyport
