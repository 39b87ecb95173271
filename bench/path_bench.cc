// A packet's way from raw bytes in memory to its verdict and rewritten bytes: copied, parsed, led through the hooks
// with the rules of each row, handed to a sink. Beside peers/kernel, which does the same with the same frames and
// rules.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "path.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using bench::filter_table;
using bench::kBurst;
using bench::kRingFrames;
using bench::Path;
using bench::report;
using bench::router;

// Five-tuple rules that hold in everything but the ports.
std::string tuple_rules(int count) {
  std::string rules;
  for (int i = 0; i < count; ++i) {
    rules += fmt::format("-A FORWARD -s 10.0.0.0/8 -d 10.2.0.0/16 -p udp -m udp --sport {} --dport {} -j DROP\n",
                         100 + i % 900, 20000 + i % 40000);
  }
  return filter_table(rules);
}

void forward(benchmark::State& state, const std::string& rules, HostModel host, const bench::FrameRing& ring) {
  Path path(rules, std::move(host), ring);
  for ([[maybe_unused]] auto _ : state) path.next_burst();
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
  for ([[maybe_unused]] auto _ : state) {
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
