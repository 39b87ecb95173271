// Answers to packets that end here. Counterparts: nf_reject_ipv4.c, nf_reject_ipv6.c; RFC 9293 3.10.7.

#include "target/answer.h"

#include <array>
#include <cstring>

#include "sallyport/host.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

// Protocols whose payload has no Internet checksum over all of it. Everything else is expected to sum up.
bool has_own_integrity(uint8_t protocol) {
  return protocol == kGre || protocol == kEsp || protocol == kAh || protocol == kSctp || protocol == kUdplite;
}

// IPv6 addresses that a single host may have: not multicast, not unspecified, no mapped IPv4 address.
bool is_unicast6(const IpAddress& address) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::memcmp(address.bytes.data(), kMapped.data(), kMapped.size()) == 0;
  return address.bytes[0] != 0xff && !mapped && !address.is_unspecified();
}

}  // namespace

// For IPv4 the kernel sums the header too, which adds nothing as long as the header's own checksum is right; only
// TCP and UDP have a pseudo-header there.
bool checksum_holds(const Packet& packet) {
  const uint8_t protocol = packet.protocol;
  if (packet.checksum_trusted || has_own_integrity(protocol)) return true;
  if (packet.captured() < packet.length) return true;  // cut by the capture: nothing can be said
  const bool ipv4 = packet.family == Family::Ipv4;
  const uint8_t* const udp = packet.transport(8);
  if (protocol == kUdp && udp != nullptr && load_be16(udp + 6) == 0) return true;
  const bool pseudo = !ipv4 || protocol == kTcp || protocol == kUdp;
  const uint32_t sum = pseudo ? pseudo_header_sum(packet, protocol, packet.transport_length()) : 0;
  return checksum_finish(checksum_add(packet.bytes().subspan(ipv4 ? 0 : packet.transport_offset), sum)) == 0;
}

bool is_broadcast(const IpAddress& address, const HookContext& context) {
  if (context.router == nullptr) return false;
  const RouteType type = context.router->address_type(address);
  return type == RouteType::Broadcast || type == RouteType::Multicast;
}

const uint8_t* answerable_tcp(const Packet& packet, const HookContext& context) {
  const uint8_t* const tcp = packet.protocol == kTcp ? packet.transport(20) : nullptr;
  if (tcp == nullptr || (tcp[13] & tcp_flag::kRst) != 0 || !checksum_holds(packet)) return nullptr;
  const IpAddress from = packet.destination(), to = packet.source();
  const bool ipv6 = packet.family == Family::Ipv6;
  const bool to_many = ipv6 ? !is_unicast6(from) || !is_unicast6(to) : is_broadcast(from, context);
  return to_many ? nullptr : tcp;
}

TcpAnswer reset_of(const Packet& packet, const uint8_t* tcp) {
  using namespace tcp_flag;
  if ((tcp[13] & kAck) != 0) return {.sequence = load_be32(tcp + 8), .flags = kRst};
  // What would have come next: each of SYN and FIN takes a number. A header length below 20 is not looked at twice.
  const uint32_t taken =
      ((tcp[13] & kSyn) != 0) + ((tcp[13] & kFin) != 0) + packet.transport_length() - (tcp[12] >> 4) * 4u;
  return {.acknowledgement = load_be32(tcp + 4) + taken, .flags = kRst | kAck};
}

void send_tcp(const Packet& cause, const HookContext& context, const TcpAnswer& answer, PacketRecipe look) {
  const uint8_t* const tcp = cause.transport(20);
  std::array<uint8_t, 20> segment = {};
  std::memcpy(segment.data(), tcp + 2, 2);
  std::memcpy(segment.data() + 2, tcp, 2);
  store_be32(segment.data() + 4, answer.sequence);
  store_be32(segment.data() + 8, answer.acknowledgement);
  segment[12] = 5 << 4;
  segment[13] = answer.flags;
  store_be16(segment.data() + 14, answer.window);
  look.source = cause.destination();
  look.destination = cause.source();
  look.protocol = kTcp;
  look.dont_fragment = true;
  context.output->send(build_packet(look, segment), cause);
}

}  // namespace sallyport
