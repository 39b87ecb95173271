#include <gtest/gtest.h>

#include "sallyport/packet.h"
#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

constexpr auto kUnicast = static_cast<uint8_t>(PacketType::Unicast);
constexpr auto kBroadcast = static_cast<uint8_t>(PacketType::Broadcast);
constexpr auto kMulticast = static_cast<uint8_t>(PacketType::Multicast);
constexpr auto kOtherHost = static_cast<uint8_t>(PacketType::OtherHost);
constexpr auto kOutgoing = static_cast<uint8_t>(PacketType::Outgoing);

// "02000000000a 0800 45": hexadecimal digits; spaces are for the eye.
Bytes hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<uint8_t>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

constexpr std::string_view kMacs = "020000000001 020000000002 ";

struct EthernetCase {
  const char* what;
  std::string_view destination;
  std::string_view rest;
  uint32_t offset;
  uint16_t ether_type;
  uint16_t vlan;
  uint8_t packet_type;
};
constexpr EthernetCase kEthernetCases[] = {
    {"IPv4", "020000000001", "0800 45", 14, 0x0800, 0, kUnicast},
    {"IPv6 to a group", "333300000001", "86dd 60", 14, 0x86dd, 0, kMulticast},
    {"ARP to all", "ffffffffffff", "0806", 14, 0x0806, 0, kBroadcast},
    {"nearly all", "fffffffffffe", "0806", 14, 0x0806, 0, kMulticast},
    {"VLAN", "020000000001", "8100 f123 0800 45", 18, 0x0800, 0x123, kUnicast},
    {"priority tag only", "020000000001", "8100 e000 86dd 60", 18, 0x86dd, 0, kUnicast},
    {"QinQ", "020000000001", "88a8 0007 8100 0008 0800 45", 22, 0x0800, 7, kUnicast},
    {"older QinQ", "020000000001", "9100 0007 8100 0008 0800 45", 22, 0x0800, 7, kUnicast},
    {"eight tags", "020000000001",
     "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 8100 0006 8100 0007 8100 0008 0800 45", 46, 0x0800, 1,
     kUnicast},
    {"nine tags", "020000000001",
     "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 8100 0006 8100 0007 8100 0008 8100 0009 0800 45", 46, 0, 1,
     kUnicast},
    {"half a tag", "020000000001", "8100 0001 08", 14, 0, 0, kUnicast},
    {"802.3 length", "0180c2000000", "0026 424203", 14, 0, 0, kMulticast},
    {"802.3 length behind a tag", "0180c2000000", "8100 0005 0026 424203", 18, 0, 5, kMulticast},
    {"MPLS", "020000000001", "8847", 14, 0x8847, 0, kUnicast},
    {"half a type", "ffffffffffff", "08", 0, 0, 0, kUnicast},
};

TEST(FindNetwork, WalksEthernetAndItsTags) {
  for (const EthernetCase& each : kEthernetCases) {
    const Bytes frame = hex(std::string(each.destination) + "020000000002" + std::string(each.rest));
    const NetworkStart start = find_network(LinkType::Ethernet, frame);
    EXPECT_EQ(start.offset, each.offset) << each.what;
    EXPECT_EQ(start.ether_type, each.ether_type) << each.what;
    EXPECT_EQ(start.vlan, each.vlan) << each.what;
    EXPECT_EQ(start.packet_type, each.packet_type) << each.what;
    EXPECT_EQ(start.direction, FrameDirection::Unknown) << each.what;
  }
}

