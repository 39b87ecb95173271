#include "match/connection_count.h"

#include <gtest/gtest.h>

#include <list>

#include "sallyport/host.h"
#include "sallyport/random.h"
#include "support/packets.h"

namespace sallyport::test {
namespace {

constexpr Duration kTick = kSecond / 250;

// Connections by their source port.
class Connections final : public ConnectionFinder {
 public:
  const Connection* find_connection(const Tuple& tuple, Zone, Timestamp) const override {
    for (const Ipv4Connection& connection : known) {
      if (connection.tuple(Direction::Original) == tuple) return &connection;
    }
    return nullptr;
  }
  std::optional<Tuple> tuple_for(const Packet&) const override { return std::nullopt; }
  uint64_t most_connections() const override { return 100; }
  Result<const Timeouts*> find_timeouts(std::string_view, Family, uint8_t) const override { return nullptr; }

  std::list<Ipv4Connection> known;
};

class ConnectionCountTest : public ::testing::Test {
 protected:
  ConnectionCountTest() {
    model_.finish();
    context_.router = &model_;
    context_.clock = &clock_;
    context_.random = &random_;
    wait();
  }
  // Its first packet, which then makes it known; its answers come, too.
  uint32_t begin(ConnectionCount& count, std::string_view host, uint16_t port) {
    Ipv4Connection& connection = connections_.known.emplace_back();
    connection.protocol = kTcp;
    connection.tcp.state = TcpState::SynSent;
    connection.tuples[0].source_id = port;
    const uint32_t now_there = again(count, host, port);
    connection.status |= kStatusConfirmed | kStatusAssured;
    return now_there;
  }
  uint32_t again(ConnectionCount& count, std::string_view host, uint16_t port) {
    Packet packet = tcp4("192.0.2.1:1 > 198.51.100.2:2", kSyn);
    packet.connection = &find(port);
    return count.count(*parse_address(Family::Ipv4, host), packet, context_);
  }
  Ipv4Connection& find(uint16_t port) {
    for (Ipv4Connection& connection : connections_.known) {
      if (connection.tuples[0].source_id == port) return connection;
    }
    return connections_.known.front();
  }
  void close(uint16_t port) { find(port).tcp.state = TcpState::TimeWait; }
  void forget(uint16_t port) {
    connections_.known.remove_if([&](const Ipv4Connection& one) { return one.tuples[0].source_id == port; });
  }
  void wait() { clock_.advance_to(clock_.now() + kTick); }

  HostModel model_;
  Clock clock_;
  Random random_{1};
  HookContext context_;
  Connections connections_;
};

TEST_F(ConnectionCountTest, CountsEachHostsOwn) {
  ConnectionCount count(connections_, 100);
  EXPECT_EQ(begin(count, "192.0.2.1", 1), 1u);
  EXPECT_EQ(begin(count, "192.0.2.1", 2), 2u);
  EXPECT_EQ(begin(count, "192.0.2.2", 3), 1u);
  EXPECT_EQ(again(count, "192.0.2.1", 1), 2u);
}

TEST_F(ConnectionCountTest, StrikesOffWhatEndedOnceATick) {
  ConnectionCount count(connections_, 100);
  for (uint16_t port = 1; port <= 3; ++port) begin(count, "192.0.2.1", port);
  close(1);
  forget(2);
  EXPECT_EQ(begin(count, "192.0.2.1", 4), 4u);  // in the tick in which the host was first counted
  wait();
  EXPECT_EQ(begin(count, "192.0.2.1", 5), 3u);
  close(5);
  EXPECT_EQ(again(count, "192.0.2.1", 4), 3u);
  wait();
  EXPECT_EQ(again(count, "192.0.2.1", 4), 2u);
}

TEST_F(ConnectionCountTest, AnswersZeroWhereAllOfAKnownHostEnded) {
  ConnectionCount count(connections_, 100);
  begin(count, "192.0.2.1", 1);
  close(1);
  wait();
  EXPECT_EQ(again(count, "192.0.2.1", 1), 0u);
  EXPECT_EQ(begin(count, "192.0.2.1", 2), 1u);
}

TEST_F(ConnectionCountTest, AddsWhatIsKnownButNotAssuredOnce) {
  ConnectionCount count(connections_, 100);
  begin(count, "192.0.2.1", 1);
  find(1).status = kStatusConfirmed;
  EXPECT_EQ(again(count, "192.0.2.1", 1), 1u);
  // In the same tick, too.
  forget(1);
  begin(count, "192.0.2.1", 2);
  find(2).status = kStatusConfirmed;
  EXPECT_EQ(again(count, "192.0.2.1", 2), 1u);
}

TEST_F(ConnectionCountTest, LeavesOffAfterSixtyFour) {
  ConnectionCount count(connections_, 1000);
  for (uint16_t port = 1; port <= 200; ++port) begin(count, "192.0.2.1", port);
  connections_.known.clear();
  wait();
  EXPECT_EQ(begin(count, "192.0.2.1", 300), 200u - 65 + 1);
}

TEST_F(ConnectionCountTest, TakesNoMoreThanItMay) {
  ConnectionCount count(connections_, 4);
  const std::string_view hosts[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"};
  for (uint16_t i = 0; i < 4; ++i) EXPECT_EQ(begin(count, hosts[i], i), 1u);
  EXPECT_EQ(begin(count, hosts[4], 10), 0u);
  EXPECT_EQ(begin(count, hosts[0], 11), 0u);
  close(2);
  EXPECT_EQ(begin(count, hosts[4], 12), 1u);
  EXPECT_EQ(count.hosts(), 4u);
  EXPECT_EQ(count.entries(), 4u);
}

}  // namespace
}  // namespace sallyport::test
