// Very many connections through one public address and 60,000 ports: no two have the same answers, and when the ports
// towards one server are used up newcomers to it are dropped, counted and told of, and cost no more looks than they
// may.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "bounds/bounds.h"
#include "sallyport/bytes.h"
#include "sallyport/engine.h"
#include "support/packets.h"

namespace sallyport::bounds {
namespace {

constexpr uint32_t kLow = 1024, kPorts = 60'000;
constexpr uint32_t kPerServer = 50'000;  // of the crowd
constexpr uint32_t kMostLooks = 250;
constexpr std::string_view kRules =
    "*nat\n"
    "-A POSTROUTING -j SNAT -p udp --to-source 203.0.113.7:1024-61023\n"
    "COMMIT\n";
constexpr InterfaceId kNear = 1, kFar = 2;

class Gateway final : public PacketSink, public EventSink {
 public:
  explicit Gateway(uint32_t servers) : taken_(servers, std::vector<bool>(65536)), used_(servers) {
    HostModel host = HostModel::pair("near", "far");
    host.set_sysctl("net.netfilter.nf_conntrack_max", int64_t{servers} * 2 * kPorts);
    auto ruleset = read_ruleset(kRules, "full_address.rules", Family::Ipv4, builtin_registry());
    if (!ruleset) std::abort();
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = std::move(host);
    config.events = this;
    config.sink = this;
    auto engine = Engine::create(std::move(config));
    if (!engine) std::abort();
    engine_ = std::move(*engine);
  }

  // The first packet of connection `number`, a host and port of its own each, to that server.
  void open(uint32_t number, uint32_t server) {
    packet_[0].assign(question_, 0);
    uint8_t* const ip = packet_[0].data();
    store_be32(ip + 12, 0x0a000000 + number / 50'000 + 1);
    store_be32(ip + 16, server_address(server));
    store_be16(ip + 20, static_cast<uint16_t>(1024 + number % 50'000));
    pass(kNear);
  }
  // False: what the server says to that port does not come back to the host.
  bool answer(uint32_t server, uint16_t port, uint32_t number) {
    packet_[0].assign(question_, 0);
    uint8_t* const ip = packet_[0].data();
    store_be32(ip + 12, server_address(server));
    store_be32(ip + 16, 0xcb007107);
    store_be16(ip + 20, 53);
    store_be16(ip + 22, port);
    pass(kFar);
    const uint8_t* const bytes = last_.data();
    return last_.size() == question_.size() && load_be32(bytes + 16) == 0x0a000000 + number / 50'000 + 1 &&
           load_be16(bytes + 22) == 1024 + number % 50'000;
  }

  uint16_t last_port() const { return load_be16(last_.data() + 20); }
  uint32_t used(uint32_t server) const { return used_[server]; }
  uint64_t dropped() const { return engine_->counters().fates[static_cast<size_t>(Fate::Dropped)]; }
  ConnectionCounters counters() const { return engine_->connection_counters(); }

  uint64_t twice = 0, outside = 0, told = 0, most_looks = 0;

  void ended(Packet& packet, Fate fate, Hook, const Decision&) override {
    if (fate != Fate::Left) return;
    last_.assign(packet.bytes().begin(), packet.bytes().end());
    if (packet.out != kFar) return;
    const uint16_t port = load_be16(last_.data() + 20);
    const uint32_t server = load_be32(last_.data() + 16) - server_address(0);
    outside += load_be32(last_.data() + 12) != 0xcb007107 || port < kLow || port >= kLow + kPorts;
    twice += taken_[server][port];
    taken_[server][port] = true;
    ++used_[server];
  }
  void emit(const Event& event) override {
    if (event.type != "nat") return;
    ++told;
    for (const EventField& field : event.fields) {
      if (field.name == "range.tried") most_looks = std::max(most_looks, field.number);
    }
  }

 private:
  static uint32_t server_address(uint32_t server) { return 0xc6336401 + server; }

  // Without a checksum, so that nothing but the addresses need be written.
  static test::Bytes make_question() {
    const test::Bytes udp = test::hex("0400 0035 0009 0000 61");
    return test::bytes_of(test::ip4("10.0.0.1 > 198.51.100.1", kUdp, udp));
  }
  void pass(InterfaceId in) {
    uint8_t* const ip = packet_[0].data();
    store_be16(ip + 26, 0);
    store_be16(ip + 10, 0);
    uint32_t sum = 0;
    for (size_t i = 0; i < 20; i += 2) sum += load_be16(ip + i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    store_be16(ip + 10, static_cast<uint16_t>(~sum));
    packet_[0].in = in;
    packet_[0].time = time_ += kMicrosecond;
    last_.clear();
    engine_->process(packet_);
  }

  const test::Bytes question_ = make_question();
  std::vector<Packet> packet_ = std::vector<Packet>(1);
  std::vector<uint8_t> last_ = {};
  std::vector<std::vector<bool>> taken_;  // ports, by server
  std::vector<uint32_t> used_;
  std::unique_ptr<Engine> engine_;
  Timestamp time_ = 0;
};

}  // namespace

bool full_address(uint64_t connections) {
  const auto servers = static_cast<uint32_t>((connections + kPerServer - 1) / kPerServer);
  Gateway gateway(servers);
  gateway.open(0, 0);
  const uint16_t first_port = gateway.last_port();
  uint32_t number = 1;
  for (; number < connections; ++number) gateway.open(number, number % servers);
  const uint64_t dropped_of_crowd = gateway.dropped();
  // And now all of them want to go to the same server.
  const uint32_t more = kPorts / 2;
  for (uint32_t i = 0; i < more; ++i) gateway.open(number++, 0);
  const ConnectionCounters counters = gateway.counters();
  const bool answered = gateway.answer(0, first_port, 0);
  fmt::print(
      "{} connections to {} servers, {} of them dropped; then {} more to one server: {} of {} ports used, {} dropped, "
      "{} told of, {} looks at most\n",
      connections, servers, dropped_of_crowd, more, gateway.used(0), kPorts, gateway.dropped(), gateway.told,
      gateway.most_looks);
  return all_hold({expect(gateway.twice == 0, "no two connections have the same answers"),
                   expect(gateway.outside == 0, "every port is of the range"),
                   expect(dropped_of_crowd * 1000 <= connections, "of 60,000 ports 50,000 are found without loss"),
                   expect(gateway.used(0) > kPorts - kPorts / 100, "a full address is full, but for one port of 100"),
                   expect(counters.entries + gateway.dropped() == connections + more, "who is not dropped is kept"),
                   expect(gateway.dropped() == gateway.told, "each that is dropped is told of"),
                   expect(counters.insert_failed == gateway.told && counters.drop == gateway.told, "and counted"),
                   expect(gateway.most_looks > 240 && gateway.most_looks <= kMostLooks, "a search is bounded"),
                   expect(answered, "who was first is none the worse for it")});
}

}  // namespace sallyport::bounds
