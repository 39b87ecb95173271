// Choosing a mapping: what stays, what is reused, from where a free port is taken, and what happens when none is.

#include "nat/range.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "conntrack/tuple.h"
#include "support/packets.h"
#include "wire/siphash.h"

namespace sallyport {
namespace {

constexpr SipHashKey kKey = {1, 2};

NatRequest to(std::string_view low, std::string_view high = {}) {
  NatRequest request = {.has_addresses = true};
  request.low = *parse_address(low);
  request.high = high.empty() ? request.low : *parse_address(high);
  return request;
}

NatRequest with_ports(NatRequest request, uint16_t low, uint16_t high) {
  request.has_ids = true;
  request.low_id = low;
  request.high_id = high;
  return request;
}

// A gateway's table, and connections that it maps.
class Gateway {
 public:
  explicit Gateway(uint64_t most = 1'000'000) : table(most, kKey), by_source(table, kKey), random_(7) {}

  Tuple choose(std::string_view flow, const NatRequest& request, NatEnd end = NatEnd::Source) {
    return choose(*tuple_of(test::udp4(flow), 0), request, end);
  }
  Tuple choose(const Tuple& tuple, const NatRequest& request, NatEnd end = NatEnd::Source) {
    begin(tuple);
    return choose_for_last(tuple, request, end);
  }
  Connection& begin(const Tuple& tuple) {
    last = table.create(tuple, *inverted(tuple), 0);
    last->deadline = 1000 * kSecond;
    return *last;
  }
  Tuple choose_for_last(const Tuple& tuple, const NatRequest& request, NatEnd end = NatEnd::Source) {
    NatSearch search = {table, by_source, spared, random_, 0};
    const Tuple mapped = unique_tuple(tuple, *last, end, request, search);
    looks = search.looks;
    table.set_reply(*last, *inverted(mapped));
    return mapped;
  }
  // The same, and the connection lives. False: its tuple was taken.
  bool open(const Tuple& tuple, const NatRequest& request) {
    choose(tuple, request);
    return keep();
  }
  bool open(std::string_view flow, const NatRequest& request) { return open(*tuple_of(test::udp4(flow), 0), request); }
  bool keep() {
    last->status |= kStatusSourceNatDone;
    if (!table.confirm(*last, 0)) {
      table.reclaim();
      return false;
    }
    by_source.add(*last);
    return true;
  }

  // The gateway's address is 203.0.113.7; `ports` are its own.
  void spare(std::initializer_list<ListeningPorts> ports) {
    Interface wan = {.name = {"wan"}, .addresses = {{*parse_address("203.0.113.7"), 24}}};
    ASSERT_TRUE(host_.add_interface(wan));
    for (const ListeningPorts& some : ports) ASSERT_TRUE(host_.spare_from_nat(some));
    host_.finish();
    spared = SparedPorts(host_);
  }

  ConnectionTable table;
  BySource by_source;
  SparedPorts spared;
  Connection* last = nullptr;
  uint32_t looks = 0;  // of the last choice

