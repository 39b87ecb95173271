// Whether the bytes of a packet are IP at all, as the kernel asks before netfilter sees it. Counterparts: ip_rcv_core()
// in net/ipv4/ip_input.c, ip6_rcv_core() in net/ipv6/ip6_input.c. RFC 791, RFC 8200.

#include "wire/parse.h"

#include "wire/checksum.h"
#include "wire/extension.h"
#include "wire/hop_by_hop.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kIpv6Header = 40;

// The length of the network packet on the wire: more than what is present where the capture was cut.
uint32_t bytes_on_wire(const Packet& packet) {
  const auto link = static_cast<uint32_t>(packet.link_header().size());
  const uint32_t said = packet.link_original_length > link ? packet.link_original_length - link : 0;
  return said > packet.captured() ? said : packet.captured();
}

Malformed parse_ipv4(Packet& packet, Arrival arrival) {
  const uint8_t* const ip = packet.at(0, kIpv4Header);
  if (ip == nullptr) return Malformed::Truncated;
  const uint32_t header = (ip[0] & 15) * 4u;
  if (header < kIpv4Header || packet.at(0, header) == nullptr) return Malformed::HeaderLength;
  if (arrival != Arrival::UserSpace && checksum({ip, header}) != 0) return Malformed::HeaderChecksum;
  const uint16_t length = load_be16(ip + 2);
  if (length > bytes_on_wire(packet)) return Malformed::Truncated;
  if (length < header) return Malformed::TotalLength;

  const uint16_t fragment = load_be16(ip + 6);
  packet.truncate(length);
  packet.length = length;
  packet.transport_offset = static_cast<uint16_t>(header);
  packet.fragment_offset = static_cast<uint16_t>(fragment << 3);
  packet.more_fragments = (fragment & 0x2000) != 0;
  packet.protocol = ip[9];
  packet.family = Family::Ipv4;
  packet.transport_state = packet.fragment_offset == 0 ? Transport::Present : Transport::LaterFragment;
  return Malformed::None;
}

bool is_loopback(const uint8_t* address) {
  static constexpr uint8_t kLoopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(address, kLoopback, sizeof kLoopback) == 0;
}

bool is_multicast(const uint8_t* address) { return address[0] == 0xff; }
uint8_t multicast_scope(const uint8_t* address) { return address[1] & 15; }

// RFC 4291: 2.5.3 (loopback), 2.7 (multicast; scope 0 is reserved, scope 1 does not leave the machine).
bool addresses_are_possible(const uint8_t* ip, Arrival arrival) {
  const uint8_t* const source = ip + 8;
  const uint8_t* const destination = ip + 24;
  if (is_multicast(source)) return false;
  if (is_multicast(destination) && multicast_scope(destination) == 0) return false;
  if (arrival == Arrival::LoopbackInterface) return true;
  if (is_loopback(source) || is_loopback(destination)) return false;
  return !(is_multicast(destination) && multicast_scope(destination) == 1);
}

// A payload length of zero in front of hop-by-hop options leaves the length to the jumbo option, or to the frame.
Malformed ipv6_length(Packet& packet, const uint8_t* ip) {
  const uint32_t present = bytes_on_wire(packet);
  const uint32_t payload = load_be16(ip + 4);
  packet.length = present;
  if (payload != 0 || ip[6] != kHopByHop) {
    if (payload + kIpv6Header > present) return Malformed::Truncated;
    packet.length = payload + kIpv6Header;
  }
  packet.truncate(packet.length);
  return Malformed::None;
}

Malformed parse_ipv6(Packet& packet, Arrival arrival) {
  const uint8_t* const ip = packet.at(0, kIpv6Header);
  if (ip == nullptr) return Malformed::Truncated;
  const bool judged = arrival == Arrival::UserSpace;
  if (!judged && !addresses_are_possible(ip, arrival)) return Malformed::Address;
  if (const Malformed reason = ipv6_length(packet, ip); reason != Malformed::None) return reason;
  packet.family = Family::Ipv6;
  const bool options_fine = judged || ip[6] != kHopByHop || check_hop_by_hop(packet) == HopByHop::Fine;

  set_transport(packet);
  return options_fine ? Malformed::None : Malformed::Options;
}

}  // namespace

Malformed parse_fully(Packet& packet, Arrival arrival) {
  const uint8_t* const first = packet.at(0, 1);
  if (first == nullptr) return Malformed::Truncated;
  const uint8_t version = *first >> 4;
  if (version == 4 && !link_layer_contradicts(packet, 0x0800)) return parse_ipv4(packet, arrival);
  if (version == 6 && !link_layer_contradicts(packet, 0x86dd)) return parse_ipv6(packet, arrival);
  return Malformed::Version;
}

std::string_view malformed_name(Malformed reason) {
  constexpr std::string_view kNames[] = {"none",         "truncated",       "version", "header length",
                                         "total length", "header checksum", "address", "options"};
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace sallyport
