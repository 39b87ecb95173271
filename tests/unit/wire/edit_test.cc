// Header fields changed in place: the field, and a checksum that is right afterwards.

#include "wire/edit.h"

#include <gtest/gtest.h>

#include "support/packets.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

Packet datagram(Family family) {
  return family == Family::Ipv4 ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", "abcd", {.tos = 0x2b})
                                : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", "abcd", {.tos = 0x2b});
}

TEST(Edit, SetsEveryTtlAndTos) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Packet packet = datagram(family);
    for (unsigned value = 0; value < 512; ++value) {
      const auto byte = static_cast<uint8_t>(value * 77);
      set_ttl(packet, byte);
      set_tos(packet, static_cast<uint8_t>(~byte));
      ASSERT_EQ(parse(packet), Malformed::None);
      ASSERT_EQ(packet.ttl(), byte);
      ASSERT_EQ(packet.tos(), static_cast<uint8_t>(~byte));
    }
  }
}

TEST(Edit, LeavesTheFlowLabelAlone) {
  Packet packet = datagram(Family::Ipv6);
  store_be32(packet.data(), 0x62b54321);
  set_tos(packet, 0x10);
  EXPECT_EQ(load_be32(packet.data()), 0x61054321u);
}

TEST(Edit, SetsTheLengthField) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Packet packet = datagram(family);
    const uint32_t before = packet.length;
    packet.insert(before, 5);
    set_length(packet);
    ASSERT_EQ(parse(packet), Malformed::None);
    EXPECT_EQ(packet.length, before + 5);
    EXPECT_EQ(packet.captured(), before + 5);
  }
}

TEST(Edit, APayloadOverTheFieldIsAJumbosZero) {
  Packet packet = datagram(Family::Ipv6);
  packet.insert(packet.length, 65536);
  set_length(packet);
  EXPECT_EQ(load_be16(packet.data() + 4), 0);
}

struct WordCase {
  const char* name;
  uint8_t protocol;
  Family family;
  const char* bytes;
  uint32_t offset;
};
constexpr WordCase kWordCases[] = {
    {"TCP port", kTcp, Family::Ipv4, "0001000200000001000000005002ffff00000000", 2},
    {"TCP window", kTcp, Family::Ipv6, "0001000200000001000000005002ffff00000000", 14},
    {"TCP, odd offset", kTcp, Family::Ipv4, "0001000200000001000000006002ffff00000000 01020304", 21},
    {"UDP port", kUdp, Family::Ipv4, "00010002000c000061626364", 0},
    {"UDP-Lite port", kUdplite, Family::Ipv6, "000100020008000061626364", 2},
    {"ICMP identifier", kIcmp, Family::Ipv4, "0800000000010002", 4},
    {"ICMPv6 identifier", kIcmp6, Family::Ipv6, "8000000000010002", 4},
    {"DCCP port", kDccp, Family::Ipv4, "00010002040000000000000000000001", 0},
    {"SCTP port", kSctp, Family::Ipv4, "00010002000000010000000001000014000000010000ffff000100010000000a", 2},
};

TEST(Edit, TransportWordsKeepTheChecksumRight) {
  for (const WordCase& c : kWordCases) {
    SCOPED_TRACE(c.name);
    const test::Bytes bytes = test::hex(c.bytes);
    Packet packet = c.family == Family::Ipv4 ? test::ip4("192.0.2.1 > 198.51.100.2", c.protocol, bytes)
                                             : test::ip6("2001:db8::1 > 2001:db8::2", c.protocol, bytes);
    for (uint32_t value = 0; value <= 0xffff; value += 257) {
      set_transport_word(packet, c.offset, static_cast<uint16_t>(value));
      ASSERT_EQ(load_be16(packet.transport(20 > bytes.size() ? 8 : 20) + c.offset), value);
      ASSERT_EQ(transport_checksum_state(packet), ChecksumState::Right) << value;
    }
  }
}

TEST(Edit, AUdpDatagramWithoutChecksumStaysSo) {
  Packet packet = datagram(Family::Ipv4);
  store_be16(packet.data() + 26, 0);
  set_transport_word(packet, 2, 53);
  EXPECT_EQ(load_be16(packet.data() + 26), 0);
  EXPECT_EQ(load_be16(packet.data() + 22), 53);
}

TEST(Edit, AUdpChecksumNeverBecomesZero) {
  Packet packet = datagram(Family::Ipv4);
  for (uint32_t port = 0; port <= 0xffff; ++port) {
    set_transport_word(packet, 0, static_cast<uint16_t>(port));
    ASSERT_NE(load_be16(packet.data() + 26), 0);
  }
  EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right);
}

TEST(Edit, AWordThatIsNotThereChangesNothing) {
  Packet packet = datagram(Family::Ipv4);
  const test::Bytes before = test::bytes_of(packet);
  set_transport_word(packet, 11, 0xffff);
  EXPECT_EQ(test::bytes_of(packet), before);
}

}  // namespace
}  // namespace sallyport
