// Ways that once led past the state of connections, each under the name by which it became known.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "conntrack/connection_table.h"
#include "conntrack/tuple.h"
#include "sallyport/engine.h"
#include "sallyport/registry.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using namespace test;

// Lets in what the rules begin with, and what belongs to it.
class AttacksTest : public ::testing::Test {
 protected:
  void allow(const std::string& rule, const std::string& raw = "") {
    EngineConfig config = {.host = HostModel::pair("in0", "out0")};
    config.rulesets.push_back(
        *read_ruleset("*filter\n:FORWARD DROP [0:0]\n"
                      "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT\n" +
                          rule + "COMMIT\n*raw\n" + raw + "COMMIT\n",
                      "rules", Family::Ipv4, builtin_registry()));
    engine_ = *Engine::create(std::move(config));
  }
  bool passes(Packet packet) {
    const uint64_t before = engine_->counters().fates[static_cast<size_t>(Fate::Left)];
    packet.in = packet.source() == *parse_address("192.0.2.1") ? InterfaceId{1} : InterfaceId{2};
    packet.time = now_ += kMillisecond;
    engine_->process({&packet, 1});
    return engine_->counters().fates[static_cast<size_t>(Fate::Left)] == before + 1;
  }

  // A TCP connection to `port`, each side's next number being 2.
  void connect(uint16_t port) {
    ASSERT_TRUE(passes(tcp4(there(port), kSyn, "", {.sequence = 1})));
    ASSERT_TRUE(passes(tcp4(back(port), kSyn | kAck, "", {.sequence = 1, .acknowledgement = 2})));
    ASSERT_TRUE(passes(tcp4(there(port), kAck, "", {.sequence = 2, .acknowledgement = 2})));
  }
  static std::string there(uint16_t port) { return fmt::format("192.0.2.1:4000 > 198.51.100.2:{}", port); }
  static std::string back(uint16_t port) { return fmt::format("198.51.100.2:{} > 192.0.2.1:4000", port); }
  // Of the packets that follow; back, too.
  void jump(Duration by) { now_ += by; }

 private:
  std::unique_ptr<Engine> engine_;
  Timestamp now_ = kSecond;
};

// An INIT, with the tag that its answers must carry.
Bytes sctp_init(uint16_t port) {
  Bytes bytes(32, 0);
  store_be16(&bytes[0], 4000);
  store_be16(&bytes[2], port);
  bytes[12] = 1;
  bytes[15] = 20;
  store_be32(&bytes[16], 0x01020304);
  return bytes;
}

TEST_F(AttacksTest, CVE_2007_1497_WhatCannotBeTrackedIsNotEstablished) {
  allow("-A FORWARD -p udp -m udp --dport 53 -j ACCEPT\n");
  EXPECT_TRUE(passes(udp4("192.0.2.1:4000 > 198.51.100.2:53", "question")));
  // A header too short to find a connection by, and an answer that nobody asked for.
  EXPECT_FALSE(passes(ip4("198.51.100.2 > 192.0.2.1", kUdp, Bytes(3, 0))));
  EXPECT_FALSE(passes(icmp4("198.51.100.2 > 192.0.2.1", 0, 0, 7)));
  EXPECT_TRUE(passes(udp4("198.51.100.2:53 > 192.0.2.1:4000", "answer")));
}

TEST_F(AttacksTest, CVE_2014_8160_AnAllowedPortOpensNoOther) {
  allow("-A FORWARD -p sctp -m sctp --dport 1 -j ACCEPT\n");
  EXPECT_TRUE(passes(ip4("192.0.2.1 > 198.51.100.2", kSctp, sctp_init(1))));
  EXPECT_FALSE(passes(ip4("192.0.2.1 > 198.51.100.2", kSctp, sctp_init(2))));
  EXPECT_FALSE(passes(ip4("198.51.100.2 > 192.0.2.1", kSctp, sctp_init(2))));
}

