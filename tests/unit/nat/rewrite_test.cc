// Rewriting: addresses and ids as wanted, every checksum right, an absent one left absent.

#include "nat/rewrite.h"

#include <gtest/gtest.h>

#include "conntrack/tuple.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using test::Bytes;

constexpr std::string_view kFour = "10.0.0.5:4000 > 198.51.100.9:53";
constexpr std::string_view kSix = "[2001:db8::5]:4000 > [2001:db8:9::9]:53";

// GRE of PPTP: key, call 0x1234, no payload.
Bytes pptp() { return test::hex("3001880b 00001234 00000001"); }
Bytes sctp() { return test::hex("0fa00035 00000000 00000000 01000014 00000001 00010000 000a000a 00000001"); }
Bytes udplite() { return test::hex("0fa00035 00080000 70617965"); }

std::vector<Packet> all_protocols() {
  constexpr std::string_view kHosts4 = "10.0.0.5 > 198.51.100.9", kHosts6 = "2001:db8::5 > 2001:db8:9::9";
  std::vector<Packet> packets;
  packets.push_back(test::tcp4(kFour, test::kSyn, "odd"));
  packets.push_back(test::tcp6(kSix, test::kSyn, "odd"));
  packets.push_back(test::udp4(kFour, "question"));
  packets.push_back(test::udp6(kSix, "question"));
  packets.push_back(test::icmp4(kHosts4, 8, 0, 0x00070001, "ping"));
  packets.push_back(test::icmp6(kHosts6, 128, 0, 0x00070001, "ping"));
  packets.push_back(test::ip4(kHosts4, kUdplite, udplite()));
  packets.push_back(test::ip6(kHosts6, kUdplite, udplite()));
  packets.push_back(test::ip4(kHosts4, kSctp, sctp()));
  packets.push_back(test::ip6(kHosts6, kSctp, sctp()));
  packets.push_back(test::ip4(kHosts4, kGre, pptp()));
  packets.push_back(test::ip4(kHosts4, 200, test::hex("00112233")));
  packets.push_back(test::with_ip_options(test::udp4(kFour, "options"), test::hex("94040000")));
  packets.push_back(test::with_extension(test::udp6(kSix, "options"), 60, test::hex("00000104 00000000")));
  return packets;
}

Tuple wanted_for(const Tuple& now) {
  Tuple wanted = now;
  const bool v6 = now.family == Family::Ipv6;
  wanted.source = parse_address(v6 ? "2001:db8:ffff::7" : "203.0.113.7")->bytes;
  wanted.destination = parse_address(v6 ? "2001:db8:eeee::8" : "192.0.2.8")->bytes;
  if (now.source_id != 0) wanted.source_id = 61234;
  const bool icmp = now.protocol == kIcmp || now.protocol == kIcmp6;
  if (now.destination_id != 0 && !icmp) wanted.destination_id = 443;
  return wanted;
}

void expect_right(const Packet& packet, const std::string& bytes) {
  Packet again = test::raw(packet.bytes());
  ASSERT_EQ(parse(again), Malformed::None) << bytes;
  EXPECT_NE(transport_checksum_state(again), ChecksumState::Wrong) << bytes;
}

TEST(Rewrite, GivesBothEndsAndKeepsEveryChecksumRight) {
  for (Packet& packet : all_protocols()) {
    const std::string before = test::to_hex(packet.bytes());
    const auto now = tuple_of(packet, 0);
    ASSERT_TRUE(now) << before;
    const Tuple wanted = wanted_for(*now);
    rewrite(packet, wanted, NatEnd::Source);
    expect_right(packet, before);
    rewrite(packet, wanted, NatEnd::Destination);
    expect_right(packet, before);
    const auto after = tuple_of(packet, 0);
    ASSERT_TRUE(after) << before;
    EXPECT_EQ(*after, wanted) << before << " became " << test::to_hex(packet.bytes());
  }
}

TEST(Rewrite, ThereAndBackIsTheSamePacket) {
  for (Packet& packet : all_protocols()) {
    const Bytes before = test::bytes_of(packet);
    const Tuple now = *tuple_of(packet, 0);
    for (const Tuple& target : {wanted_for(now), now}) {
      rewrite(packet, target, NatEnd::Source);
      rewrite(packet, target, NatEnd::Destination);
    }
    EXPECT_EQ(test::to_hex(packet.bytes()), test::to_hex(before));
  }
}

TEST(Rewrite, LeavesAnAbsentUdpChecksumAbsent) {
  Packet packet = test::udp4(kFour, "question");
  store_be16(packet.data() + packet.transport_offset + 6, 0);
  rewrite(packet, wanted_for(*tuple_of(packet, 0)), NatEnd::Source);
  EXPECT_EQ(load_be16(packet.data() + packet.transport_offset + 6), 0);
}

