// Tuples. Counterpart of nf_ct_get_tuple() and nf_ct_invert_tuple() in net/netfilter/nf_conntrack_core.c.

#include "conntrack/tuple.h"

#include <cstring>
#include <utility>

#include "wire/extension.h"

namespace sallyport {
namespace {

// The answer's ICMP type; none for what is no query.
std::optional<uint8_t> answering_type(Family family, uint8_t type) {
  if (family == Family::Ipv4) {
    switch (type) {
      case 8:
        return 0;
      case 0:
        return 8;
      case 13:
        return 14;
      case 14:
        return 13;
      case 15:
        return 16;
      case 16:
        return 15;
      case 17:
        return 18;
      case 18:
        return 17;
      default:
        return std::nullopt;
    }
  }
  switch (type) {
    case 128:
      return 129;
    case 129:
      return 128;
    case 139:
      return 140;
    case 140:
      return 139;
    default:
      return std::nullopt;
  }
}

// Where the transport header of an IPv6 packet quoted at `offset` begins. Each step goes forward, so the packet bounds
// it.
std::optional<QuotedTransport> find_quoted_transport(const Packet& error, uint32_t offset) {
  constexpr uint32_t kFixed = 40;
  QuotedTransport found = {error.data()[offset + 6], offset + kFixed};
  while (is_extension(found.protocol)) {
    // No more of it need be there than says where the next one is.
    const bool fragment = found.protocol == kFragment;
    const uint8_t* header = error.at(found.offset, fragment ? 4 : 2);
    if (header == nullptr) return std::nullopt;
    if (fragment && (load_be16(header + 2) & 0xfff8) != 0) return std::nullopt;
    found.offset += fragment ? 8 : extension_bytes(found.protocol, header);
    found.protocol = header[0];
  }
  if (found.protocol == kNoNextHeader) return std::nullopt;
  return found;
}

// GRE of version 1 is PPTP's: one call key, and nothing but PPP in it. Other versions have no key.
bool set_gre_key(Tuple& tuple, const uint8_t* start, const uint8_t* whole) {
  constexpr uint8_t kVersionMask = 0x07, kPptpVersion = 1;
  constexpr uint16_t kPpp = 0x880b;
  if (start == nullptr || (start[1] & kVersionMask) != kPptpVersion || whole == nullptr) return true;
  if (load_be16(whole + 2) != kPpp) return false;
  tuple.destination_id = load_be16(whole + 6);
  return true;
}

// Fills in what the transport header identifies the flow by; its first four and eight bytes are null where it is
// shorter.
bool set_ids(Tuple& tuple, const uint8_t* four, const uint8_t* eight) {
  if (has_ports(tuple.protocol)) {
    if (four == nullptr) return false;
    tuple.source_id = load_be16(four);
    tuple.destination_id = load_be16(four + 2);
  } else if (tuple.protocol == kGre) {
    return set_gre_key(tuple, four, eight);
  } else if (is_icmp(tuple)) {
    if (eight == nullptr) return false;
    tuple.source_id = load_be16(eight + 4);
    tuple.destination_id = static_cast<uint16_t>(eight[0] << 8 | eight[1]);
  }
  return true;
}

}  // namespace

std::optional<Tuple> tuple_of(const Packet& packet, uint16_t zone) {
  if (packet.transport_state != Transport::Present) return std::nullopt;
  Tuple tuple;
  tuple.family = packet.family;
  tuple.protocol = packet.protocol;
  tuple.zone = zone;
  const size_t bytes = address_bytes(packet.family);
  std::memcpy(tuple.source.data(), packet.source_bytes(), bytes);
  std::memcpy(tuple.destination.data(), packet.destination_bytes(), bytes);
  if (!set_ids(tuple, packet.transport(4), packet.transport(8))) return std::nullopt;
  return tuple;
}

std::optional<Tuple> inverted(const Tuple& tuple) {
  Tuple other = tuple;
  std::swap(other.source, other.destination);
  if (is_icmp(tuple)) {
    const auto type = answering_type(tuple.family, icmp_type(tuple));
    if (!type) return std::nullopt;
    other.destination_id = static_cast<uint16_t>(*type << 8 | icmp_code(tuple));
    return other;
  }
  std::swap(other.source_id, other.destination_id);
  return other;
}

std::optional<QuotedTransport> quoted_transport(const Packet& error, uint32_t offset) {
  const uint8_t* header = error.at(offset, error.family == Family::Ipv4 ? 20 : 40);
  if (header == nullptr) return std::nullopt;
  if (error.family == Family::Ipv6) return find_quoted_transport(error, offset);
  constexpr uint16_t kOffsetMask = 0x1fff;
  if ((load_be16(header + 6) & kOffsetMask) != 0) return std::nullopt;
  return QuotedTransport{header[9], offset + (header[0] & 0xfu) * 4};
}

std::optional<Tuple> quoted_tuple(const Packet& error, uint32_t offset, uint16_t zone) {
  const uint32_t fixed = error.family == Family::Ipv4 ? 20 : 40;
  const uint8_t* header = error.at(offset, fixed);
  if (header == nullptr) return std::nullopt;
  Tuple tuple;
  tuple.family = error.family;
  tuple.zone = zone;
  const size_t bytes = address_bytes(error.family);
  const uint32_t addresses = error.family == Family::Ipv4 ? 12 : 8;
  std::memcpy(tuple.source.data(), header + addresses, bytes);
  std::memcpy(tuple.destination.data(), header + addresses + bytes, bytes);
  const auto found = quoted_transport(error, offset);
  if (!found) return std::nullopt;
  if (error.family == Family::Ipv4 && found->offset > error.captured()) return std::nullopt;
  tuple.protocol = found->protocol;
  if (!set_ids(tuple, error.at(found->offset, 4), error.at(found->offset, 8))) return std::nullopt;
  return tuple;
}

}  // namespace sallyport
