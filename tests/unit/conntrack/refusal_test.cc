// Why a packet is INVALID, as events and counts tell it.

#include "sallyport/refusal.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "sallyport/engine.h"
#include "sallyport/registry.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using namespace test;

// Keeps what the last anomaly said.
class LastEvent final : public EventSink {
 public:
  void emit(const Event& event) override {
    if (event.type != "anomaly") return;
    said.clear();
    for (const EventField& field : event.fields) keep(field);
    for (const EventField& field : event.netfilter) keep(field);
    packet_state = sallyport::packet_state(*event.packet);
    connected = event.packet->connection != nullptr;
    ++count;
  }
  std::map<std::string, std::string> said;
  PacketState packet_state = PacketState::New;
  bool connected = false;
  int count = 0;

 private:
  void keep(const EventField& field) {
    said[std::string(field.name)] =
        field.kind == EventField::Kind::Text ? std::string(field.text) : std::to_string(field.number);
  }
};

class RefusalTest : public ::testing::Test {
 protected:
  void start(std::initializer_list<std::pair<std::string_view, int>> sysctls = {}) {
    HostModel host = HostModel::pair("in0", "out0");
    for (const auto& [name, value] : sysctls) host.set_sysctl(name, value);
    EngineConfig config = {.host = std::move(host), .events = &events};
    config.rulesets.push_back(
        *read_ruleset("*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n", "rules", Family::Ipv4, builtin_registry()));
    engine = *Engine::create(std::move(config));
  }
  // By the end that the flow begins with.
  void say(Packet packet) {
    packet.in = packet.source() == *parse_address("192.0.2.1") ? InterfaceId{1} : InterfaceId{2};
    packet.number = ++number_;
    packet.time = static_cast<Timestamp>(number_) * kMillisecond;
    engine->process({&packet, 1});
  }
  void shake_hands() {
    say(tcp4(kThere, kSyn, "", {.sequence = 1000, .window = 1000}));
    say(tcp4(kBack, kSyn | kAck, "", {.sequence = 5000, .acknowledgement = 1001, .window = 2000}));
    say(tcp4(kThere, kAck, "", {.sequence = 1001, .acknowledgement = 5001, .window = 1000}));
  }
  const RefusalCount& counted(RefusalReason reason) const { return engine->refusals()[static_cast<size_t>(reason)]; }

  static constexpr std::string_view kThere = "192.0.2.1:40000 > 198.51.100.2:80",
                                    kBack = "198.51.100.2:80 > 192.0.2.1:40000";
  LastEvent events;
  std::unique_ptr<Engine> engine;

 private:
  uint64_t number_ = 0;
};

TEST_F(RefusalTest, SaysWhichTestOfTheWindowFailedAndItsNumbers) {
  start();
  shake_hands();
  EXPECT_EQ(events.count, 0);
  say(tcp4(kThere, kAck | kPsh, "data", {.sequence = 9001, .acknowledgement = 5001, .window = 1000}));
  EXPECT_EQ(events.said["event"], "tcp_seq_over_upper_bound");
  EXPECT_EQ(events.packet_state, PacketState::Invalid);
  EXPECT_TRUE(events.connected) << "it is told of the connection that it was taken for";
  EXPECT_EQ(events.said["invalid.seq"], "9001");
  EXPECT_EQ(events.said["invalid.end"], "9005");
  EXPECT_EQ(events.said["invalid.ack"], "5001");
  EXPECT_EQ(events.said["invalid.win"], "1000");
  // The server allowed 2000 bytes from 1001 on.
  EXPECT_EQ(events.said["invalid.sender_maxend"], "3001");
  EXPECT_EQ(events.said["invalid.bound"], "3002");
  EXPECT_EQ(events.said["invalid.receiver_maxwin"], "2000");
  EXPECT_EQ(events.said["invalid.flags"], "PSH,ACK");
  EXPECT_EQ(events.said["invalid.state"], "ESTABLISHED");
  EXPECT_EQ(counted(RefusalReason::TcpSeqOver).packets, 1u);
  EXPECT_EQ(counted(RefusalReason::TcpSeqOver).first_packet, 4u);
}