TEST_F(AttacksTest, CVE_2019_5598_AnErrorGoesToWhoSentWhatItQuotes) {
  allow("-A FORWARD -p udp -m udp --dport 53 -j ACCEPT\n");
  const Packet asked = udp4("192.0.2.1:4000 > 198.51.100.2:53", "question");
  ASSERT_TRUE(passes(asked.clone()));
  const Bytes bytes = bytes_of(asked);
  const std::string quoted(bytes.begin(), bytes.end());
  EXPECT_FALSE(passes(icmp4("198.51.100.9 > 192.0.2.77", 3, 1, 0, quoted)));
  EXPECT_TRUE(passes(icmp4("198.51.100.9 > 192.0.2.1", 3, 1, 0, quoted)));
}

TEST_F(AttacksTest, CVE_2001_0405_AnOfferOpensNothingOfAThirdMachine) {
  allow("-A FORWARD -p tcp -m tcp --dport 21 -j ACCEPT\n",
        "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp\n");
  connect(21);
  const std::string_view foreign = "PORT 192,0,2,99,78,32\r\n", own = "PORT 192,0,2,1,78,32\r\n";
  EXPECT_TRUE(passes(tcp4(there(21), kAck, foreign, {.sequence = 2, .acknowledgement = 2})));
  EXPECT_FALSE(passes(tcp4("198.51.100.2:20 > 192.0.2.99:20000", kSyn)));
  const auto next = static_cast<uint32_t>(2 + foreign.size());
  EXPECT_TRUE(passes(tcp4(there(21), kAck, own, {.sequence = next, .acknowledgement = 2})));
  EXPECT_FALSE(passes(tcp4("198.51.100.2:20 > 192.0.2.99:20000", kSyn)));
  EXPECT_TRUE(passes(tcp4("198.51.100.2:20 > 192.0.2.1:20000", kSyn)));
}

// "PRIVMSG bob :DCC CHAT" with the sender's own address and port 20000.
constexpr std::string_view kOffer = "PRIVMSG bob :\1DCC CHAT chat 3221225985 20000\1\r\n";

TEST_F(AttacksTest, CVE_2002_0060_AnOfferOpensOnePortOfOneHostOnce) {
  allow("-A FORWARD -p tcp -m tcp --dport 6667 -j ACCEPT\n",
        "-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\n");
  const std::string there = "192.0.2.1:4000 > 198.51.100.2:6667", back = "198.51.100.2:6667 > 192.0.2.1:4000";
  ASSERT_TRUE(passes(tcp4(there, kSyn, "", {.sequence = 1})));
  ASSERT_TRUE(passes(tcp4(back, kSyn | kAck, "", {.sequence = 1, .acknowledgement = 2})));
  ASSERT_FALSE(passes(tcp4("203.0.113.7:9 > 192.0.2.1:20000", kSyn)));
  ASSERT_TRUE(passes(tcp4(there, kAck, kOffer, {.sequence = 2, .acknowledgement = 2})));
  EXPECT_FALSE(passes(tcp4("203.0.113.7:9 > 192.0.2.1:20001", kSyn)));
  EXPECT_FALSE(passes(tcp4("203.0.113.7:9 > 192.0.2.9:20000", kSyn)));
  EXPECT_FALSE(passes(udp4("203.0.113.7:9 > 192.0.2.1:20000", "by another protocol")));
  EXPECT_TRUE(passes(tcp4("203.0.113.7:9 > 192.0.2.1:20000", kSyn)));
  EXPECT_FALSE(passes(tcp4("203.0.113.7:10 > 192.0.2.1:20000", kSyn)));
}

// What somebody says of an offer, or what another command carries, is none.
TEST_F(AttacksTest, CVE_2022_2663_AnOfferWithinOtherWordsOpensNothing) {
  allow("-A FORWARD -p tcp -m tcp --dport 6667 -j ACCEPT\n",
        "-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\n");
  connect(6667);
  uint32_t next = 2;
  for (const std::string_view said :
       {"PRIVMSG bob :look :\1DCC CHAT chat 3221225985 20000\1\r\n", "PING :\1DCC CHAT chat 3221225985 20000\1\r\n"}) {
    EXPECT_TRUE(passes(tcp4(there(6667), kAck, said, {.sequence = next, .acknowledgement = 2})));
    EXPECT_FALSE(passes(tcp4("203.0.113.7:9 > 192.0.2.1:20000", kSyn))) << said;
    next += static_cast<uint32_t>(said.size());
  }
  EXPECT_TRUE(passes(tcp4(there(6667), kAck, kOffer, {.sequence = next, .acknowledgement = 2})));
  EXPECT_TRUE(passes(tcp4("203.0.113.7:9 > 192.0.2.1:20000", kSyn)));
}