struct CookedCase {
  const char* what;
  LinkType link;
  std::string_view frame;
  uint32_t offset;
  uint16_t ether_type;
  uint16_t vlan;
  uint8_t packet_type;
  FrameDirection direction;
};
constexpr CookedCase kCookedCases[] = {
    {"v1 to us", LinkType::LinuxSll, "0000 0001 0006 0200000000010000 0800 45", 16, 0x0800, 0, kUnicast,
     FrameDirection::In},
    {"v1 broadcast", LinkType::LinuxSll, "0001 0001 0006 0200000000010000 0806", 16, 0x0806, 0, kBroadcast,
     FrameDirection::In},
    {"v1 to another", LinkType::LinuxSll, "0003 0001 0006 0200000000010000 86dd 60", 16, 0x86dd, 0, kOtherHost,
     FrameDirection::In},
    {"v1 outgoing", LinkType::LinuxSll, "0004 0001 0006 0200000000010000 0800 45", 16, 0x0800, 0, kOutgoing,
     FrameDirection::Out},
    {"v1 unknown type", LinkType::LinuxSll, "0109 0001 0006 0200000000010000 0800 45", 16, 0x0800, 0, kUnicast,
     FrameDirection::In},
    {"v1 tagged", LinkType::LinuxSll, "0000 0001 0006 0200000000010000 8100 0042 0800 45", 20, 0x0800, 0x42, kUnicast,
     FrameDirection::In},
    {"v1 802.2", LinkType::LinuxSll, "0000 0001 0006 0200000000010000 0004 4242", 16, 0, 0, kUnicast,
     FrameDirection::In},
    {"v1 short", LinkType::LinuxSll, "0004 0001 0006 0200000000010000 08", 0, 0, 0, kUnicast, FrameDirection::Unknown},
    {"v2 multicast", LinkType::LinuxSll2, "86dd 0000 00000003 0001 02 06 0200000000010000 60", 20, 0x86dd, 0,
     kMulticast, FrameDirection::In},
    {"v2 outgoing", LinkType::LinuxSll2, "0800 0000 00000003 0001 04 06 0200000000010000 45", 20, 0x0800, 0, kOutgoing,
     FrameDirection::Out},
    {"v2 tagged", LinkType::LinuxSll2, "8100 0000 00000003 0001 00 06 0200000000010000 0007 0800 45", 24, 0x0800, 7,
     kUnicast, FrameDirection::In},
    {"v2 short", LinkType::LinuxSll2, "0800 0000 00000003 0001 04 06 02000000000100", 0, 0, 0, kUnicast,
     FrameDirection::Unknown},
    {"raw 4", LinkType::Raw, "45", 0, 0x0800, 0, kUnicast, FrameDirection::Unknown},
    {"raw 6", LinkType::Raw, "60", 0, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"raw 5", LinkType::Raw, "50", 0, 0, 0, kUnicast, FrameDirection::Unknown},
    {"raw, empty", LinkType::Raw, "", 0, 0, 0, kUnicast, FrameDirection::Unknown},
    {"ipv4", LinkType::Ipv4, "45", 0, 0x0800, 0, kUnicast, FrameDirection::Unknown},
    {"ipv6", LinkType::Ipv6, "60", 0, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"null, little", LinkType::Null, "02000000 45", 4, 0x0800, 0, kUnicast, FrameDirection::Unknown},
    {"null, big", LinkType::Null, "00000002 45", 4, 0x0800, 0, kUnicast, FrameDirection::Unknown},
    {"null, Darwin", LinkType::Null, "1e000000 60", 4, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"null, FreeBSD", LinkType::Null, "1c000000 60", 4, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"loop, OpenBSD", LinkType::Loop, "00000018 60", 4, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"loop, Linux", LinkType::Loop, "0000000a 60", 4, 0x86dd, 0, kUnicast, FrameDirection::Unknown},
    {"null, another family", LinkType::Null, "07000000", 4, 0, 0, kUnicast, FrameDirection::Unknown},
    {"null, short", LinkType::Null, "020000", 0, 0, 0, kUnicast, FrameDirection::Unknown},
    {"not known", LinkType{147}, "4500", 0, 0, 0, kUnicast, FrameDirection::Unknown},
};

TEST(FindNetwork, ReadsCookedRawAndLoopbackHeaders) {
  for (const CookedCase& each : kCookedCases) {
    const NetworkStart start = find_network(each.link, hex(each.frame));
    EXPECT_EQ(start.offset, each.offset) << each.what;
    EXPECT_EQ(start.ether_type, each.ether_type) << each.what;
    EXPECT_EQ(start.vlan, each.vlan) << each.what;
    EXPECT_EQ(start.packet_type, each.packet_type) << each.what;
    EXPECT_EQ(start.direction, each.direction) << each.what;
  }
}

TEST(FindNetwork, CountsTagsAndTellsTheInterfaceIndex) {
  const NetworkStart tagged = find_network(LinkType::Ethernet, hex(std::string(kMacs) + "88a8 0007 8100 0008 0800 45"));
  EXPECT_EQ(tagged.tags, 2u);
  EXPECT_EQ(tagged.interface_index, 0u);
  const Bytes cooked = hex("0800 0000 01000003 0001 04 06 0200000000010000 45");
  EXPECT_EQ(find_network(LinkType::LinuxSll2, cooked).interface_index, 0x01000003u);
}

TEST(FindNetwork, NeverPointsBehindTheFrame) {
  const Bytes frame = hex(std::string(kMacs) + "8100 0001 88a8 0002 8100 0003 0800 45");
  for (const LinkType link : {LinkType::Null, LinkType::Ethernet, LinkType::Raw, LinkType::Loop, LinkType::LinuxSll,
                              LinkType::Ipv4, LinkType::Ipv6, LinkType::LinuxSll2}) {
    EXPECT_TRUE(is_known(link));
    for (size_t size = 0; size <= frame.size(); ++size) {
      EXPECT_LE(find_network(link, std::span(frame).first(size)).offset, size);
    }
  }
  EXPECT_FALSE(is_known(LinkType{147}));
}

}  // namespace
}  // namespace sallyport::test
