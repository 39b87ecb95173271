// Packets that the engine makes. The bytes of the ICMP errors are those of Linux 6.18, with the identification and the
// flow label, which it chooses at random, set to zero.

#include "wire/build.h"

#include <gtest/gtest.h>

#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using test::Bytes;

IpAddress address(const char* text) { return *parse_address(text); }

TEST(BuildPacket, MakesAHeaderInFrontOfTheTransport) {
  const Bytes payload = test::hex("000100020000000000000000500200000000 0000");
  Packet packet = build_packet({.source = address("192.0.2.1"),
                                .destination = address("198.51.100.2"),
                                .protocol = kTcp,
                                .ttl = 99,
                                .tos = 0x10,
                                .dont_fragment = true,
                                .identification = 0x1234},
                               payload);
  const Packet& made = packet;
  EXPECT_EQ(made.length, 40u);
  EXPECT_EQ(made.transport_state, Transport::Present);
  EXPECT_EQ(transport_checksum_state(made), ChecksumState::Right);
  Packet again = test::raw(packet.bytes());
  ASSERT_EQ(parse(again), Malformed::None);
  EXPECT_EQ(again.protocol, kTcp);
  EXPECT_EQ(again.ttl(), 99);
  EXPECT_EQ(again.tos(), 0x10);
  EXPECT_EQ(load_be32(again.data() + 4), 0x12344000u);
  EXPECT_EQ(again.source(), address("192.0.2.1"));
  EXPECT_EQ(again.destination(), address("198.51.100.2"));
}

TEST(BuildPacket, MakesAnIpv6Header) {
  Packet packet = build_packet({.source = address("2001:db8::1"),
                                .destination = address("2001:db8::2"),
                                .protocol = kUdp,
                                .ttl = 7,
                                .tos = 0xfe},
                               test::hex("0001000200080000"));
  Packet again = test::raw(packet.bytes());
  ASSERT_EQ(parse(again), Malformed::None);
  EXPECT_EQ(again.tos(), 0xfe);
  EXPECT_EQ(again.ttl(), 7);
  EXPECT_EQ(again.length, 48u);
  EXPECT_EQ(transport_checksum_state(again), ChecksumState::Right);
}

