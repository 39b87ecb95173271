// Packets made from nothing but a recipe, and ICMP errors that quote their cause. Counterparts: icmp_send() in
// net/ipv4/icmp.c, icmp6_send() in net/ipv6/icmp.c. RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2, RFC 4443 2.4.

#include "wire/build.h"

#include <algorithm>

#include "wire/checksum.h"
#include "wire/extension.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kNextHeaderAt = 6;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kIcmpHeader = 8;
constexpr uint32_t kLargestError[2] = {576, 1280};
constexpr uint16_t kDontFragment = 0x4000;
// Errors are routing's own traffic: the precedence of internetwork control, the rest of the TOS as it came.
constexpr uint8_t kInternetworkControl = 0xc0;
constexpr uint8_t kTosBits = 0x1e;

void write_ipv4(Packet& packet, const PacketRecipe& recipe) {
  uint8_t* const ip = packet.data();
  ip[0] = 0x45;
  ip[1] = recipe.tos;
  store_be16(ip + 2, static_cast<uint16_t>(packet.length));
  store_be16(ip + 4, recipe.identification);
  store_be16(ip + 6, recipe.dont_fragment ? kDontFragment : 0);
  ip[8] = recipe.ttl;
  ip[9] = recipe.protocol;
  std::memcpy(ip + 12, recipe.source.bytes.data(), 4);
  std::memcpy(ip + 16, recipe.destination.bytes.data(), 4);
  store_be16(ip + 10, checksum({ip, kIpv4Header}));
}

void write_ipv6(Packet& packet, const PacketRecipe& recipe) {
  uint8_t* const ip = packet.data();
  store_be16(ip, static_cast<uint16_t>(0x6000 | recipe.tos << 4));
  store_be16(ip + 4, static_cast<uint16_t>(packet.length - kIpv6Header));
  ip[6] = recipe.protocol;
  ip[7] = recipe.ttl;
  std::memcpy(ip + 8, recipe.source.bytes.data(), 16);
  std::memcpy(ip + 24, recipe.destination.bytes.data(), 16);
}

// Not by parse(): addresses may still be missing.
void set_facts(Packet& packet, const PacketRecipe& recipe, uint32_t header) {
  packet.family = recipe.destination.family;
  packet.protocol = recipe.protocol;
  packet.transport_offset = static_cast<uint16_t>(header);
  packet.transport_state = Transport::Present;
  packet.link_original_length = packet.length;
}

bool names_many(const IpAddress& address) {
  return address.family == Family::Ipv4
             ? address.bytes[0] >= 224 && (address.bytes[0] < 240 || ~address.v4_number() == 0)
             : address.bytes[0] == 0xff;
}

// Types that ask or answer; every other ICMP type, unassigned ones too, counts as an error.
bool is_icmp_query(uint8_t type) {
  constexpr uint32_t kQueries = 1u << 0 | 1u << 8 | 0x3fu << 13;
  return type < 32 && (kQueries >> type & 1) != 0;
}

// Whether the last of IPv6's fragment headers says that this is a fragment.
bool is_fragment(const Packet& packet) {
  bool fragment = false;
  uint8_t type = packet.data()[kNextHeaderAt];
  for (uint32_t at = kIpv6Header; is_extension(type);) {
    const uint8_t* const header = packet.at(at, 4);
    if (header == nullptr) break;
    if (type == kFragment) fragment = load_be16(header + 2) != 0;
    at += type == kFragment ? kFragmentHeader : extension_bytes(type, header);
    type = header[0];
  }
  return fragment;
}

bool carries_icmp_error(const Packet& packet) {
  const bool ipv4 = packet.family == Family::Ipv4;
  if (packet.protocol != (ipv4 ? kIcmp : kIcmp6) || packet.transport_state != Transport::Present) return false;
  const uint8_t* const type = packet.transport(1);
  if (type == nullptr) return ipv4 || !is_fragment(packet);  // it might be one
  return ipv4 ? !is_icmp_query(*type) : *type < 128;
}

}  // namespace

Packet build_packet(const PacketRecipe& recipe, std::span<const uint8_t> transport) {
  const bool ipv4 = recipe.destination.family == Family::Ipv4;
  const uint32_t header = ipv4 ? kIpv4Header : kIpv6Header;
  Packet packet;
  packet.insert(0, header + static_cast<uint32_t>(transport.size()));
  if (!transport.empty()) std::memcpy(packet.data() + header, transport.data(), transport.size());
  ipv4 ? write_ipv4(packet, recipe) : write_ipv6(packet, recipe);
  set_facts(packet, recipe, header);
  set_transport_checksum(packet);
  return packet;
}

Packet build_icmp_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest) {
  const bool ipv4 = cause.family == Family::Ipv4;
  const uint32_t header = ipv4 ? kIpv4Header : kIpv6Header;
  const uint32_t room = kLargestError[ipv4 ? 0 : 1] - header - kIcmpHeader;
  const uint32_t quoted = std::min(cause.captured(), room);

  PacketRecipe recipe{.destination = cause.source(), .protocol = ipv4 ? kIcmp : kIcmp6};
  recipe.source.family = cause.family;
  if (ipv4) recipe.tos = static_cast<uint8_t>((cause.tos() & kTosBits) | kInternetworkControl);

  Packet packet;
  packet.insert(0, header + kIcmpHeader + quoted);
  uint8_t* const icmp = packet.data() + header;
  icmp[0] = type;
  icmp[1] = code;
  store_be32(icmp + 4, rest);
  std::memcpy(icmp + kIcmpHeader, cause.data(), quoted);
  ipv4 ? write_ipv4(packet, recipe) : write_ipv6(packet, recipe);
  set_facts(packet, recipe, header);
  set_transport_checksum(packet);
  return packet;
}

bool may_answer_with_icmp_error(const Packet& cause, bool sent_to_many_too) {
  if (cause.family == Family::Ipv4 && cause.fragment_offset != 0) return false;
  if (cause.source().is_unspecified() || names_many(cause.source())) return false;
  const bool sent_to_many = cause.type != PacketType::Unicast || names_many(cause.destination());
  if (sent_to_many && !sent_to_many_too) return false;
  return !carries_icmp_error(cause);
}

}  // namespace sallyport
