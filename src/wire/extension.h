// IPv6's chain of extension headers (RFC 8200 4): where it ends, and where a fragment header stands in it.
#pragma once

#include <cstdint>
#include <optional>

#include "sallyport/packet.h"

namespace sallyport {

// What the kernel's chain walk passes by: hop-by-hop options, routing, fragment, AH, destination options.
constexpr bool is_extension(uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragment || header == kAh ||
         header == kDestinationOptions;
}

// The length in bytes that an extension header (not a fragment header) claims; `header` has 2 bytes.
constexpr uint32_t extension_bytes(uint8_t type, const uint8_t* header) {
  return type == kAh ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
}

// Where the chain ends. Missing: a header in it is cut off (`protocol` is that header), it ends beyond the first
// 64 kB of a larger packet, or it is that of a later fragment which goes on with another extension header: nobody can
// say what such a packet carries, and rules that ask for the protocol drop it. LaterFragment: `protocol` is what the
// fragment header says comes next.
struct TransportPlace {
  Transport state = Transport::Missing;
  uint8_t protocol = 0;
  uint16_t offset = 0;
  uint16_t fragment_offset = 0;  // in bytes, of the first fragment header that has one
  bool more_fragments = false;   // of any fragment header
};
TransportPlace find_transport(const Packet& packet);
// Writes what find_transport() finds into the packet's facts.
void set_transport(Packet& packet);

// A fragment header in the chain.
struct FragmentHeader {
  uint32_t next_header_at = 0;  // where the byte lies that announces it
  uint32_t offset = 0;          // of the fragment header
};
// The first fragment header that may be followed by others; none where the chain has none or is cut before it. Its
// bytes need not all be there.
std::optional<FragmentHeader> find_fragment_header(const Packet& packet);

// Where the part that each fragment repeats ends (RFC 8200 4.5): behind hop-by-hop options, a routing header and
// destination options before one. `next_header_at` names what comes there. None: cut off, or too long.
std::optional<FragmentHeader> find_unfragmentable_end(const Packet& packet);

}  // namespace sallyport