// A length that is right only modulo 2^32.
TEST_F(AttacksTest, CVE_2026_23457_ALengthBeyondTheNumbersEndsNoMessage) {
  allow("-A FORWARD -p tcp -m tcp --dport 5060 -j ACCEPT\n",
        "-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip\n");
  connect(5060);
  const std::string body = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 20000 x\r\n";
  uint32_t next = 2;
  for (const uint64_t more : {uint64_t{1} << 32, uint64_t{0}}) {
    const std::string said =
        fmt::format("INVITE sip:b SIP/2.0\r\nCSeq: 7 INVITE\r\nContent-Length: {}\r\n\r\n{}", body.size() + more, body);
    EXPECT_TRUE(passes(tcp4(there(5060), kAck, said, {.sequence = next, .acknowledgement = 2})));
    EXPECT_EQ(passes(udp4("198.51.100.2:9 > 192.0.2.1:20000", "voice")), more == 0);
    next += static_cast<uint32_t>(said.size());
  }
}

// A header that says that it is longer than it is; the kernel had a tracker then.
TEST_F(AttacksTest, CVE_2014_2523_And_CVE_2023_39197_OfDccpNothingIsRead) {
  allow("-A FORWARD -p dccp -j ACCEPT\n");
  for (size_t size = 0; size < 24; ++size)
    EXPECT_TRUE(passes(ip4("192.0.2.1 > 198.51.100.2", kDccp, Bytes(size, 0xff))));
  EXPECT_TRUE(passes(ip4("198.51.100.2 > 192.0.2.1", kDccp, Bytes(3, 0xff))))
      << "an answer, as far as anybody can tell";
}

TEST_F(AttacksTest, CVE_2026_23455_ALengthOfNothingIsNoOffer) {
  allow("-A FORWARD -p tcp -m tcp --dport 1720 -j ACCEPT\n",
        "-A PREROUTING -p tcp -m tcp --dport 1720 -j CT --helper Q.931\n");
  const std::string there = "192.0.2.1:4000 > 198.51.100.2:1720", back = "198.51.100.2:1720 > 192.0.2.1:4000";
  ASSERT_TRUE(passes(tcp4(there, kSyn, "", {.sequence = 1})));
  ASSERT_TRUE(passes(tcp4(back, kSyn | kAck, "", {.sequence = 1, .acknowledgement = 2})));
  // TPKT's version, and a length of 0 to less than its own header.
  for (char length = 0; length < 4; ++length) {
    const std::string text = {3, 0, 0, length, 8, 2};
    EXPECT_TRUE(passes(tcp4(there, kAck, text, {.sequence = 2, .acknowledgement = 2}))) << int{length};
  }
  EXPECT_FALSE(passes(tcp4("198.51.100.2:1720 > 192.0.2.1:20000", kSyn)));
}

TEST_F(AttacksTest, CVE_2025_59147_ASynSaidAgainWithAnotherNumberIsFollowed) {
  allow("-A FORWARD -p tcp -m tcp --dport 80 --syn -j ACCEPT\n");
  const std::string there = "192.0.2.1:4000 > 198.51.100.2:80", back = "198.51.100.2:80 > 192.0.2.1:4000";
  EXPECT_TRUE(passes(tcp4(there, kSyn, "", {.sequence = 1})));
  EXPECT_TRUE(passes(tcp4(there, kSyn, "", {.sequence = 1'000'000})));
  EXPECT_TRUE(passes(tcp4(back, kSyn | kAck, "", {.sequence = 5000, .acknowledgement = 1'000'001})));
  EXPECT_TRUE(passes(tcp4(there, kAck, "data", {.sequence = 1'000'001, .acknowledgement = 5001})));
  EXPECT_FALSE(passes(tcp4(back, kAck, "", {.sequence = 5001, .acknowledgement = 5'000'000})));
}