 private:
  Random random_;
  HostModel host_;
};

std::string text(const Tuple& tuple) {
  return tuple.source_address().text() + ":" + std::to_string(tuple.source_id) + " > " +
         tuple.destination_address().text() + ":" + std::to_string(tuple.destination_id);
}

TEST(UniqueTuple, KeepsAPortThatIsFree) {
  Gateway gateway;
  EXPECT_EQ(text(gateway.choose("10.0.0.5:4000 > 198.51.100.9:53", to("203.0.113.7"))),
            "203.0.113.7:4000 > 198.51.100.9:53");
}

struct ClassCase {
  uint16_t port, low, high;
};
constexpr ClassCase kClasses[] = {
    // port, then from where another is taken on a clash
    {1, 1, 511}, {511, 1, 511}, {512, 600, 1023}, {1023, 600, 1023}, {1024, 1024, 65535}, {65535, 1024, 65535},
};

TEST(UniqueTuple, TakesAnotherPortFromTheSameClass) {
  for (const auto& [port, low, high] : kClasses) {
    Gateway gateway;
    const std::string way = ":" + std::to_string(port) + " > 198.51.100.9:53";
    ASSERT_TRUE(gateway.open("10.0.0.5" + way, to("203.0.113.7")));
    for (int i = 6; i < 60; ++i) {
      const Tuple mapped = gateway.choose("10.0.0." + std::to_string(i) + way, to("203.0.113.7"));
      EXPECT_NE(mapped.source_id, port);
      EXPECT_GE(mapped.source_id, low);
      EXPECT_LE(mapped.source_id, high);
    }
  }
}

TEST(UniqueTuple, TheSamePortServesManyServers) {
  Gateway gateway;
  ASSERT_TRUE(gateway.open("10.0.0.5:4000 > 198.51.100.9:53", to("203.0.113.7")));
  EXPECT_EQ(gateway.choose("10.0.0.6:4000 > 198.51.100.10:53", to("203.0.113.7")).source_id, 4000);
}

TEST(UniqueTuple, ASourceKeepsItsMapping) {
  Gateway gateway;
  ASSERT_TRUE(gateway.open("10.0.0.5:4000 > 198.51.100.9:53", to("203.0.113.7")));
  ASSERT_TRUE(gateway.open("10.0.0.6:4000 > 198.51.100.9:53", to("203.0.113.7")));
  const uint16_t got = inverted(gateway.last->tuple(Direction::Reply))->source_id;
  ASSERT_NE(got, 4000);
  // Another server, where 4000 would be free.
  EXPECT_EQ(gateway.choose("10.0.0.6:4000 > 198.51.100.10:53", to("203.0.113.7")).source_id, got);
}

TEST(UniqueTuple, APortOfTheRangeStaysAndOthersComeIn) {
  Gateway gateway;
  const NatRequest request = with_ports(to("203.0.113.7"), 4000, 4009);
  EXPECT_EQ(gateway.choose("10.0.0.5:4005 > 198.51.100.9:53", request).source_id, 4005);
  const uint16_t other = gateway.choose("10.0.0.5:5005 > 198.51.100.9:53", request).source_id;
  EXPECT_GE(other, 4000);
  EXPECT_LE(other, 4009);
}

TEST(UniqueTuple, ABasePortMovesTheRange) {
  Gateway gateway;
  NatRequest request = with_ports(to("10.0.0.5"), 2000, 2999);
  request.has_base = true;
  request.base = 8000;
  EXPECT_EQ(gateway.choose("198.51.100.9:40000 > 203.0.113.7:8123", request, NatEnd::Destination).destination_id, 2123);
}

TEST(UniqueTuple, RandomLeavesAFreePort) {
  Gateway gateway;
  NatRequest request = to("203.0.113.7");
  request.random = true;
  std::set<uint16_t> ports;
  for (int i = 0; i < 50; ++i) {
    const std::string flow = "10.0.0.5:4000 > 198.51.100." + std::to_string(i + 1) + ":53";
    ports.insert(gateway.choose(flow, request).source_id);
  }
  EXPECT_GT(ports.size(), 40u);
}

// Addresses of a range are the kernel's own choice: seen there, by lookup3 over source and destination.
TEST(UniqueTuple, AnAddressOfARangeDependsOnTheEndsOnly) {
  Gateway gateway;
  const NatRequest request = to("203.0.113.1", "203.0.113.200");
  std::set<std::string> addresses;
  for (int i = 1; i < 60; ++i) {
    const std::string from = "10.0.0." + std::to_string(i);
    const Tuple one = gateway.choose(from + ":4000 > 198.51.100.9:53", request);
    const Tuple two = gateway.choose(from + ":5000 > 198.51.100.9:80", request);
    EXPECT_EQ(one.source, two.source);
    addresses.insert(one.source_address().text());
  }
  EXPECT_GT(addresses.size(), 40u);
}

TEST(UniqueTuple, PersistentForgetsTheDestination) {
  Gateway gateway;
  NatRequest request = to("203.0.113.1", "203.0.113.200");
  request.persistent = true;
  std::set<std::string> addresses;
  for (int i = 1; i < 60; ++i) {
    const std::string flow = "10.0.0.5:4000 > 198.51.100." + std::to_string(i) + ":53";
    addresses.insert(gateway.choose(flow, request).source_address().text());
  }
  EXPECT_EQ(addresses.size(), 1u);
}

// When nothing is free the answer is a taken tuple, and confirmation refuses it: the packet is dropped and counted.
TEST(UniqueTuple, AnExhaustedRangeIsNoMapping) {
  Gateway gateway;
  const NatRequest request = with_ports(to("203.0.113.7"), 4000, 4099);
  uint32_t opened = 0;
  for (uint16_t port = 10000; port < 10300; ++port) {
    opened += gateway.open("10.0.0.5:" + std::to_string(port) + " > 198.51.100.9:53", request) ? 1 : 0;
  }
  EXPECT_EQ(opened, 100u);
  EXPECT_EQ(gateway.table.counters.insert_failed, 200u);
}

// A million connections of ten hosts with the same ports, through one address and 60,000 ports to twenty servers. Each
// server sees each port once at most; the address is full for a server when it has 60,000, and nothing is taken from
// its owner.
TEST(UniqueTuple, AMillionConnectionsThroughOneAddress) {
  constexpr uint32_t kServers = 20, kLow = 1024, kPorts = 60'000, kConnections = 1'000'000, kHosts = 10;
  Gateway gateway(2'000'000);
  const NatRequest request = with_ports(to("203.0.113.7"), kLow, kLow + kPorts - 1);
  std::vector<std::vector<bool>> taken(kServers, std::vector<bool>(65536));
  Tuple tuple = *tuple_of(test::udp4("10.0.0.0:1 > 198.51.100.0:53"), 0);
  uint32_t opened = 0;
  for (uint32_t i = 0; i < kConnections; ++i) {
    tuple.source[2] = static_cast<uint8_t>(i / kServers % kHosts);
    tuple.source_id = static_cast<uint16_t>(kLow + i / kServers / kHosts);
    tuple.destination[3] = static_cast<uint8_t>(i % kServers);
    if (!gateway.open(tuple, request)) continue;
    ++opened;
    const Tuple reply = gateway.last->tuple(Direction::Reply);
    ASSERT_EQ(reply.destination_address().text(), "203.0.113.7");
    ASSERT_TRUE(reply.destination_id >= kLow && reply.destination_id < kLow + kPorts);
    auto&& seen = taken[reply.source[3]][reply.destination_id];
    ASSERT_FALSE(seen) << "port " << reply.destination_id << " twice";
    seen = true;
  }
  EXPECT_EQ(gateway.table.size(), opened);
  EXPECT_EQ(gateway.table.counters.insert_failed, kConnections - opened);
  // 50,000 for each of 60,000 ports: the bounded search misses a free port hardly ever.
  EXPECT_GT(opened, kConnections - 1000);
}

// Its own port, that of the mapping, then five rounds of ports: so many looks at most, whatever is taken.
constexpr uint32_t kMostLooks = 2 + 128 + 64 + 32 + 16 + 8;

// At 99 % too.
TEST(UniqueTuple, ANearlyFullAddressIsSearchedWithinBounds) {
  constexpr uint32_t kLow = 1024, kPorts = 60'000, kFree = kPorts / 100, kTries = 2000;
  Gateway gateway;
  const NatRequest request = with_ports(to("203.0.113.7"), kLow, kLow + kPorts - 1);
  Tuple tuple = *tuple_of(test::udp4("10.0.0.1:1024 > 198.51.100.9:53"), 0);
  for (uint32_t i = 0; i < kPorts; ++i) {
    tuple.source_id = static_cast<uint16_t>(kLow + i);
    if (i % 100 == 0) continue;
    ASSERT_TRUE(gateway.open(tuple, request));
  }
  tuple.source[3] = 2;
  uint32_t found = 0;
  for (uint32_t i = 0; i < kTries; ++i) {
    tuple.source_id = static_cast<uint16_t>(kLow + 1 + i % 90);
    const uint64_t before = gateway.table.counters.insert_failed;
    gateway.choose(tuple, request);
    ASSERT_LE(gateway.looks, kMostLooks);
    found += gateway.table.confirm(*gateway.last, 0) ? 1 : 0;
    if (gateway.table.counters.insert_failed == before) gateway.table.kill(*gateway.last);
    gateway.table.reclaim();
  }
  EXPECT_EQ(gateway.table.size(), kPorts - kFree);
  // Every hundredth port is free, so of 128 in a row at least one is.
  EXPECT_EQ(found, kTries);
}

TEST(UniqueTuple, AFullAddressCostsAllLooksAndNoMore) {
  constexpr uint32_t kLow = 1024, kPorts = 60'000;
  Gateway gateway;
  const NatRequest request = with_ports(to("203.0.113.7"), kLow, kLow + kPorts - 1);
  Tuple tuple = *tuple_of(test::udp4("10.0.0.1:1024 > 198.51.100.9:53"), 0);
  for (uint32_t i = 0; i < kPorts; ++i) {
    tuple.source_id = static_cast<uint16_t>(kLow + i);
    ASSERT_TRUE(gateway.open(tuple, request));
  }
  tuple.source[3] = 2;
  EXPECT_FALSE(gateway.open(tuple, request));
  // Its own address is not the mapping's, so the look at that is spared.
  EXPECT_EQ(gateway.looks, kMostLooks - 1);
}

struct SparedCase {
  std::string_view flow;
  std::string_view to;
  bool kept;  // the port that it has
};
constexpr SparedCase kSparedCases[] = {
    {"10.0.0.5:1193 > 198.51.100.9:53", "203.0.113.7", true},
    {"10.0.0.5:1194 > 198.51.100.9:53", "203.0.113.7", false},
    {"10.0.0.5:1195 > 198.51.100.9:53", "203.0.113.7", true},
    {"10.0.0.5:1999 > 198.51.100.9:53", "203.0.113.7", true},
    {"10.0.0.5:2000 > 198.51.100.9:53", "203.0.113.7", false},
    {"10.0.0.5:2010 > 198.51.100.9:53", "203.0.113.7", false},
    {"10.0.0.5:2011 > 198.51.100.9:53", "203.0.113.7", true},
    // TCP's is nothing to UDP.
    {"10.0.0.5:8000 > 198.51.100.9:53", "203.0.113.7", true},
    // Nobody listens at an address that is not the gateway's.
    {"10.0.0.5:1194 > 198.51.100.9:53", "203.0.113.8", true},
    // The gateway itself sends from there.
    {"203.0.113.7:1194 > 198.51.100.9:53", "203.0.113.7", true},
};

TEST(SparedPorts, AreNoMapping) {
  for (const SparedCase& c : kSparedCases) {
    Gateway gateway;
    gateway.spare({{kUdp, 1194, 1194}, {kUdp, 2000, 2010}, {kTcp, 8000, 8000}});
    const Tuple before = *tuple_of(test::udp4(c.flow), 0);
    EXPECT_EQ(gateway.choose(before, to(c.to)).source_id == before.source_id, c.kept) << c.flow << " to " << c.to;
  }
}

TEST(SparedPorts, AreNotTakenFromARange) {
  for (const bool random : {false, true}) {
    Gateway gateway;
    gateway.spare({{kUdp, 4000, 4097}});
    NatRequest request = with_ports(to("203.0.113.7"), 4000, 4099);
    request.random = random;
    for (uint8_t host = 1; host < 3; ++host) {
      const std::string flow = fmt::format("10.0.0.{}:4050 > 198.51.100.9:53", host);
      ASSERT_TRUE(gateway.open(flow, request));
      EXPECT_GE(inverted(gateway.last->tuple(Direction::Reply))->source_id, 4098);
    }
  }
}

// A closing connection's port is looked at in another way.
TEST(SparedPorts, AreNotTakenForASynEither) {
  Gateway gateway;
  gateway.spare({{kTcp, 4000, 4019}});
  const NatRequest request = with_ports(to("203.0.113.7"), 4000, 4020);
  const Tuple tuple = *tuple_of(test::tcp4("10.0.0.5:4000 > 198.51.100.9:80", test::kSyn), 0);
  gateway.begin(tuple).tcp.state = TcpState::SynSent;
  EXPECT_EQ(gateway.choose_for_last(tuple, request).source_id, 4020);
}

// Where nothing else is left, the answer says so: the caller drops the packet.
TEST(SparedPorts, AreTheAnswerWhereNothingElseIsLeft) {
  for (const uint16_t high : {uint16_t{4000}, uint16_t{4007}}) {
    Gateway gateway;
    gateway.spare({{kUdp, 4000, 4007}});
    const Tuple mapped = gateway.choose("10.0.0.5:4000 > 198.51.100.9:53", with_ports(to("203.0.113.7"), 4000, high));
    EXPECT_TRUE(gateway.spared.hold_answers(mapped, *gateway.last));
  }
}

// A source that has had the mapping that is asked for, and after it another, for so many connections.
TEST(BySource, AWalkPassesSoManyAndNoMore) {
  for (const uint32_t others : {BySource::kMostPassed - 1, BySource::kMostPassed}) {
    Gateway gateway;
    ASSERT_TRUE(gateway.open("10.0.0.6:4000 > 198.51.100.9:53", to("203.0.113.7")));
    ASSERT_TRUE(gateway.open("10.0.0.5:4000 > 198.51.100.9:53", to("203.0.113.7")));
    const uint16_t got = inverted(gateway.last->tuple(Direction::Reply))->source_id;
    ASSERT_NE(got, 4000);
    for (uint32_t i = 0; i < others; ++i) {
      const std::string server = fmt::format("192.0.{}.{}", i / 250, i % 250 + 1);
      ASSERT_TRUE(gateway.open("10.0.0.5:4000 > " + server + ":53", to("203.0.113.8")));
    }
    const uint16_t again = gateway.choose("10.0.0.5:4000 > 198.51.100.10:53", to("203.0.113.7")).source_id;
    EXPECT_EQ(again == got, others < BySource::kMostPassed) << others;
  }
}

TEST(BySource, FindsEachAmongManyThatShareHeads) {
  Gateway gateway(5000);
  std::vector<Connection*> connections;
  for (uint32_t i = 0; i < 5000; ++i) {
    const std::string flow =
        "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":4000 > 198.51.100.9:53";
    ASSERT_TRUE(gateway.open(flow, to("203.0.113.7")));
    connections.push_back(gateway.last);
  }
  for (size_t i = 0; i < connections.size(); i += 3) {
    gateway.by_source.remove(*connections[i]);
    gateway.table.kill(*connections[i]);
  }
  for (size_t i = 0; i < connections.size(); ++i) {
    const Tuple tuple = connections[i]->tuple(Direction::Original);
    const bool found = gateway.by_source.any_of(tuple, [&](const Connection& one) { return &one == connections[i]; });
    EXPECT_EQ(found, i % 3 != 0) << i;
  }
}

}  // namespace
}  // namespace sallyport
