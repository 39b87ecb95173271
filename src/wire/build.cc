// Packets that the engine makes. Counterpart of icmp_send() and icmp6_send() in net/ipv4/icmp.c and net/ipv6/icmp.c;
// RFC 792, RFC 1122 3.2.2, RFC 4443 2.4.

#include "wire/build.h"

#include <algorithm>
#include <vector>

#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIcmpHeader = 8;
constexpr size_t kMostIpv4Error = 576;
constexpr size_t kMostIpv6Error = 1280;
constexpr uint16_t kDontFragment = 0x4000;
// What the kernel keeps of the quoted packet's TOS, and the precedence that it gives errors.
constexpr uint8_t kTosMask = 0x1e;
constexpr uint8_t kInternetControl = 0xc0;

void write_ipv4_header(uint8_t* header, const PacketRecipe& recipe, size_t total) {
  header[0] = 0x45;
  header[1] = recipe.tos;
  store_be16(header + 2, static_cast<uint16_t>(total));
  store_be16(header + 4, recipe.identification);
  store_be16(header + 6, recipe.dont_fragment ? kDontFragment : 0);
  header[8] = recipe.ttl;
  header[9] = recipe.protocol;
  std::ranges::copy(recipe.source.view(), header + 12);
  std::ranges::copy(recipe.destination.view(), header + 16);
}

void write_ipv6_header(uint8_t* header, const PacketRecipe& recipe, size_t payload) {
  store_be32(header, 0x60000000u | static_cast<uint32_t>(recipe.tos) << 20);
  store_be16(header + 4, static_cast<uint16_t>(payload));
  header[6] = recipe.protocol;
  header[7] = recipe.ttl;
  std::ranges::copy(recipe.source.view(), header + 8);
  std::ranges::copy(recipe.destination.view(), header + 24);
}

bool is_multicast(const Packet& packet, const uint8_t* address) {
  return packet.family == Family::Ipv6 ? address[0] == 0xff : address[0] >> 4 == 0xe;
}

bool is_icmp_error(const Packet& packet) {
  const uint8_t* header = packet.transport(1);
  if (packet.family == Family::Ipv6) return packet.protocol == kIcmp6 && (header == nullptr || header[0] < 128);
  if (packet.protocol != kIcmp) return false;
  if (header == nullptr) return true;
  // Only echoes, time stamps, information and address masks are no errors: the kernel counts every other type as one.
  const uint8_t type = header[0];
  return type != 0 && type != 8 && (type < 13 || type > 18);
}

}  // namespace

Packet build_packet(const PacketRecipe& recipe, std::span<const uint8_t> transport) {
  const bool v6 = recipe.source.family == Family::Ipv6;
  const size_t header_bytes = v6 ? kIpv6Header : kIpv4Header;
  std::vector<uint8_t> bytes(header_bytes + transport.size());
  if (v6) {
    write_ipv6_header(bytes.data(), recipe, transport.size());
  } else {
    write_ipv4_header(bytes.data(), recipe, bytes.size());
  }
  std::ranges::copy(transport, bytes.begin() + static_cast<std::ptrdiff_t>(header_bytes));
  Packet packet;
  packet.assign(bytes, 0);
  packet.family = recipe.source.family;
  set_header_checksum(packet);
  parse(packet);
  set_transport_checksum(packet);
  return packet;
}

Packet build_icmp_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest) {
  const bool v6 = cause.family == Family::Ipv6;
  const size_t room = v6 ? kMostIpv6Error - kIpv6Header - kIcmpHeader : kMostIpv4Error - kIpv4Header - kIcmpHeader;
  const size_t quoted = std::min<size_t>(room, cause.captured());
  std::vector<uint8_t> transport(kIcmpHeader + quoted);
  transport[0] = type;
  transport[1] = code;
  store_be32(transport.data() + 4, rest);
  std::copy_n(cause.data(), quoted, transport.begin() + kIcmpHeader);
  PacketRecipe recipe;
  recipe.source.family = cause.family;
  recipe.destination = cause.source();
  recipe.protocol = v6 ? kIcmp6 : kIcmp;
  recipe.tos = v6 ? 0 : static_cast<uint8_t>((cause.tos() & kTosMask) | kInternetControl);
  return build_packet(recipe, transport);
}

bool may_answer_with_icmp_error(const Packet& cause) {
  if (cause.fragment_offset != 0 || is_icmp_error(cause)) return false;
  const uint8_t* source = cause.source_bytes();
  if (cause.source().is_unspecified() || is_multicast(cause, source)) return false;
  if (cause.type != PacketType::Unicast) return false;
  if (is_multicast(cause, cause.destination_bytes())) return false;
  constexpr uint32_t kBroadcast = 0xffffffff;
  return cause.family == Family::Ipv6 ||
         (load_be32(source) != kBroadcast && load_be32(cause.destination_bytes()) != kBroadcast);
}

}  // namespace sallyport
