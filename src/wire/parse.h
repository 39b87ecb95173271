// Bytes to facts: what the IP headers of a packet say. No policy.
#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/packet.h"

namespace sallyport {

// Why a packet is gone before PREROUTING, as ip_rcv() and ipv6_rcv() judge it. Nothing counts such a packet.
enum class Malformed : uint8_t {
  None,
  Truncated,       // shorter than the fixed header, or than its own length field says (and not by a snap length)
  Version,         // neither 4 nor 6, or not what the link layer says
  HeaderLength,    // IPv4: below 20, or longer than the packet
  TotalLength,     // IPv4: shorter than the header
  HeaderChecksum,  // IPv4
  Address,         // IPv6: a source or destination that no packet on a wire may have
  Options,         // IPv6 hop-by-hop options that the kernel drops; IPv4's are judged behind PREROUTING (ip_options.h)
};
std::string_view malformed_name(Malformed reason);

// How the packet reached the machine. The loopback interface may carry addresses that no wire may; what comes back from
// user space has been judged before, so its header's checksum, addresses and options are not looked at again.
enum class Arrival : uint8_t { Wire, LoopbackInterface, UserSpace };

// What parse() does where its short path does not answer.
Malformed parse_fully(Packet& packet, Arrival arrival);

// The protocol number that the link header names ends it in these formats, whatever stands before.
inline bool link_layer_contradicts(const Packet& packet, uint16_t ether_type) {
  constexpr uint16_t kEthernet = 1, kLinuxCooked = 113;
  const auto header = packet.link_header();
  if (header.size() < 14 || (packet.link_type != kEthernet && packet.link_type != kLinuxCooked)) return false;
  const uint16_t said = load_be16(header.data() + header.size() - 2);
  return said != ether_type && (said == 0x0800 || said == 0x86dd);
}

// The sum of an IPv4 header without options is right.
inline bool plain_header_sums_up(const uint8_t* ip) {
  uint64_t sum = 0;
  for (int i = 0; i < 20; i += 4) sum += load_raw32(ip + i);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

// Reads the IP header, IPv6's extension headers included, and sets the packet's facts (family, length, protocol,
// transport offset and state, fragment offset); cuts link-layer padding off. A packet whose capture was cut by its snap
// length (link_original_length says so) keeps the length of its header. Bounded by the packet's length.
//
// The usual packet, IPv4 without options and all there, is read here, so that callers have it inlined.
inline Malformed parse(Packet& packet, Arrival arrival = Arrival::Wire) {
  packet.flow_hashed = false;
  const uint8_t* const ip = packet.at(0, 20);
  if (ip == nullptr || ip[0] != 0x45) [[unlikely]]
    return parse_fully(packet, arrival);
  const uint16_t length = load_be16(ip + 2);
  if (length < 20 || length > packet.captured() || !plain_header_sums_up(ip) || link_layer_contradicts(packet, 0x0800))
      [[unlikely]]
    return parse_fully(packet, arrival);
  const uint16_t fragment = load_be16(ip + 6);
  packet.truncate(length);
  packet.length = length;
  packet.transport_offset = 20;
  packet.fragment_offset = static_cast<uint16_t>(fragment << 3);
  packet.more_fragments = (fragment & 0x2000) != 0;
  packet.protocol = ip[9];
  packet.family = Family::Ipv4;
  packet.transport_state = (fragment & 0x1fff) == 0 ? Transport::Present : Transport::LaterFragment;
  return Malformed::None;
}

}  // namespace sallyport
