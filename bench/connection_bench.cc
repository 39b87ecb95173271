// A packet's way where connections are tracked: packets of established connections under the rule of a stateful
// firewall, mapped and not, and packets that begin one. Beside peers/kernel, which does the same with the same frames
// and rules.

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

std::string with_nat(std::string_view rule) {
  return kRules + fmt::format("*nat\n-A POSTROUTING -o rout {}\nCOMMIT\n", rule);
}
constexpr uint32_t kGateway = 0x0a020001;

HostModel roomy_router() {
  HostModel host = bench::router();
  host.set_sysctl("net.netfilter.nf_conntrack_max", 4'194'304);
  return host;
}

// As the kernel's rows go through their flows.
uint32_t stride_of(uint32_t flows) { return flows / 2 * 618 / 500 / 2 * 2 + 1; }

// Opens all flows, so that each is ESTABLISHED.
void establish(Path& path, uint32_t flows, bool tcp, uint32_t mapped_to) {
  path.pass(FrameRing(flows, flows, 1, tcp ? FrameKind::Syn : FrameKind::Udp), kNear);
  path.pass(FrameRing(flows, flows, 1, tcp ? FrameKind::SynAck : FrameKind::Udp, true, mapped_to), kFar);
  if (tcp) path.pass(FrameRing(flows, flows, 1, FrameKind::Ack), kNear);
}

void established(benchmark::State& state, bool tcp, const std::string& rules = kRules, uint32_t mapped_to = 0) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  const FrameRing ring(flows, flows, stride_of(flows) % flows, tcp ? FrameKind::Ack : FrameKind::Udp);
  Path path(rules, roomy_router(), ring);
  establish(path, flows, tcp, mapped_to);
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
void masquerade_udp(benchmark::State& state) { established(state, false, with_nat("-j MASQUERADE"), kGateway); }
void masquerade_tcp(benchmark::State& state) { established(state, true, with_nat("-j MASQUERADE"), kGateway); }

// Each round opens as many connections as the row says in an engine of its own.
void open_new(benchmark::State& state, const std::string& rules) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  const FrameRing ring(flows, flows, 1);
  for (auto _ : state) {
    state.PauseTiming();
    auto path = std::make_unique<Path>(rules, roomy_router(), ring);
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

void new_udp(benchmark::State& state) { open_new(state, kRules); }
void new_snat(benchmark::State& state) { open_new(state, with_nat("-j SNAT --to-source 10.2.128.0-10.2.255.255")); }

// New connections where of 32,000 ports all but 320 are taken, which lie together: the longest searches there are.
void new_snat_crowded(benchmark::State& state) {
  constexpr uint32_t kTaken = 31'680, kMore = 64;
  const FrameRing first(kTaken, kTaken, 1);
  const FrameRing all(65'536, 65'536, 1);
  uint64_t opened = 0, tried = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto path =
        std::make_unique<Path>(with_nat("-p udp -j SNAT --to-source 10.2.0.1:1024-33023"), roomy_router(), first);
    path->pass(first, kNear);
    // From the second source address on: the same ports as the first one's, all taken.
    path->feed(all, kNear);
    for (uint32_t skipped = 0; skipped < 32'768; skipped += kBurst) path->skip_burst();
    const uint64_t before = path->left();
    state.ResumeTiming();
    path->next_burst();
    state.PauseTiming();
    opened += path->left() - before;
    tried += kMore;
    path.reset();
    state.ResumeTiming();
  }
  bench::report(state);
  state.counters["opened"] = static_cast<double>(opened) / static_cast<double>(tried);
}

BENCHMARK(established_udp)->Arg(1024)->Arg(131'072)->Arg(1'048'576);
BENCHMARK(established_tcp)->Arg(1024)->Arg(32'768)->Arg(131'072)->Arg(1'048'576);
BENCHMARK(masquerade_udp)->Arg(1024)->Arg(32'768);
BENCHMARK(masquerade_tcp)->Arg(1024)->Arg(32'768);
BENCHMARK(new_snat)->Arg(512'000);
BENCHMARK(new_snat_crowded);
BENCHMARK(new_udp)->Arg(9'984)->Arg(1'000'000);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