TEST_F(AttacksTest, SegmentsOutsideTheWindowNeitherPassNorEndAConnection) {
  allow("-A FORWARD -p tcp -m tcp --dport 80 --syn -j ACCEPT\n");
  connect(80);
  constexpr uint32_t kFar = 0x40000000;
  EXPECT_FALSE(passes(tcp4(back(80), kRst, "", {.sequence = 2 + kFar})));
  EXPECT_FALSE(passes(tcp4(back(80), kRst, "", {.sequence = 1})));
  EXPECT_FALSE(passes(tcp4(back(80), kAck, "data", {.sequence = 2 + kFar, .acknowledgement = 2})));
  EXPECT_FALSE(passes(tcp4(back(80), kAck, "data", {.sequence = 2, .acknowledgement = 2 + kFar})));
  EXPECT_TRUE(passes(tcp4(there(80), kAck, "data", {.sequence = 2, .acknowledgement = 2})));
  EXPECT_TRUE(passes(tcp4(back(80), kAck, "data", {.sequence = 2, .acknowledgement = 6})));
  EXPECT_TRUE(passes(tcp4(back(80), kRst, "", {.sequence = 6})));
}

TEST_F(AttacksTest, AWrongChecksumMakesItNoPacketOfAConnection) {
  allow("-A FORWARD -p tcp -m tcp --dport 80 --syn -j ACCEPT\n");
  connect(80);
  const Packet data = tcp4(back(80), kAck, "data", {.sequence = 2, .acknowledgement = 2});
  Packet spoiled = data.clone();
  spoiled.bytes().back() ^= 1;
  EXPECT_FALSE(passes(std::move(spoiled)));
  EXPECT_TRUE(passes(data.clone()));
}

// A capture's clock may be set while it runs, or lie.
TEST_F(AttacksTest, AClockThatJumpsEndsNothingBeforeItsTimeNorKeepsItForEver) {
  allow("-A FORWARD -p udp -m udp --dport 53 -j ACCEPT\n");
  const std::string ask = "192.0.2.1:4000 > 198.51.100.2:53", answer = "198.51.100.2:53 > 192.0.2.1:4000";
  jump(1000 * kSecond);
  EXPECT_TRUE(passes(udp4(ask, "question")));
  jump(-900 * kSecond);
  EXPECT_TRUE(passes(udp4(answer, "answer")));
  jump(900 * kSecond);
  EXPECT_TRUE(passes(udp4(answer, "answer")));
  jump(1'000'000 * kSecond);
  EXPECT_FALSE(passes(udp4(answer, "answer")));
}

// Entries past their time went only when somebody happened to look, or all at once.
TEST(AttacksOnTables, CVE_2022_49110_WhatIsOverGoesWithoutBeingAskedFor) {
  constexpr uint16_t kMany = 10'000, kSteps = 64;
  ConnectionTable table(kMany, SipHashKey{1, 2});
  for (uint16_t port = 1; port <= kMany; ++port) {
    const Tuple tuple = *tuple_of(udp4(fmt::format("192.0.2.1:{} > 198.51.100.2:53", port)), 0);
    Connection* connection = table.create(tuple, *inverted(tuple), 0);
    connection->deadline = kSecond;
    ASSERT_TRUE(table.confirm(*connection, 0));
  }
  table.sweep(kSecond, kSteps);
  EXPECT_GE(table.size() + kSteps, kMany) << "no more than its share at once";
  for (size_t looked = kSteps; looked < kMany + 12 * kSteps; looked += kSteps) table.sweep(kSecond, kSteps);
  EXPECT_EQ(table.size(), 0u);
}

TEST(AttacksOnTables, CVE_2024_47187_AnotherKeyIsAnotherHash) {
  const Tuple tuple = *tuple_of(udp4("192.0.2.1:4000 > 198.51.100.2:53"), 0);
  const ConnectionTable one(10, SipHashKey{1, 2}), low(10, SipHashKey{2, 2}), high(10, SipHashKey{1, 3});
  EXPECT_NE(one.hash_of(tuple), low.hash_of(tuple));
  EXPECT_NE(one.hash_of(tuple), high.hash_of(tuple));
}

}  // namespace
}  // namespace sallyport
