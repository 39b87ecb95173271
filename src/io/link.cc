// Where the network packet of a frame begins, by link type: Ethernet and its VLAN tags, Linux cooked captures, raw IP,
// BSD loopback. Counterpart of eth_type_trans() and skb_vlan_untag(). IEEE 802.1Q; tcpdump.org/linktypes.html.

#include <bit>

#include "io/capture_reader.h"
#include "sallyport/bytes.h"
#include "sallyport/packet.h"

namespace sallyport {
namespace {

constexpr uint16_t kEtherIpv4 = 0x0800;
constexpr uint16_t kEtherIpv6 = 0x86dd;
// Smaller numbers in the type field are the length of an 802.3 frame.
constexpr uint16_t kSmallestEtherType = 0x0600;
constexpr uint32_t kMaxVlanTags = 8;
constexpr uint16_t kVlanIdMask = 0x0fff;

bool is_vlan_tag(uint16_t ether_type) {
  return ether_type == 0x8100 || ether_type == 0x88a8 || ether_type == 0x9100 || ether_type == 0x9200;
}

// From a frame that begins at `start.offset` with what `start.ether_type` says: past the VLAN tags.
void walk_tags(std::span<const uint8_t> frame, NetworkStart& start) {
  while (is_vlan_tag(start.ether_type)) {
    if (start.tags == kMaxVlanTags || frame.size() - start.offset < 4) {
      start.ether_type = 0;
      return;
    }
    const uint8_t* tag = frame.data() + start.offset;
    if (start.tags == 0) start.vlan = load_be16(tag) & kVlanIdMask;
    start.ether_type = load_be16(tag + 2);
    start.offset += 4;
    ++start.tags;
  }
  if (start.ether_type < kSmallestEtherType) start.ether_type = 0;
}

NetworkStart ethernet(std::span<const uint8_t> frame) {
  NetworkStart start;
  if (frame.size() < 14) return start;
  if ((frame[0] & 1) != 0) {
    const bool everybody = load_be32(frame.data()) == 0xffffffff && load_be16(frame.data() + 4) == 0xffff;
    start.packet_type = static_cast<uint8_t>(everybody ? PacketType::Broadcast : PacketType::Multicast);
  }
  start.offset = 14;
  start.ether_type = load_be16(frame.data() + 12);
  walk_tags(frame, start);
  return start;
}

// Both cooked forms have the kernel's packet type, of one or two bytes, and the protocol as an Ethernet type.
NetworkStart cooked(std::span<const uint8_t> frame, uint32_t header, uint16_t packet_type, uint16_t protocol,
                    uint32_t interface) {
  NetworkStart start;
  const bool outgoing = packet_type == static_cast<uint8_t>(PacketType::Outgoing);
  if (packet_type <= static_cast<uint8_t>(PacketType::Loopback)) start.packet_type = static_cast<uint8_t>(packet_type);
  start.direction = outgoing ? FrameDirection::Out : FrameDirection::In;
  start.offset = header;
  start.interface_index = interface;
  start.ether_type = protocol;
  walk_tags(frame, start);
  return start;
}

NetworkStart raw(std::span<const uint8_t> frame) {
  if (frame.empty()) return {};
  const int version = frame[0] >> 4;
  return {.ether_type = version == 4 ? kEtherIpv4 : version == 6 ? kEtherIpv6 : uint16_t{0}};
}

// Four bytes with the address family of the machine that captured, in its byte order or, for Loop, in the network's.
// Only IPv4 has the same number everywhere.
NetworkStart loopback(std::span<const uint8_t> frame) {
  if (frame.size() < 4) return {};
  uint32_t family = load_be32(frame.data());
  if (family > 0xffff) family = std::byteswap(family);
  NetworkStart start{.offset = 4};
  switch (family) {
    case 2:
      start.ether_type = kEtherIpv4;
      break;
    case 10:  // Linux
    case 23:  // Windows
    case 24:  // NetBSD, OpenBSD
    case 28:  // FreeBSD
    case 30:  // Darwin
      start.ether_type = kEtherIpv6;
      break;
    default:
      break;
  }
  return start;
}

}  // namespace

bool is_known(LinkType link) {
  switch (link) {
    case LinkType::Null:
    case LinkType::Ethernet:
    case LinkType::Raw:
    case LinkType::Loop:
    case LinkType::LinuxSll:
    case LinkType::Ipv4:
    case LinkType::Ipv6:
    case LinkType::LinuxSll2:
      return true;
  }
  return false;
}

LinkType link_type(uint16_t number) {
  // What BSD and Linux call DLT_RAW within a program; some programs write it into files.
  constexpr uint16_t kRawOnLinux = 12;
  constexpr uint16_t kRawOnOpenBsd = 14;
  return number == kRawOnLinux || number == kRawOnOpenBsd ? LinkType::Raw : LinkType{number};
}

NetworkStart walk_link_header(LinkType link, std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  switch (link) {
    case LinkType::Ethernet:
      return ethernet(frame);
    case LinkType::LinuxSll:
      return frame.size() < 16 ? NetworkStart{} : cooked(frame, 16, load_be16(bytes), load_be16(bytes + 14), 0);
    case LinkType::LinuxSll2:
      return frame.size() < 20 ? NetworkStart{} : cooked(frame, 20, bytes[10], load_be16(bytes), load_be32(bytes + 4));
    case LinkType::Raw:
      return raw(frame);
    case LinkType::Ipv4:
      return {.ether_type = kEtherIpv4};
    case LinkType::Ipv6:
      return {.ether_type = kEtherIpv6};
    case LinkType::Null:
    case LinkType::Loop:
      return loopback(frame);
  }
  return {};
}

}  // namespace sallyport
