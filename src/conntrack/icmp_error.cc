// ICMP errors and the connections that they are about. Counterpart of nf_conntrack_inet_error() in
// net/netfilter/nf_conntrack_proto_icmp.c.

#include "conntrack/icmp_error.h"

#include <cstring>

#include "conntrack/tuple.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeader = 8;
constexpr uint8_t kHighestIcmpType = 18;

bool is_error(Family family, uint8_t type) {
  if (family == Family::Ipv6) return type < 128;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// Multicast listener queries and reports, router and neighbour discovery.
bool needs_no_tracking(Family family, uint8_t type) {
  return family == Family::Ipv6 && ((type >= 130 && type <= 136) || type == 143);
}

[[gnu::cold]] IcmpJudgement refuse(const IcmpContext& context, RefusalReason reason, uint8_t type, uint32_t found = 0,
                                   uint32_t bound = 0) {
  context.refusal = {.reason = reason, .flags = type, .found = found, .bound = bound};
  return IcmpJudgement::Invalid;
}

// An error belongs to a connection when the packet that it quotes `offset` bytes into its own header does, and when it
// goes to whom that packet came from.
IcmpJudgement judge_error(Packet& packet, uint32_t offset, const IcmpContext& context) {
  auto quoted = quoted_tuple(packet, packet.transport_offset + offset, 0);
  if (quoted && quoted->protocol == kGre) {
    const auto place = quoted_transport(packet, packet.transport_offset + offset);
    context.calls.complete(*quoted, place ? packet.at(place->offset, 8) : nullptr);
  }
  const auto wanted = quoted ? inverted(*quoted) : std::nullopt;
  Direction direction = Direction::Original;
  Connection* connection = wanted ? context.table.find(*wanted, context.zone, context.now, direction) : nullptr;
  const uint8_t type = *packet.transport(1);
  if (connection == nullptr) {
    return refuse(context, wanted ? RefusalReason::IcmpUnrelated : RefusalReason::IcmpUnreadable, type);
  }
  const Tuple tuple = connection->tuple(direction);
  if (std::memcmp(packet.destination_bytes(), tuple.destination.data(), address_bytes(packet.family)) != 0) {
    refuse(context, RefusalReason::IcmpMisaddressed, type);
    context.refusal.quoted = tuple.destination_address();
    return IcmpJudgement::Invalid;
  }
  packet.connection = connection;
  set_packet_state(packet, PacketState::Related, direction);
  return IcmpJudgement::Related;
}

constexpr uint8_t kRedirectType = 137;

bool is_redirect(Family family, uint8_t type) { return family == Family::Ipv6 && type == kRedirectType; }

// ICMPv6's redirect quotes in an option, and only a router on the link may send one (RFC 4861 8.1).
IcmpJudgement judge_redirect(Packet& packet, const IcmpContext& context) {
  constexpr uint32_t kRedirect = 40, kOption = 8;
  constexpr uint8_t kFromThisLink = 255, kQuote = 4;
  const uint8_t* redirect = packet.transport(kRedirect);
  if (redirect == nullptr) return refuse(context, RefusalReason::IcmpShort, kRedirectType, packet.transport_length());
  if (redirect[1] != 0) return IcmpJudgement::Query;
  const bool link_local = packet.source_bytes()[0] == 0xfe && (packet.source_bytes()[1] & 0xc0) == 0x80;
  if (packet.ttl() != kFromThisLink || !link_local) {
    return refuse(context, RefusalReason::IcmpRedirect, kRedirectType, packet.ttl());
  }
  const uint8_t* option = packet.transport(kRedirect + 2);
  if (option == nullptr || option[kRedirect + 1] == 0) {
    return refuse(context, RefusalReason::IcmpUnreadable, kRedirectType);
  }
  if (option[kRedirect] != kQuote) return IcmpJudgement::Query;
  return judge_error(packet, kRedirect + kOption, context);
}

}  // namespace

IcmpJudgement judge_icmp(Packet& packet, const IcmpContext& context) {
  const uint8_t* header = packet.transport(kHeader);
  if (header == nullptr) return refuse(context, RefusalReason::IcmpShort, 0, packet.transport_length());
  if (context.verify && !packet.checksum_trusted && transport_checksum_state(packet) == ChecksumState::Wrong) {
    return refuse(context, RefusalReason::IcmpChecksum, header[0], load_be16(header + 2));
  }
  const uint8_t type = header[0];
  if (packet.family == Family::Ipv4 && type > kHighestIcmpType) {
    return refuse(context, RefusalReason::IcmpUnknownType, type, 0, kHighestIcmpType);
  }
  if (needs_no_tracking(packet.family, type)) {
    set_packet_state(packet, PacketState::Untracked, Direction::Original);
    return IcmpJudgement::Untracked;
  }
  if (is_redirect(packet.family, type)) return judge_redirect(packet, context);
  return is_error(packet.family, type) ? judge_error(packet, kHeader, context) : IcmpJudgement::Query;
}

}  // namespace sallyport
