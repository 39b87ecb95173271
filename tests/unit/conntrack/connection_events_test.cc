// What is told of connections, and when.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sallyport/connection_text.h"
#include "sallyport/engine.h"
#include "sallyport/registry.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using namespace test;

class Listener final : public ConnectionEventSink {
 public:
  void emit(const ConnectionRecord& record) override {
    std::string line;
    write_connection(record, {.labels = true}, line);
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  void emit_expectation(const ExpectationRecord& record) override {
    std::string line;
    write_expectation(record, false, line);
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

class ConnectionEventsTest : public ::testing::Test {
 protected:
  void start(std::string_view rules, HostModel host = HostModel::pair("in0", "out0")) {
    EngineConfig config = {.host = std::move(host), .connection_events = &listener_};
    config.rulesets.push_back(*read_ruleset(rules, "rules", Family::Ipv4, builtin_registry()));
    engine_ = *Engine::create(std::move(config));
  }
  void say(Packet packet, Timestamp time) {
    packet.in = packet.source() == *parse_address("192.0.2.1") ? InterfaceId{1} : InterfaceId{2};
    packet.time = time;
    engine_->process({&packet, 1});
  }
  std::string listing(const ConnectionStyle& style) { return engine_->connection_listing(style); }
  std::vector<std::string> heard() { return std::exchange(listener_.lines, {}); }
  using Lines = std::vector<std::string>;

  static constexpr std::string_view kThere = "192.0.2.1:4000 > 198.51.100.2:53",
                                    kBack = "198.51.100.2:53 > 192.0.2.1:4000";

 private:
  Listener listener_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ConnectionEventsTest, TellWhatChangedAndNothingElse) {
  start("*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n");
  say(udp4(kThere, "question"), 0);
  EXPECT_EQ(heard(), Lines{"    [NEW] udp      17 30 src=192.0.2.1 dst=198.51.100.2 sport=4000 dport=53 [UNREPLIED] "
                           "src=198.51.100.2 dst=192.0.2.1 sport=53 dport=4000"});
  say(udp4(kThere, "question"), kSecond);
  EXPECT_EQ(heard(), Lines{});
  say(udp4(kBack, "answer"), kSecond);
  EXPECT_EQ(heard(), Lines{" [UPDATE] udp      17 30 src=192.0.2.1 dst=198.51.100.2 sport=4000 dport=53 "
                           "src=198.51.100.2 dst=192.0.2.1 sport=53 dport=4000"});
  say(udp4(kThere, "more"), 3 * kSecond);
  EXPECT_EQ(heard(), Lines{" [UPDATE] udp      17 120 src=192.0.2.1 dst=198.51.100.2 sport=4000 dport=53 "
                           "src=198.51.100.2 dst=192.0.2.1 sport=53 dport=4000 [ASSURED]"});
  say(udp4(kBack, "all"), 4 * kSecond);
  EXPECT_EQ(heard(), Lines{});
}

TEST_F(ConnectionEventsTest, OfADroppedPacketComeWithTheNext) {
  start("*filter\n-A FORWARD -m state --state ESTABLISHED -m length --length 34: -j DROP\nCOMMIT\n");
  say(udp4(kThere), 0);
  heard();
  say(udp4(kBack, "too long"), 0);
  EXPECT_EQ(heard(), Lines{}) << "what happened is kept";
  say(udp4(kThere), 0);
  ASSERT_EQ(heard().size(), 1u);
}

TEST_F(ConnectionEventsTest, ACarriedMarkIsToldOnceItChanges) {
  start("*filter\n-A FORWARD -m length --length 30: -j CONNMARK --set-mark 7\nCOMMIT\n");
  say(udp4(kThere), 0);
  heard();
  say(udp4(kThere, "marks"), 0);
  const Lines lines = heard();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with(" [UPDATE]") && lines[0].ends_with("mark=7")) << lines[0];
  say(udp4(kThere, "marks"), 0);
  EXPECT_EQ(heard(), Lines{});
}

TEST_F(ConnectionEventsTest, ALabelIsToldOnce) {
  start("*filter\n-A FORWARD -m length --length 30: -m connlabel --label 7 --set\nCOMMIT\n");
  say(udp4(kThere), 0);
  heard();
  say(udp4(kThere, "labels"), 0);
  const Lines lines = heard();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with(" [UPDATE] udp") && lines[0].contains(" labels")) << lines[0];
  say(udp4(kThere, "labels"), 0);
  EXPECT_EQ(heard(), Lines{});
  say(udp4(kBack), 0);
  EXPECT_FALSE(heard().at(0).contains("labels")) << "the label is not what changed";
}

// As nf_conntrack_timestamp asks for. What ran out ended at its deadline, and was found later.
TEST_F(ConnectionEventsTest, SayHowLongAConnectionLived) {
  HostModel host = HostModel::pair("in0", "out0");
  host.set_sysctl("net.netfilter.nf_conntrack_timestamp", 1);
  start("*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n", std::move(host));
  constexpr Timestamp kBegin = 1'000'000 * kSecond + 900 * kMillisecond;
  say(udp4(kThere), kBegin);
  EXPECT_FALSE(heard().at(0).contains("delta-time"));
  say(tcp4("192.0.2.1:4000 > 198.51.100.2:80", kSyn), kBegin + 7 * kSecond + 999 * kMillisecond);
  // The kernel counts what lies between, conntrack(8) from the second of its begin to that of now.
  const std::string listed = listing({.form = ConnectionForm::NfConntrack});
  EXPECT_TRUE(listed.contains("dport=4000 mark=0 zone=0 delta-time=7 use=2\n")) << listed;
  const std::string with_day = listing({.kernel_timestamp = true});
  EXPECT_TRUE(with_day.contains("mark=0 delta-time=8 [start=Mon Jan 12 13:46:40 1970] use=1\n")) << with_day;
  EXPECT_TRUE(listing({.form = ConnectionForm::Xml}).contains("<deltatime>8</deltatime>"));
  heard();
  for (int second = 31; second < 50; ++second) say(udp4("192.0.2.1:1 > 198.51.100.2:2"), kBegin + second * kSecond);
  const Lines lines = heard();
  const auto destroyed = std::ranges::find_if(lines, [](const std::string& line) { return line.contains("DESTROY"); });
  ASSERT_NE(destroyed, lines.end());
  EXPECT_TRUE(destroyed->ends_with("sport=53 dport=4000 delta-time=30")) << *destroyed;
}

constexpr std::string_view kTftp = "192.0.2.1:4000 > 198.51.100.2:69", kTftpFile = "198.51.100.2:3000 > 192.0.2.1:4000";
constexpr std::string_view kExpected =
    "proto=17 src=198.51.100.2 dst=192.0.2.1 sport=0 dport=4000 mask-src=255.255.255.255 mask-dst=255.255.255.255 "
    "sport=0 dport=65535 master-src=192.0.2.1 master-dst=198.51.100.2 sport=4000 dport=69 class=0 helper=tftp";
const std::string kRead = std::string("\0\1", 2) + "file";

TEST_F(ConnectionEventsTest, AnExpectationBeginsAndComes) {
  start("*raw\n-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\nCOMMIT\n");
  say(udp4(kTftp, kRead), 0);
  Lines lines = heard();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], fmt::format("    [NEW] 300 {}", kExpected));
  say(udp4(kTftpFile, "data"), 10 * kSecond);
  lines = heard();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], fmt::format("[DESTROY] 290 {}", kExpected));
}

