// Packets in words: what is made of them, and the way back.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sallyport/scenario.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using test::bytes_of;
using test::to_hex;

std::vector<uint8_t> made(std::string_view words) {
  auto packet = packet_from_words(words);
  EXPECT_TRUE(packet) << words << ": " << (packet ? "" : packet.error().text());
  return packet.value_or(std::vector<uint8_t>{});
}

// Against the builder that the engine's own tests use, which shares no code with this one.
TEST(PacketWords, MakeTheSamePacketsAsTheTestsBuilder) {
  const auto same = [](std::string_view words, const Packet& packet) {
    EXPECT_EQ(to_hex(made(words)), to_hex(bytes_of(packet))) << words;
  };
  same("tcp 10.0.0.1:1000 > 10.0.0.2:80 syn seq 7 win 64240 mss 1460",
       test::tcp4("10.0.0.1:1000 > 10.0.0.2:80", test::kSyn, {}, {.sequence = 7, .options = "020405b4"}));
  same("tcp [2001:db8::1]:1000 > [2001:db8::2]:80 psh ack 9 seq 7 win 1 \"data\"",
       test::tcp6("[2001:db8::1]:1000 > [2001:db8::2]:80", test::kPsh | test::kAck, "data",
                  {.sequence = 7, .acknowledgement = 9, .window = 1}));
  same("udp 10.0.0.1:53 > 10.0.0.2:53 \"x\" ttl 3 tos 0x10 ipid 77 df",
       test::udp4("10.0.0.1:53 > 10.0.0.2:53", "x",
                  {.ttl = 3, .tos = 0x10, .identification = 77, .dont_fragment = true}));
  same("icmp echo 10.0.0.1 > 10.0.0.2 id 7 seq 1", test::icmp4("10.0.0.1 > 10.0.0.2", 8, 0, 7u << 16 | 1));
  same("icmp6 too-big 2001:db8::1 > 2001:db8::2 mtu 1280 hex 60",
       test::icmp6("2001:db8::1 > 2001:db8::2", 2, 0, 1280, "`"));
  const test::Bytes transport = test::hex("1234567890ab");
  same("ip 10.0.0.1 > 10.0.0.2 proto 99 hex 1234567890ab", test::ip4("10.0.0.1 > 10.0.0.2", 99, transport));
  const test::Bytes sctp = test::hex("03e8005000000005000000000100001400000009 0000ffff 00010001 00000000");
  same("sctp 10.0.0.1:1000 > 10.0.0.2:80 vtag 5 init 9", test::ip4("10.0.0.1 > 10.0.0.2", kSctp, sctp));
}

TEST(PacketWords, OfPacketsThatWereMadeMakeThemAgain) {
  constexpr std::string_view kPackets[] = {
      "tcp 10.0.0.1:1000 > 10.0.0.2:80 syn seq 7 mss 1460 sackok wscale 7",
      "tcp 10.0.0.1:1000 > 10.0.0.2:80 seq 1 ack 2 sack 3:4,5:6 ts 7 8",
      "tcp [::1]:1 > [fe80::2]:2 none seq 1",
      "tcp 10.0.0.1:1 > 10.0.0.2:2 fin psh urg seq 4294967295 urgp 3",
      "udp 10.0.0.1:53 > 10.0.0.2:53 \"a\\\"\\\\\\x00\\xff\" ttl 1",
      "udp 10.0.0.1:53 > 10.0.0.2:53 sum 0",
      "udp 10.0.0.1:53 > 10.0.0.2:53 \"a\" badsum",
      "udp 10.0.0.1:53 > 10.0.0.2:53 badipsum",
      "udplite 10.0.0.1:53 > 10.0.0.2:53 cov 8 \"abc\"",
      "icmp unreach port 10.0.0.9 > 10.0.0.1 about (udp 10.0.0.1:5 > 10.0.0.9:6 \"x\" ttl 63)",
      "icmp unreach frag 10.0.0.9 > 10.0.0.1 mtu 1400 about (tcp 10.0.0.1:5 > 10.0.0.9:6 seq 3 ack 4)",
      "icmp type 13 code 5 10.0.0.9 > 10.0.0.1 id 1 seq 2",
      "icmp6 unreach port 2001:db8::9 > 2001:db8::1 about (udp [2001:db8::1]:5 > [2001:db8::9]:6)",
      "icmp6 echo-reply 2001:db8::9 > 2001:db8::1 id 1 seq 2 \"ping\" flow 5",
      "sctp 10.0.0.1:1 > 10.0.0.2:2 vtag 3 cookie-echo data \"hello\"",
      "gre 10.0.0.1 > 10.0.0.2 call 7 \"ppp\"",
      "ip 10.0.0.1 > 10.0.0.2 proto 99 hex ff ipopt 01010100",
      "frag 0:8 id 9 of (udp 10.0.0.1:1 > 10.0.0.2:2 \"0123456789\")",
      "raw 4500",
  };
  for (const std::string_view words : kPackets) {
    const auto packet = made(words);
    std::string described = packet_in_words(packet);
    // What a fragment is a piece of cannot be seen in it.
    if (described.starts_with("frag")) continue;
    EXPECT_EQ(to_hex(made(described)), to_hex(packet)) << words << "\n  became: " << described;
  }
}

