// Packets that the engine makes: answers with the addresses of what they answer turned round.
#pragma once

#include <cstdint>
#include <span>

#include "sallyport/packet.h"

namespace sallyport {

// A network packet without link header, parsed, checksums right: an IP header (TTL 64 unless given, identification 0,
// DF as given) in front of `transport`. The transport checksum is written where the protocol has one.
struct PacketRecipe {
  IpAddress source = {};
  IpAddress destination = {};
  uint8_t protocol = 0;
  uint8_t ttl = 64;
  uint8_t tos = 0;
  bool dont_fragment = false;
  uint16_t identification = 0;
};
Packet build_packet(const PacketRecipe& recipe, std::span<const uint8_t> transport);

// The ICMP or ICMPv6 error `type`/`code` that quotes `cause`, `rest` being the header's second word (MTU, pointer), cut
// as the kernel cuts it (IPv4: 576 bytes in all; IPv6: 1280). Source unspecified: the sender fills it by route.
// Differs from the kernel: the IPv4 identification and the IPv6 flow label, random there, are 0, and the IPv4 options
// of `cause` are not echoed. Whether an error may be sent at all is the caller's question.
Packet build_icmp_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest);

// Whether `cause` may be answered by an ICMP error at all (RFC 1122 3.2.2, RFC 4443 2.4): not an ICMP error itself, not
// a later fragment of IPv4 (those of IPv6 are answered), not from a multicast or unspecified address or to a multicast
// one, not a frame that was addressed to others than this machine. Few errors answer what was `sent_to_many_too`.
bool may_answer_with_icmp_error(const Packet& cause, bool sent_to_many_too = false);

}  // namespace sallyport
