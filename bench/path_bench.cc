// A packet's way from raw bytes in memory to its verdict and rewritten bytes: copied, parsed, led through the hooks
// with the rules of each row, handed to a sink. Beside peers/kernel, which does the same with the same frames and
// rules.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "frame_ring.h"
#include "sallyport/engine.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

constexpr size_t kBurst = 64;
// A ring that stays in the second-level cache, as the kernel's recycled pages do.
constexpr uint32_t kRingFrames = 4096;
constexpr uint8_t kTtlSent = 64;

// Looks at what the engine has rewritten of each packet, and counts.
class CountingSink final : public PacketSink {
 public:
  void ended(Packet& packet, Fate fate, Hook, const Decision&) override {
    left += fate == Fate::Left;
    ttl_sum += packet.ttl();
    checksum_sum += load_be16(packet.data() + 10);
  }
  uint64_t left = 0;
  uint64_t ttl_sum = 0;
  uint64_t checksum_sum = 0;
};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().text());
  std::abort();
}

template <class T>
T must_all(Results<T> results) {
  if (results) return std::move(*results);
  for (const Error& error : results.error()) fmt::print(stderr, "{}\n", error.text());
  std::abort();
}

// The router that peers/kernel/namespaces.sh makes.
HostModel router() {
  HostModel host;
  const auto add = [&](const char* name, const char* address, const char* network, const char* neighbour) {
    Interface interface;
    std::string_view(name).copy(interface.name.data(), interface.name.size() - 1);
    interface.mtu = 1500;
    interface.addresses = {{must(parse_address(address)), 16}};
    must(host.add_interface(interface));
    if (auto done = host.add_route({.to = must(parse_address_mask(Family::Ipv4, network)),
                                    .dev = name,
                                    .via = must(parse_address(neighbour))});
        !done) {
      fmt::print(stderr, "{}\n", done.error().text());
      std::abort();
    }
  };
  host.set_kernel_routes(false);
  add("rin", "10.1.0.1", "10.1.0.0/16", "10.1.0.2");
  add("rout", "10.2.0.1", "10.2.0.0/16", "10.2.0.2");
  host.set_sysctl("net.ipv4.ip_forward", 1);
  host.finish();
  return host;
}

std::string filter_table(const std::string& rules) { return "*filter\n" + rules + "COMMIT\n"; }

// Five-tuple rules that hold in everything but the ports.
std::string tuple_rules(int count) {
  std::string rules;
  for (int i = 0; i < count; ++i) {
    rules += fmt::format("-A FORWARD -s 10.0.0.0/8 -d 10.2.0.0/16 -p udp -m udp --sport {} --dport {} -j DROP\n",
                         100 + i % 900, 20000 + i % 40000);
  }
  return filter_table(rules);
}

// An engine with a burst of packets that is filled from a ring again and again.
class Path {
 public:
  Path(const std::string& rules, HostModel host, const bench::FrameRing& ring) : ring_(ring), packets_(kBurst) {
    EngineConfig config;
    if (!rules.empty()) {
      config.rulesets.push_back(must_all(read_ruleset(rules, "bench.rules", Family::Ipv4, builtin_registry())));
    }
    config.host = std::move(host);
    config.sink = &sink_;
    engine_ = must_all(Engine::create(std::move(config)));
  }

  void next_burst() {
    for (Packet& packet : packets_) {
      packet.assign(ring_.frame(next_), bench::kNetworkOffset);
      packet.in = 1;
      packet.link_type = 1;  // Ethernet
      if (++next_ == ring_.frames()) next_ = 0;
    }
    engine_->process(packets_);
  }

  // Every packet left with its TTL lowered.
  bool all_forwarded(uint64_t packets) const {
    return sink_.left == packets && sink_.ttl_sum == packets * (kTtlSent - 1);
  }

 private:
  const bench::FrameRing& ring_;
  uint32_t next_ = 0;
  std::vector<Packet> packets_;
  CountingSink sink_;
  std::unique_ptr<Engine> engine_;
};

void report(benchmark::State& state) {
  const auto packets = static_cast<double>(state.iterations()) * kBurst;
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.counters["s_per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void forward(benchmark::State& state, const std::string& rules, HostModel host, const bench::FrameRing& ring) {
  Path path(rules, std::move(host), ring);
  for (auto _ : state) path.next_burst();
  if (!path.all_forwarded(state.iterations() * kBurst)) state.SkipWithError("not every packet was forwarded");
  report(state);
}

const bench::FrameRing& one_flow() {
  static const bench::FrameRing ring(kRingFrames, 1, 1);
  return ring;
}

// Flows in the order of the kernel's row of a million: the stride makes the walk look random.
const bench::FrameRing& million_flows() {
  static const bench::FrameRing ring(1'048'576, 1'048'576, 648'055);
  return ring;
}

const char* const kAccept = "-A FORWARD -j ACCEPT\n";

void no_rules(benchmark::State& state) { forward(state, "", router(), one_flow()); }
void no_rules_million_flows(benchmark::State& state) { forward(state, "", router(), million_flows()); }
void empty_filter(benchmark::State& state) { forward(state, filter_table(""), router(), one_flow()); }
void accept(benchmark::State& state) { forward(state, filter_table(kAccept), router(), one_flow()); }
void accept_million_flows(benchmark::State& state) { forward(state, filter_table(kAccept), router(), million_flows()); }
void tuple(benchmark::State& state) {
  forward(state, tuple_rules(static_cast<int>(state.range(0))), router(), one_flow());
}
void pair_no_rules(benchmark::State& state) { forward(state, "", HostModel::pair("rin", "rout"), one_flow()); }
void pair_accept(benchmark::State& state) {
  forward(state, filter_table(kAccept), HostModel::pair("rin", "rout"), one_flow());
}

void parse_only(benchmark::State& state) {
  const bench::FrameRing& ring = one_flow();
  std::vector<Packet> packets(kBurst);
  uint32_t next = 0;
  uint64_t malformed = 0;
  uint64_t sum = 0;
  for (auto _ : state) {
    for (Packet& packet : packets) {
      packet.assign(ring.frame(next), bench::kNetworkOffset);
      if (++next == ring.frames()) next = 0;
      malformed += parse(packet) != Malformed::None;
      sum += packet.length;
    }
  }
  benchmark::DoNotOptimize(sum);
  if (malformed != 0) state.SkipWithError("a packet was taken for malformed");
  report(state);
}

BENCHMARK(parse_only);
BENCHMARK(no_rules);
BENCHMARK(no_rules_million_flows);
BENCHMARK(empty_filter);
BENCHMARK(accept);
BENCHMARK(accept_million_flows);
BENCHMARK(pair_no_rules);
BENCHMARK(pair_accept);
BENCHMARK(tuple)->Arg(1)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
