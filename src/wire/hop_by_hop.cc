// Which hop-by-hop options a packet may carry. Counterparts: ipv6_parse_hopopts(), ip6_parse_tlv() in
// net/ipv6/exthdrs.c. RFC 8200 4.2, RFC 2675 (jumbo), RFC 2711 (router alert), RFC 5570 (CALIPSO),
// RFC 9486 (IOAM).

#include "wire/hop_by_hop.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kMostPadding = 7;
constexpr uint32_t kMostOptions = 8;  // net.ipv6.max_hbh_opts_number

// Codes of ICMPv6's parameter problem (RFC 4443 3.4).
constexpr uint8_t kWrongField = 0, kUnknownOption = 2;

enum Option : uint8_t { kPad1 = 0, kPadN = 1, kRouterAlert = 5, kCalipso = 7, kIoam = 0x31, kJumbo = 0xc2 };

bool is_all_zero(const uint8_t* bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

// A payload of more than 64 kB. The packet is cut to it.
HopByHop take_jumbo(Packet& packet, const uint8_t* option, uint32_t offset, HopByHopFault& fault) {
  if (option[1] != 4 || (offset & 3) != 2) return HopByHop::Dropped;
  const uint32_t payload = load_be32(option + 2);
  fault = {kWrongField, payload <= 65535 ? offset + 2 : offset};
  if (payload <= 65535 || load_be16(packet.data() + 4) != 0) return HopByHop::Unknown;
  if (payload > packet.length - kIpv6Header) return HopByHop::Dropped;
  packet.length = payload + kIpv6Header;
  packet.truncate(packet.length);
  return HopByHop::Fine;
}

// The two highest bits of an option that nobody knows say what to do with the packet.
HopByHop unknown_option(const Packet& packet, uint8_t type) {
  const bool to_multicast = packet.destination_bytes()[0] == 0xff;
  switch (type >> 6) {
    case 0:
      return HopByHop::Fine;
    case 1:
      return HopByHop::Dropped;
    case 2:
      return HopByHop::Unknown;
    default:
      return to_multicast ? HopByHop::Dropped : HopByHop::Unknown;
  }
}

HopByHop check_option(Packet& packet, const uint8_t* option, uint32_t offset, HopByHopFault& fault) {
  switch (option[0]) {
    case kRouterAlert:
      return option[1] == 2 ? HopByHop::Fine : HopByHop::Dropped;
    case kJumbo:
      return take_jumbo(packet, option, offset, fault);
    case kCalipso:
      return HopByHop::Dropped;  // a label of a domain that this machine was not told of
    case kIoam:
      return (offset & 3) == 0 ? HopByHop::Fine : HopByHop::Dropped;
    default:
      fault = {kUnknownOption, offset};
      return unknown_option(packet, option[0]);
  }
}

}  // namespace

HopByHop check_hop_by_hop(Packet& packet, HopByHopFault* fault) {
  const bool cut_by_snap_length = packet.captured() < packet.length;
  const uint8_t* const header = packet.at(kIpv6Header, 8);
  if (header == nullptr) return cut_by_snap_length ? HopByHop::Fine : HopByHop::Dropped;
  const uint32_t end = kIpv6Header + (header[1] + 1u) * 8;
  if (end > packet.length) return HopByHop::Dropped;
  if (end > packet.captured()) return HopByHop::Fine;  // what is not there cannot be judged

  uint32_t padding = 0, options = 0;
  for (uint32_t offset = kIpv6Header + 2; offset < end;) {
    const uint8_t* const option = packet.data() + offset;
    const uint32_t left = end - offset;
    if (option[0] == kPad1) {
      if (++padding > kMostPadding) return HopByHop::Dropped;
      ++offset;
      continue;
    }
    if (left < 2 || option[1] + 2u > left) return HopByHop::Dropped;
    const uint32_t bytes = option[1] + 2u;
    if (option[0] == kPadN) {
      padding += bytes;
      if (padding > kMostPadding || !is_all_zero(option + 2, bytes - 2)) return HopByHop::Dropped;
    } else {
      if (++options > kMostOptions) return HopByHop::Dropped;
      HopByHopFault here;
      const HopByHop answer = check_option(packet, option, offset, here);
      if (answer == HopByHop::Unknown && fault != nullptr) *fault = here;
      if (answer != HopByHop::Fine) return answer;
      padding = 0;
    }
    offset += bytes;
  }
  return HopByHop::Fine;
}

}  // namespace sallyport