TEST(PacketWords, CutPackets) {
  EXPECT_EQ(made("udp 10.0.0.1:1 > 10.0.0.2:2 \"0123456789\" cut 4").size(), 24u);
  // A packet that is quoted keeps its length in its header.
  const auto error = made("icmp unreach port 10.0.0.9 > 10.0.0.1 about (udp 10.0.0.1:1 > 10.0.0.9:2 len 100 cut 8)");
  ASSERT_EQ(error.size(), 20u + 8 + 28);
  EXPECT_EQ(load_be16(&error[30]), 128);
}

TEST(PacketWords, FragmentsMakeTheWholeAgain) {
  const auto whole = made("udp 10.0.0.1:1 > 10.0.0.2:2 len 100 ipid 5");
  const auto first = made("frag 0:56 id 5 of (udp 10.0.0.1:1 > 10.0.0.2:2 len 100)");
  const auto second = made("frag 56:108 id 5 of (udp 10.0.0.1:1 > 10.0.0.2:2 len 100)");
  std::vector<uint8_t> joined(first.begin() + 20, first.end());
  joined.insert(joined.end(), second.begin() + 20, second.end());
  EXPECT_EQ(to_hex(joined), to_hex(std::span(whole).subspan(20)));
  EXPECT_EQ(load_be16(&first[6]), 0x2000);
  EXPECT_EQ(load_be16(&second[6]), 56 / 8);
}

struct WrongWords {
  std::string_view words;
  std::string_view what;
  uint32_t column;
};
constexpr WrongWords kWrongWords[] = {
    {"", "the line ends too early", 1},
    {"tpc 1.2.3.4:1 > 1.2.3.4:2", "\"tpc\" is no packet", 1},
    {"tcp 1.2.3.4:1 > 1.2.3.4:2 synn", "this packet has no \"synn\"; expected syn?", 27},
    {"tcp 1.2.3:1 > 1.2.3.4:2", "\"1.2.3\" is not an IPv4 address", 5},
    {"tcp 1.2.3.4:1 > [::1]:2", "the address is of the other family", 17},
    {"tcp 1.2.3.4:1 >", "the line ends too early", 16},
    {"tcp 1.2.3.4:1 > 1.2.3.4:70000", "70000 is too large", 17},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 syn", "this packet has no \"syn\"", 27},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 ttl 256", "256 is too large", 31},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 ttl", "\"\" is not a number", 30},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 \"abc", "the quotes are not closed", 27},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 \"a\\q\"", "an unknown escape", 29},
    {"udp 1.2.3.4:1 > 1.2.3.4:2 hex 123", "\"123\" is not hexadecimal", 31},
    {"icmp unreach prot 1.2.3.4 > 1.2.3.4", "this packet has no \"prot\"", 14},
    {"icmp unreach port 1.2.3.4 > 1.2.3.4 about udp", "\"udp\" is not understood here; expected ( and a packet", 43},
    {"icmp unreach port 1.2.3.4 > 1.2.3.4 about (udp", "the line ends too early; expected )", 47},
    {"frag 3:9 of (udp 1.2.3.4:1 > 1.2.3.4:2)", "\"3:9\" is not a piece of a packet", 6},
    {"frag 0:80 of (udp 1.2.3.4:1 > 1.2.3.4:2)", "the packet has only 8 bytes behind its IP header", 0},
    {"udp 1.2.3.4 > 1.2.3.4", "the packet does not say its ports", 0},
    {"tcp syn", "the packet does not say from where to where", 0},
    {"udp *:1 > 1.2.3.4:2", "the packet does not say from where to where", 0},
    {"same", "* and \"same\" can be looked for, not sent", 0},
    {"udp [::1]:1 > [::1]:2 df", "this packet has no \"df\"", 23},
};

TEST(PacketWords, ErrorsSayWhereAndWhatWouldHaveBeenRight) {
  for (const WrongWords& wrong : kWrongWords) {
    const auto packet = packet_from_words(wrong.words);
    ASSERT_FALSE(packet) << wrong.words;
    EXPECT_NE(packet.error().text().find(wrong.what), std::string::npos) << wrong.words << "\n"
                                                                         << packet.error().text();
    EXPECT_EQ(packet.error().column, wrong.column) << wrong.words;
    EXPECT_FALSE(packet.error().expected.empty()) << wrong.words;
  }
}

}  // namespace
}  // namespace sallyport
