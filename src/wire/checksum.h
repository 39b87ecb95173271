// The Internet checksum (RFC 1071), whole and incremental (RFC 1624), and its use by the transports.
#pragma once

#include <cstdint>
#include <span>

#include "sallyport/packet.h"

namespace sallyport {

// One's complement sum of the bytes as big-endian words, not yet complemented; an odd last byte is padded with zero.
// `sum` continues an earlier one (which must have covered an even number of bytes).
uint32_t checksum_add(std::span<const uint8_t> bytes, uint32_t sum = 0);

// Folded and complemented, in host order: what is stored, big-endian, in a header.
inline uint16_t checksum_finish(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

// Of one range: checksum_finish(checksum_add(bytes)).
inline uint16_t checksum(std::span<const uint8_t> bytes) { return checksum_finish(checksum_add(bytes)); }

// The checksum after one 16-bit word that it covers changed. All in host order (RFC 1624, equation 3).
inline uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word) {
  return checksum_finish(0u + static_cast<uint16_t>(~checksum) + static_cast<uint16_t>(~old_word) + new_word);
}

// The pseudo-header's sum for `protocol` and `transport_bytes`, ready to be continued.
uint32_t pseudo_header_sum(const Packet& packet, uint8_t protocol, uint32_t transport_bytes);

// Writes the IPv4 header's checksum anew; nothing for IPv6.
void set_header_checksum(Packet& packet);
// Writes the transport checksum anew (TCP, UDP, UDP-Lite, ICMP, ICMPv6, SCTP's CRC32c, DCCP); others are left alone,
// and so is a packet that is a fragment or not all there.
void set_transport_checksum(Packet& packet);

// Right is what netfilter takes for right: over all that follows the IP headers, whatever a UDP header's own length
// says.
enum class ChecksumState : uint8_t {
  Wrong,
  Right,
  Absent,
  Unknown
};  // Absent: UDP 0; Unknown: cut, fragment, no checksum
ChecksumState transport_checksum_state(const Packet& packet);

// Where the Internet checksum lies in the transport header; 0: this protocol has none there (SCTP's is another kind,
// and each ICMP has one in its own family only).
constexpr uint32_t checksum_place(uint8_t protocol, Family family) {
  switch (protocol) {
    case kTcp:
      return 16;
    case kUdp:
    case kUdplite:
    case kDccp:
      return 6;
    case kIcmp:
      return family == Family::Ipv4 ? 2 : 0;
    case kIcmp6:
      return family == Family::Ipv6 ? 2 : 0;
    default:
      return 0;
  }
}

}  // namespace sallyport
