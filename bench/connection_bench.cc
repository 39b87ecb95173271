// A packet's way where connections are tracked: packets of established connections under the rule of a stateful
// firewall, and packets that begin one. Beside peers/kernel, which does the same with the same frames and rules.

#include <memory>

#include "path.h"

namespace sallyport {
namespace {

using bench::FrameKind;
using bench::FrameRing;
using bench::kBurst;
using bench::Path;

constexpr InterfaceId kNear = 1, kFar = 2;

const std::string kRules = bench::filter_table(
    "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
    "-A FORWARD -j ACCEPT\n");

HostModel roomy_router() {
  HostModel host = bench::router();
  host.set_sysctl("net.netfilter.nf_conntrack_max", 4'194'304);
  return host;
}

// As the kernel's rows go through their flows.
uint32_t stride_of(uint32_t flows) { return flows / 2 * 618 / 500 / 2 * 2 + 1; }

// Opens all flows, so that each is ESTABLISHED.
void establish(Path& path, uint32_t flows, bool tcp) {
  path.pass(FrameRing(flows, flows, 1, tcp ? FrameKind::Syn : FrameKind::Udp), kNear);
  path.pass(FrameRing(flows, flows, 1, tcp ? FrameKind::SynAck : FrameKind::Udp, true), kFar);
  if (tcp) path.pass(FrameRing(flows, flows, 1, FrameKind::Ack), kNear);
}

void established(benchmark::State& state, bool tcp) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  const FrameRing ring(flows, flows, stride_of(flows) % flows, tcp ? FrameKind::Ack : FrameKind::Udp);
  Path path(kRules, roomy_router(), ring);
  establish(path, flows, tcp);
  path.feed(ring, kNear);
  const uint64_t before = path.left();
  for (auto _ : state) path.next_burst();
  const uint64_t packets = state.iterations() * kBurst;
  if (path.left() - before != packets) state.SkipWithError("not every packet was forwarded");
  if (path.rule_packets(0) < packets) state.SkipWithError("not every packet was ESTABLISHED");
  bench::report(state);
}
void established_udp(benchmark::State& state) { established(state, false); }
void established_tcp(benchmark::State& state) { established(state, true); }

// Each round opens as many connections as the row says in an engine of its own.
void new_udp(benchmark::State& state) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  const FrameRing ring(flows, flows, 1);
  for (auto _ : state) {
    state.PauseTiming();
    auto path = std::make_unique<Path>(kRules, roomy_router(), ring);
    state.ResumeTiming();
    path->pass(ring, kNear);
    state.PauseTiming();
    if (path->left() != flows) state.SkipWithError("not every packet was forwarded");
    path.reset();
    state.ResumeTiming();
  }
  state.counters["s_per_packet"] = benchmark::Counter(static_cast<double>(state.iterations()) * flows,
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(established_udp)->Arg(1024)->Arg(131'072)->Arg(1'048'576);
BENCHMARK(established_tcp)->Arg(1024)->Arg(131'072)->Arg(1'048'576);
BENCHMARK(new_udp)->Arg(9'984)->Arg(1'000'000);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