TEST_F(ConnectionEventsTest, AnExpectationEndsInTimeWithNobodyAskingForIt) {
  start("*raw\n-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\nCOMMIT\n");
  say(udp4(kTftp, kRead), 0);
  for (Timestamp time = 20 * kSecond; time < 300 * kSecond; time += 20 * kSecond) say(udp4(kTftp, "x"), time);
  heard();
  say(udp4(kTftp, "x"), 300 * kSecond);
  EXPECT_EQ(heard(), Lines{fmt::format("[DESTROY] 0 {}", kExpected)});
}

TEST_F(ConnectionEventsTest, OfAnExpectationOnlyWhatWasChosen) {
  start("*raw\n-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp --expevents new\nCOMMIT\n");
  say(udp4(kTftp, kRead), 0);
  EXPECT_EQ(heard(), Lines{fmt::format("    [NEW] 300 {}", kExpected)}) << "and nothing of the connection";
  say(udp4(kTftpFile, "data"), kSecond);
  EXPECT_EQ(heard().size(), 1u) << "the new connection";
}

TEST_F(ConnectionEventsTest, AnEndIsToldBeforeWhatTakesItsPlace) {
  start("*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n");
  const std::string there = "192.0.2.1:4000 > 198.51.100.2:80", back = "198.51.100.2:80 > 192.0.2.1:4000";
  say(tcp4(there, kSyn, "", {.sequence = 1}), 0);
  say(tcp4(back, kRst | kAck, "", {.sequence = 0, .acknowledgement = 2}), 0);
  const Lines lines = heard();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("    [NEW] tcp      6 120 SYN_SENT src=")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("[DESTROY] tcp      6 120 CLOSE src=") && !lines[1].contains("[ASSURED]"))
      << lines[1];
}

}  // namespace
}  // namespace sallyport
