// Cutting a packet into fragments for an interface's MTU, as ip_do_fragment() and ip6_fragment() cut it.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/packet.h"

namespace sallyport {

// How a packet leaves an interface, as ip_finish_output() and ip6_finish_output() decide it.
enum class Departure : uint8_t {
  Whole,
  InPieces,  // by fragment(), each at most `piece_mtu` bytes
  TooLarge,  // and not to be cut: its sender is told the interface's MTU
};
struct DeparturePlan {
  Departure departure = Departure::TooLarge;
  uint32_t piece_mtu = 0;
};
// What was reassembled leaves no larger than it came (in IPv6, nothing is cut below 1280 bytes).
DeparturePlan plan_departure(const Packet& packet, uint32_t mtu);

// The pieces of `packet`, each at most `mtu` bytes, appended to `pieces` (whose capacity is reused). IPv4: options that
// are not copied become no-operations in later pieces. IPv6: a fragment header with `identification` is put in. Facts
// (mark, interfaces, time, number) are copied to each piece. False: not possible at this MTU; nothing appended.
//
// A reassembled packet leaves in the pieces that it came in where all of them fit, without DF; else it is cut anew.
// Where the capture has only a part of the packet, so it has of the pieces.
bool fragment(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces);

}  // namespace sallyport