TEST_F(RefusalTest, AnOldSegmentIsToldOfButBelongs) {
  start();
  shake_hands();
  say(tcp4(kBack, kAck, "", {.sequence = 5001, .acknowledgement = 1001u - 70000, .window = 2000}));
  EXPECT_EQ(events.said["event"], "tcp_ack_under_lower_bound");
  EXPECT_EQ(events.packet_state, PacketState::Established);
  EXPECT_FALSE(is_invalid(RefusalReason::TcpAckUnder));
  EXPECT_EQ(engine->connection_counters().invalid, 0u);
}

TEST_F(RefusalTest, LiberallyNoWindowIsRefused) {
  start({{"net.netfilter.nf_conntrack_tcp_be_liberal", 1}});
  shake_hands();
  say(tcp4(kThere, kAck | kPsh, "data", {.sequence = 90001, .acknowledgement = 5001, .window = 1000}));
  EXPECT_EQ(events.count, 0);
}

TEST_F(RefusalTest, WhatWasNotPickedUpSaysWhy) {
  start({{"net.netfilter.nf_conntrack_tcp_loose", 0}});
  say(tcp4(kThere, kAck, "", {.sequence = 1, .acknowledgement = 1}));
  EXPECT_EQ(events.said["event"], "tcp_not_picked_up");
  EXPECT_EQ(events.said["state"], "INVALID");
  EXPECT_FALSE(events.connected);
}

TEST_F(RefusalTest, AFullTableIsToldOf) {
  start({{"net.netfilter.nf_conntrack_max", 1}});
  shake_hands();
  say(udp4("192.0.2.1:4000 > 198.51.100.2:53", "question"));
  EXPECT_EQ(counted(RefusalReason::TableFull).packets, 1u);
  EXPECT_EQ(counted(RefusalReason::TableFull).first.bound, 1u);
  EXPECT_EQ(engine->connection_counters().drop, 1u);
}

TEST_F(RefusalTest, ASpoofedErrorNamesWhomItShouldGoTo) {
  start();
  const Packet asked = udp4("192.0.2.1:4000 > 198.51.100.2:53", "question");
  say(asked.clone());
  const Bytes quoted = bytes_of(asked);
  say(icmp4("198.51.100.9 > 192.0.2.77", 3, 3, 0, std::string(quoted.begin(), quoted.end())));
  EXPECT_EQ(events.said["event"], "icmp_error_misaddressed");
  EXPECT_NE(events.said["invalid.words"].find("192.0.2.1"), std::string::npos) << events.said["invalid.words"];
}

TEST(Refusal, EachReasonHasAName) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kRefusalReasons; ++i) names.insert(reason_name(static_cast<RefusalReason>(i)));
  EXPECT_EQ(names.size(), kRefusalReasons);
  EXPECT_FALSE(names.contains(""));
}

TEST(Refusal, WordsAreCutToTheirRoomAndTheLongestFit) {
  Refusal refusal = {.reason = RefusalReason::TcpAckUnder, .flags = 0xff, .found = UINT32_MAX, .bound = UINT32_MAX};
  refusal.sequence = refusal.end = refusal.acknowledgement = refusal.sack = UINT32_MAX;
  refusal.window = UINT16_MAX;
  refusal.sender = refusal.receiver = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 14, 0xff};
  refusal.lowered_timeout_s = UINT32_MAX;
  std::array<char, 1000> room;
  for (size_t i = 1; i < kRefusalReasons; ++i) {
    refusal.reason = static_cast<RefusalReason>(i);
    const std::string whole(refusal_words(refusal, room));
    EXPECT_FALSE(whole.empty()) << i;
    EXPECT_LE(whole.size(), kRefusalWords) << whole;
    EXPECT_EQ(refusal_words(refusal, std::span(room).first(10)), whole.substr(0, 10));
  }
}

}  // namespace
}  // namespace sallyport
