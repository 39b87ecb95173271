// The Internet checksum against a dumb sum, incremental against whole, and what each transport covers.

#include "wire/checksum.h"

#include <gtest/gtest.h>

#include <random>

#include "support/packets.h"
#include "wire/crc32c.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using test::Bytes;

// RFC 1071, word by word.
uint16_t dumb_checksum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

TEST(Checksum, EqualsTheDumbSumAtEveryLengthAndOffset) {
  std::mt19937 random(1);
  Bytes bytes(300);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random() % 4 == 0 ? 0xff : random());
  for (size_t offset = 0; offset < 9; ++offset) {
    for (size_t size = 0; offset + size <= bytes.size(); ++size) {
      const std::span<const uint8_t> range(bytes.data() + offset, size);
      ASSERT_EQ(checksum(range), dumb_checksum(range)) << offset << " " << size;
    }
  }
}

TEST(Checksum, LargePacketsOfOnesDoNotOverflow) {
  const Bytes bytes(65535, 0xff);
  EXPECT_EQ(checksum(bytes), dumb_checksum(bytes));
}

TEST(Checksum, IsContinuedAcrossRangesOfEvenLength) {
  const Bytes bytes = test::hex("0102 fffe 8000 7fff ffff 1234 ab");
  for (size_t cut = 0; cut < bytes.size(); cut += 2) {
    const std::span<const uint8_t> all(bytes);
    EXPECT_EQ(checksum_finish(checksum_add(all.subspan(cut), checksum_add(all.first(cut)))), dumb_checksum(bytes));
  }
}

TEST(Checksum, UpdateEqualsAWholeSumForEveryWord) {
  Bytes bytes = test::hex("4500 003c 1c46 4000 4006 0000 ac10 0a63 ac10 0a0c");
  store_be16(&bytes[10], checksum(bytes));
  for (uint32_t word = 0; word <= 0xffff; ++word) {
    Bytes changed = bytes;
    store_be16(&changed[8], static_cast<uint16_t>(word));
    store_be16(&changed[10], checksum_update(load_be16(&bytes[10]), 0x4006, static_cast<uint16_t>(word)));
    ASSERT_EQ(checksum(changed), 0) << word;
  }
}

TEST(Checksum, UpdateTreatsTheTwoZerosAsRfc1624Says) {
  EXPECT_EQ(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);  // the example of RFC 1624, section 4
}

// Payloads that a transport sums up, per protocol, in both families.
struct TransportCase {
  const char* name;
  uint8_t protocol;
  Family family;
  const char* bytes;
};
constexpr TransportCase kTransportCases[] = {
    {"TCP", kTcp, Family::Ipv4, "0001000200000001000000005002ffff00000000616263"},
    {"TCP6", kTcp, Family::Ipv6, "0001000200000001000000005002ffff00000000616263"},
    {"UDP", kUdp, Family::Ipv4, "00010002000c000061626364"},
    {"UDP6", kUdp, Family::Ipv6, "00010002000c000061626364"},
    {"UDP-Lite, all", kUdplite, Family::Ipv4, "000100020000000061626364"},
    {"UDP-Lite, its header", kUdplite, Family::Ipv6, "000100020008000061626364"},
    {"ICMP", kIcmp, Family::Ipv4, "0800000000010002616263"},
    {"ICMPv6", kIcmp6, Family::Ipv6, "8000000000010002616263"},
    {"SCTP", kSctp, Family::Ipv4, "00010002000000010000000001000014000000010000ffff000100010000000a"},
    {"DCCP, all", kDccp, Family::Ipv4, "000100020400000000000000000000016162"},
    {"DCCP, header and four bytes", kDccp, Family::Ipv6, "0001000204020000000000000000000161626364656667"},
};

Packet transport_packet(const TransportCase& c) {
  const Bytes bytes = test::hex(c.bytes);
  return c.family == Family::Ipv4 ? test::ip4("192.0.2.1 > 198.51.100.2", c.protocol, bytes)
                                  : test::ip6("2001:db8::1 > 2001:db8::2", c.protocol, bytes);
}

TEST(TransportChecksum, WhatIsWrittenIsRight) {
  for (const TransportCase& c : kTransportCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(transport_checksum_state(transport_packet(c)), ChecksumState::Right);
  }
}

