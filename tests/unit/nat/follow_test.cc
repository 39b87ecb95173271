// Recorded answers that follow a connection which the rules map elsewhere.

#include <gtest/gtest.h>

#include "sallyport/engine.h"
#include "sallyport/registry.h"
#include "sallyport/ruleset.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

// What is asked goes to another server, from another address; what nobody asked for does not come in.
constexpr std::string_view kRules =
    "*nat\n"
    "-A PREROUTING -i in0 -p udp -j DNAT --to-destination 192.0.2.8:5353\n"
    "-A POSTROUTING -o out0 -j SNAT --to-source 203.0.113.7\n"
    "COMMIT\n"
    "*filter\n"
    "-A FORWARD -i out0 -m state --state NEW,INVALID -j DROP\n"
    "COMMIT\n";
constexpr std::string_view kQuestion = "10.0.0.5:4000 > 198.51.100.9:53";
constexpr std::string_view kAnswer = "198.51.100.9:53 > 10.0.0.5:4000";

class Replay final : public PacketSink {
 public:
  explicit Replay(bool follow) {
    EngineConfig config;
    config.rulesets.push_back(std::move(*read_ruleset(kRules, "rules", Family::Ipv4, builtin_registry())));
    config.host = HostModel::pair("in0", "out0");
    config.follow_mappings = follow;
    config.sink = this;
    engine = std::move(*Engine::create(std::move(config)));
  }
  // What left, if anything did.
  std::string lead(Packet packet, InterfaceId in) {
    left.clear();
    packet.in = in;
    engine->process({&packet, 1});
    return left;
  }
  void ended(Packet& packet, Fate fate, Hook, const Decision&) override {
    if (fate != Fate::Left) return;
    EXPECT_NE(transport_checksum_state(packet), ChecksumState::Wrong);
    left = packet.source().text() + " > " + packet.destination().text();
    bytes = test::bytes_of(packet);
  }

  std::unique_ptr<Engine> engine;
  std::string left;
  test::Bytes bytes;
};

constexpr InterfaceId kIn = 1, kOut = 2;

TEST(Follow, ARecordedAnswerIsTheNewPeers) {
  Replay replay(true);
  EXPECT_EQ(replay.lead(test::udp4(kQuestion, "q"), kIn), "203.0.113.7 > 192.0.2.8");
  EXPECT_EQ(replay.lead(test::udp4(kAnswer, "a"), kOut), "198.51.100.9 > 10.0.0.5");
  EXPECT_EQ(replay.engine->counters().followed, 1u);
  EXPECT_NE(replay.engine->connection_listing().find("src=192.0.2.8 dst=203.0.113.7 sport=5353"), std::string::npos);
  EXPECT_EQ(replay.engine->connection_listing().find("UNREPLIED"), std::string::npos);
}

TEST(Follow, WithoutItAnAnswerBelongsToNobody) {
  Replay replay(false);
  replay.lead(test::udp4(kQuestion, "q"), kIn);
  EXPECT_EQ(replay.lead(test::udp4(kAnswer, "a"), kOut), "");
  EXPECT_EQ(replay.engine->counters().followed, 0u);
}

TEST(Follow, WhatFitsAsItStandsIsLeftAlone) {
  Replay replay(true);
  replay.lead(test::udp4(kQuestion, "q"), kIn);
  EXPECT_EQ(replay.lead(test::udp4("192.0.2.8:5353 > 203.0.113.7:4000", "a"), kOut), "198.51.100.9 > 10.0.0.5");
  EXPECT_EQ(replay.engine->counters().followed, 0u);
}

TEST(Follow, WhatNobodyAskedForIsNotLetIn) {
  Replay replay(true);
  replay.lead(test::udp4(kQuestion, "q"), kIn);
  EXPECT_EQ(replay.lead(test::udp4("198.51.100.9:53 > 10.0.0.5:4001", "a"), kOut), "");
  EXPECT_EQ(replay.engine->counters().followed, 0u);
}

TEST(Follow, AnErrorQuotesWhatWasSent) {
  Replay replay(true);
  replay.lead(test::udp4(kQuestion, "q"), kIn);
  const test::Bytes asked = test::bytes_of(test::udp4(kQuestion, "q"));
  const std::string_view quoted(reinterpret_cast<const char*>(asked.data()), asked.size());
  EXPECT_EQ(replay.lead(test::icmp4("198.51.100.9 > 10.0.0.5", 3, 3, 0, quoted), kOut), "198.51.100.9 > 10.0.0.5");
  // What the client gets quotes what it sent itself.
  const test::Bytes inside(replay.bytes.begin() + 28, replay.bytes.end());
  EXPECT_EQ(test::to_hex(inside), test::to_hex(asked));
  EXPECT_EQ(replay.engine->counters().followed, 1u);
}

}  // namespace
}  // namespace sallyport