// An error without source: the sender fills it in and sums again.
std::string finished(Packet error, const char* source) {
  const IpAddress from = address(source);
  std::memcpy(error.data() + (error.source_bytes() - error.data()), from.bytes.data(), from.view().size());
  set_header_checksum(error);
  set_transport_checksum(error);
  return test::to_hex(error.bytes());
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

TEST(IcmpError, HasTheKernelsBytes) {
  const auto cause = [](uint8_t tos, uint8_t ttl, const char* flow = "10.1.0.5:1 > 10.2.0.7:2", uint16_t id = 7) {
    return test::udp4(flow, "hi", {.ttl = ttl, .tos = tos, .identification = id});
  };
  const std::string exceeded = finished(build_icmp_error(cause(0x2b, 1), 11, 0, 0), "10.1.0.1");
  EXPECT_EQ(exceeded, without_spaces("45ca003a00000000400165f2 0a0100010a010005 0b00092a00000000"
                                     "452b001e000700000111a58f0a0100050a020007 00010002000a835f6869"));
  const std::string all_tos_bits = finished(build_icmp_error(cause(0xff, 1), 11, 0, 0), "10.1.0.1");
  EXPECT_EQ(all_tos_bits.substr(0, 4), "45de");
  const std::string prohibited =
      finished(build_icmp_error(cause(0x10, 63, "10.1.0.5:1 > 10.2.0.7:99", 0), 3, 13, 0), "10.1.0.1");
  EXPECT_EQ(prohibited, without_spaces("45d0003a00000000400165ec 0a0100010a010005 030d111d00000000"
                                       "4510001e000000003f1167b10a0100050a020007 00010063000a82fe6869"));
  const std::string port =
      finished(build_icmp_error(cause(0x10, 64, "10.1.0.5:1 > 10.1.0.1:99", 0), 3, 3, 0), "10.1.0.1");
  EXPECT_EQ(port.substr(40, 16), "0303112000000000");
}

TEST(IcmpError, SaysTheMtu) {
  const Packet cause = test::udp4("10.1.0.5:1 > 10.2.0.7:2", std::string(2000, 'x'), {.dont_fragment = true});
  const Packet error = build_icmp_error(cause, 3, 4, 1500);
  EXPECT_EQ(error.length, 576u);
  EXPECT_EQ(test::to_hex({error.data() + 20, 8}), "03044f54000005dc");
}

TEST(IcmpError, HasTheKernelsBytesInIpv6) {
  Packet cause = test::udp6("[2001:db8:1::5]:1 > [2001:db8:2::7]:2", "hi", {.ttl = 1, .tos = 0x2b});
  store_be32(cause.data(), 0x62b12345);
  EXPECT_EQ(finished(build_icmp_error(cause, 3, 0, 0), "2001:db8:1::1"),
            without_spaces("60000000003a3a40 20010db8000100000000000000000001 20010db8000100000000000000000005"
                           "03000a2b00000000 62b12345000a1101 20010db8000100000000000000000005"
                           "20010db8000200000000000000000007 00010002000a3bed6869"));
}

TEST(IcmpError, QuotesAsMuchAsFitsIn1280BytesInIpv6) {
  const Packet cause = test::udp6("[2001:db8:1::5]:1 > [2001:db8:2::7]:2", std::string(2000, 'x'));
  const Packet error = build_icmp_error(cause, 2, 0, 1500);
  EXPECT_EQ(error.length, 1280u);
  EXPECT_EQ(load_be32(error.data() + 44), 1500u);
  EXPECT_EQ(test::to_hex({error.data() + 48, 8}), test::to_hex({cause.data(), 8}));
}

TEST(IcmpError, QuotesOnlyWhatTheCaptureHas) {
  Packet cause = test::udp4("10.1.0.5:1 > 10.2.0.7:2", std::string(2000, 'x'));
  cause.truncate(100);
  EXPECT_EQ(build_icmp_error(cause, 11, 0, 0).length, 128u);
}

// Which ICMP types the kernel answers with time exceeded: all 256 were tried.
TEST(MayAnswer, OnlyToIcmpQueries) {
  for (unsigned type = 0; type < 256; ++type) {
    const bool query4 = type == 0 || type == 8 || (type >= 13 && type <= 18);
    EXPECT_EQ(may_answer_with_icmp_error(test::icmp4("192.0.2.1 > 192.0.2.2", static_cast<uint8_t>(type), 0)), query4)
        << type;
    EXPECT_EQ(may_answer_with_icmp_error(test::icmp6("2001:db8::1 > 2001:db8::2", static_cast<uint8_t>(type), 0)),
              type >= 128)
        << type;
  }
}

struct FlowCase {
  const char* flow;
  bool expected;
};
constexpr FlowCase kFlowCases[] = {
    {"192.0.2.1:1 > 192.0.2.2:2", true},        {"192.0.2.1:1 > 224.0.0.1:2", false},
    {"192.0.2.1:1 > 255.255.255.255:2", false}, {"0.0.0.0:1 > 192.0.2.2:2", false},
    {"239.1.1.1:1 > 192.0.2.2:2", false},       {"192.0.2.1:1 > 240.0.0.1:2", true},
};
constexpr FlowCase kFlowCases6[] = {
    {"[2001:db8::1]:1 > [2001:db8::2]:2", true},
    {"[2001:db8::1]:1 > [ff02::1]:2", false},
    {"[::]:1 > [2001:db8::2]:2", false},
};

TEST(MayAnswer, NotToGroupsNorToNobody) {
  for (const FlowCase& c : kFlowCases) EXPECT_EQ(may_answer_with_icmp_error(test::udp4(c.flow)), c.expected) << c.flow;
  for (const FlowCase& c : kFlowCases6) EXPECT_EQ(may_answer_with_icmp_error(test::udp6(c.flow)), c.expected) << c.flow;
}

TEST(MayAnswer, NotToFramesForOthers) {
  for (const PacketType type : {PacketType::Broadcast, PacketType::Multicast, PacketType::OtherHost}) {
    Packet packet = test::udp4("192.0.2.1:1 > 192.0.2.2:2");
    packet.type = type;
    EXPECT_FALSE(may_answer_with_icmp_error(packet));
  }
}

TEST(MayAnswer, LaterFragmentsOfIpv6ButNotOfIpv4) {
  Packet packet = test::udp4("192.0.2.1:1 > 192.0.2.2:2", "12345678");
  store_be16(packet.data() + 6, 1);
  set_header_checksum(packet);
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_FALSE(may_answer_with_icmp_error(packet));
  const Packet later =
      test::with_extension(test::ip6("2001:db8::1 > 2001:db8::2", kIcmp6, test::hex("0300000000000000")), kFragment,
                           test::hex("0000000800000001"));
  ASSERT_EQ(later.transport_state, Transport::LaterFragment);
  EXPECT_TRUE(may_answer_with_icmp_error(later));
}

TEST(MayAnswer, ATypeThatIsNotThere) {
  EXPECT_FALSE(may_answer_with_icmp_error(test::ip4("192.0.2.1 > 192.0.2.2", kIcmp, {})));
  EXPECT_FALSE(may_answer_with_icmp_error(test::ip6("2001:db8::1 > 2001:db8::2", kIcmp6, {})));
  const Packet first = test::with_extension(test::ip6("2001:db8::1 > 2001:db8::2", kIcmp6, {}), kFragment,
                                            test::hex("0000000100000001"));
  EXPECT_TRUE(may_answer_with_icmp_error(first));
}

}  // namespace
}  // namespace sallyport