TEST(TransportChecksum, EveryBitThatIsCoveredCounts) {
  for (const TransportCase& c : kTransportCases) {
    SCOPED_TRACE(c.name);
    Packet packet = transport_packet(c);
    for (uint32_t at = packet.transport_offset; at < packet.length; ++at) {
      packet.data()[at] ^= 0x10;
      const bool coverage_field = (c.protocol == kUdplite && (at - packet.transport_offset) / 2 == 2) ||
                                  (c.protocol == kDccp && (at - packet.transport_offset) / 2 == 2);
      const bool uncovered = (c.protocol == kUdplite && c.family == Family::Ipv6 && at >= 48) ||
                             (c.protocol == kDccp && c.family == Family::Ipv6 && at >= 60);
      if (!coverage_field) {
        EXPECT_EQ(transport_checksum_state(packet), uncovered ? ChecksumState::Right : ChecksumState::Wrong) << at;
      }
      packet.data()[at] ^= 0x10;
    }
  }
}

TEST(TransportChecksum, AddressesAreCoveredExceptByIcmpAndSctp) {
  for (const TransportCase& c : kTransportCases) {
    SCOPED_TRACE(c.name);
    Packet packet = transport_packet(c);
    packet.data()[c.family == Family::Ipv4 ? 15 : 23] ^= 4;
    const bool bare = c.protocol == kIcmp || c.protocol == kSctp;
    EXPECT_EQ(transport_checksum_state(packet), bare ? ChecksumState::Right : ChecksumState::Wrong);
  }
}

TEST(TransportChecksum, KnownValuesMadeElsewhere) {
  // A DNS question and an echo request as the Linux kernel sends them.
  const Packet question = test::udp4("10.1.0.5:1 > 10.2.0.7:2", "hi");
  EXPECT_EQ(load_be16(question.data() + 26), 0x835f);
  const Packet question6 = test::udp6("[2001:db8:1::5]:1 > [2001:db8:2::7]:2", "hi");
  EXPECT_EQ(load_be16(question6.data() + 46), 0x3bed);
  const Bytes digits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(~crc32c_add(digits, ~0u), 0xe3069283u);  // the check value of CRC-32C
}

TEST(TransportChecksum, UdpNeverSendsZeroAndZeroMeansNone) {
  // Two ports that make the sum 0xffff, so that its complement would be zero.
  Bytes datagram = test::hex("0000000000080000");
  Packet packet = test::ip4("0.0.0.1 > 255.255.255.254", kUdp, datagram);
  for (uint32_t port = 0; port <= 0xffff; ++port) {
    store_be16(packet.data() + 20, static_cast<uint16_t>(port));
    set_transport_checksum(packet);
    ASSERT_NE(load_be16(packet.data() + 26), 0);
    ASSERT_EQ(transport_checksum_state(packet), ChecksumState::Right);
  }
  store_be16(packet.data() + 26, 0);
  EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Absent);
}

TEST(TransportChecksum, UdpliteCoverageOutsideThePacketIsWrong) {
  for (const uint16_t coverage : std::initializer_list<uint16_t>{1, 7, 13, 65535}) {
    Packet packet = test::ip4("192.0.2.1 > 192.0.2.2", kUdplite, test::hex("000100020000000061626364"));
    store_be16(packet.data() + 24, coverage);
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Wrong) << coverage;
  }
}

TEST(TransportChecksum, UnknownWhereItCannotBeKnown) {
  Packet first = test::udp4("192.0.2.1:1 > 192.0.2.2:2", "abcd");
  first.more_fragments = true;
  EXPECT_EQ(transport_checksum_state(first), ChecksumState::Unknown);
  Packet later = test::udp4("192.0.2.1:1 > 192.0.2.2:2", "abcd");
  later.transport_state = Transport::LaterFragment;
  EXPECT_EQ(transport_checksum_state(later), ChecksumState::Unknown);
  Packet cut = test::udp4("192.0.2.1:1 > 192.0.2.2:2", "abcd");
  cut.truncate(30);
  EXPECT_EQ(transport_checksum_state(cut), ChecksumState::Unknown);
  EXPECT_EQ(transport_checksum_state(test::ip4("192.0.2.1 > 192.0.2.2", kGre, test::hex("0000080000000000"))),
            ChecksumState::Unknown);
  EXPECT_EQ(transport_checksum_state(test::ip4("192.0.2.1 > 192.0.2.2", kIcmp6, test::hex("8000000000010002"))),
            ChecksumState::Unknown);
  EXPECT_EQ(transport_checksum_state(test::ip6("2001:db8::1 > 2001:db8::2", kIcmp, test::hex("0800000000010002"))),
            ChecksumState::Unknown);
  EXPECT_EQ(transport_checksum_state(test::ip4("192.0.2.1 > 192.0.2.2", kTcp, test::hex("0001000200000001"))),
            ChecksumState::Unknown);
}

}  // namespace
}  // namespace sallyport
