// The chain of IPv6 extension headers (RFC 8200), walked for one of them.

#include "match/ipv6_headers.h"

#include "sallyport/bytes.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6HeaderBytes = 40;
constexpr uint32_t kNextHeaderOffset = 6;
constexpr uint16_t kFragmentOffsetMask = 0xfff8;

bool continues_chain(uint8_t protocol) {
  return protocol == kHopByHop || protocol == kRouting || protocol == kFragment || protocol == kAh ||
         protocol == kDestinationOptions;
}

uint32_t header_bytes(uint8_t protocol, const uint8_t* header) {
  if (protocol == kFragment) return 8;
  if (protocol == kAh) return (header[1] + 2u) * 4;
  return (header[1] + 1u) * 8;
}

}  // namespace

FoundHeader find_ipv6_header(const Packet& packet, uint8_t protocol) {
  uint8_t next = packet.data()[kNextHeaderOffset];
  uint32_t offset = kIpv6HeaderBytes;
  // Each turn moves on by 8 bytes at least.
  while (offset <= packet.captured()) {
    if (!continues_chain(next)) {
      return next == protocol ? FoundHeader{HeaderSearch::Found, offset} : FoundHeader{HeaderSearch::Absent};
    }
    const uint8_t* header = packet.at(offset, next == kRouting ? 4 : 2);
    if (header == nullptr) return {HeaderSearch::Broken};
    if (next == kFragment) {
      const uint8_t* fragment = packet.at(offset, 4);
      if (fragment == nullptr) return {HeaderSearch::Broken};
      const bool later = (load_be16(fragment + 2) & kFragmentOffsetMask) != 0;
      if (later && next != protocol) return {HeaderSearch::Absent};
    }
    if (next == protocol) return {HeaderSearch::Found, offset};
    offset += header_bytes(next, header);
    next = header[0];
  }
  const bool known = !continues_chain(next) && next != protocol;
  return {known ? HeaderSearch::Absent : HeaderSearch::Broken};
}

}  // namespace sallyport
