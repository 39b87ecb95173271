// Ways that once led past the state of connections, each under the name by which it became known.

#include <gtest/gtest.h>

#include <string>

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
  void allow(const std::string& rule) {
    EngineConfig config = {.host = HostModel::pair("in0", "out0")};
    config.rulesets.push_back(
        *read_ruleset("*filter\n:FORWARD DROP [0:0]\n"
                      "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT\n" +
                          rule + "COMMIT\n",
                      "rules", Family::Ipv4, builtin_registry()));
    engine_ = *Engine::create(std::move(config));
  }
  bool passes(Packet packet) {
    const uint64_t before = engine_->counters().fates[static_cast<size_t>(Fate::Left)];
    packet.in = packet.source() == *parse_address("192.0.2.1") ? InterfaceId{1} : InterfaceId{2};
    packet.time = ++now_ * kMillisecond;
    engine_->process({&packet, 1});
    return engine_->counters().fates[static_cast<size_t>(Fate::Left)] == before + 1;
  }

 private:
  std::unique_ptr<Engine> engine_;
  Timestamp now_ = 0;
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

TEST(AttacksOnTables, CVE_2024_47187_AnotherKeyIsAnotherHash) {
  const Tuple tuple = *tuple_of(udp4("192.0.2.1:4000 > 198.51.100.2:53"), 0);
  const ConnectionTable one(10, SipHashKey{1, 2}), low(10, SipHashKey{2, 2}), high(10, SipHashKey{1, 3});
  EXPECT_NE(one.hash_of(tuple), low.hash_of(tuple));
  EXPECT_NE(one.hash_of(tuple), high.hash_of(tuple));
}

}  // namespace
}  // namespace sallyport