// Over a million-to-one chance it would take, so every value of one word is tried: among them is the one whose sum
// comes out as zero, which must be written as 0xffff.
TEST(Rewrite, NeverWritesZeroForAPresentUdpChecksum) {
  bool met = false;
  for (uint32_t port = 0; port < 65536; ++port) {
    Packet packet = test::udp4(kFour, "question");
    Tuple wanted = *tuple_of(packet, 0);
    wanted.source_id = static_cast<uint16_t>(port);
    rewrite(packet, wanted, NatEnd::Source);
    const uint16_t checksum = load_be16(packet.data() + packet.transport_offset + 6);
    ASSERT_NE(checksum, 0) << "port " << port;
    met |= checksum == 0xffff;
  }
  EXPECT_TRUE(met);
}

struct QuoteCase {
  std::string_view name;
  size_t quoted_bytes;  // of the packet in the error; 0: all
  bool rewritten;
};
constexpr QuoteCase kQuotes[] = {
    {"all of it", 0, true},         {"header and eight bytes", 28, true},
    {"header and ports", 24, true}, {"the header alone, which has no port", 20, true},
    {"not even that", 16, false},
};

TEST(RewriteQuoted, ChangesThePacketInsideAnError) {
  for (const QuoteCase& test : kQuotes) {
    const Bytes inner = test::bytes_of(test::udp4("203.0.113.7:61234 > 198.51.100.9:53", "question"));
    const size_t size = test.quoted_bytes == 0 ? inner.size() : test.quoted_bytes;
    Packet error =
        test::icmp4("198.51.100.9 > 203.0.113.7", 3, 3, 0, {reinterpret_cast<const char*>(inner.data()), size});
    Tuple target = *tuple_of(test::udp4("10.0.0.5:4000 > 198.51.100.9:53"), 0);
    EXPECT_EQ(rewrite_quoted(error, target, NatEnd::Source), test.rewritten) << test.name;
    if (!test.rewritten) continue;
    expect_right(error, std::string(test.name));
    const Bytes expected = test::bytes_of(test::udp4("10.0.0.5:4000 > 198.51.100.9:53", "question"));
    const auto quoted = error.bytes().subspan(error.transport_offset + 8);
    // An IPv4 header's checksum at 10, addresses at 12; ports at 20.
    EXPECT_EQ(test::to_hex(quoted.first(std::min<size_t>(size, 24))),
              test::to_hex(std::span(expected).first(std::min<size_t>(size, 24))))
        << test.name;
  }
}

struct PayloadCase {
  PayloadPart part;
  std::string_view text;
  std::string_view payload;  // afterwards; empty: refused
};
constexpr PayloadCase kPayloads[] = {
    // of "one two three"
    {{4, 3}, "2", "one 2 three"},     {{4, 3}, "twenty-two", "one twenty-two three"},
    {{4, 3}, "TWO", "one TWO three"}, {{0, 13}, "x", "x"},
    {{13, 0}, "!", "one two three!"}, {{4, 10}, "2", ""},
};

TEST(ReplacePayload, KeepsLengthsAndChecksumsRight) {
  constexpr std::string_view kText = "one two three";
  for (const PayloadCase& test : kPayloads) {
    std::vector<Packet> packets;
    packets.push_back(test::tcp4(kFour, test::kAck, kText, {.options = "0101050a000007cf000007d9"}));
    packets.push_back(test::tcp6(kSix, test::kAck, kText));
    packets.push_back(test::udp4(kFour, kText));
    packets.push_back(test::with_extension(test::udp6(kSix, kText), 60, test::hex("00000104 00000000")));
    for (Packet& packet : packets) {
      const uint32_t before = packet.length;
      const bool replaced = replace_payload(packet, test.part, test.text);
      EXPECT_EQ(replaced, !test.payload.empty());
      Packet again = test::raw(packet.bytes());
      ASSERT_EQ(parse(again), Malformed::None);
      EXPECT_EQ(transport_checksum_state(again), ChecksumState::Right);
      EXPECT_EQ(again.length, before + (replaced ? test.payload.size() - kText.size() : 0));
      if (!replaced) continue;
      const auto tail = again.bytes().last(test.payload.size());
      EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(tail.data()), tail.size()), test.payload);
      if (again.protocol == kUdp) {
        EXPECT_EQ(load_be16(again.transport(8) + 4), again.transport_length());
      }
    }
  }
}

TEST(ReplacePayload, RefusesWhatWouldBeTooLarge) {
  Packet packet = test::udp4(kFour, std::string(65000, 'x'));
  EXPECT_FALSE(replace_payload(packet, {0, 1}, std::string(1000, 'y')));
  EXPECT_EQ(packet.length, 65028u);
}

}  // namespace
}  // namespace sallyport
