// A packet's way where connections are tracked: packets of established connections under the rule of a stateful
// firewall, mapped and not, and packets that begin one. Beside peers/kernel, which does the same with the same frames
// and rules.

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

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
  for ([[maybe_unused]] auto _ : state) path.next_burst();
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
  for ([[maybe_unused]] auto _ : state) {
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
  for ([[maybe_unused]] auto _ : state) {
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

// A packet of an established flow, one by one, while others end by time in an order of their own, one for every eight
// packets. Beside the same packets with the same table where time stands still.
// What is told of are quantiles over the packets of what each costs in the median of several turns: of a single turn,
// as somebody would meet it, they are higher by what the machine does in between.
class ExpiryRun {
 public:
  static constexpr uint32_t kBusy = 1024, kIdle = 262'144, kPacketsPerEnd = 8;

  explicit ExpiryRun(bool expires)
      : path_(kRules, roomy_router(), FrameRing(kBurst, kBurst, 1)), busy_(kBusy, kBusy, 1), expires_(expires) {
    constexpr uint32_t kAll = kBusy + kIdle;
    path_.pass(FrameRing(kAll, kAll, 1), kNear);
    // Heard of again in another order, evenly over the time for which they live.
    const FrameRing again(kAll, kAll, stride_of(kAll));
    path_.feed(again, kNear);
    for (uint32_t done = 0; done < kAll; done += kBurst) {
      path_.set_time(kLifetime / kAll * static_cast<Timestamp>(done + kBurst));
      path_.next_burst();
    }
    now_ = kLifetime;
    path_.set_time(now_);
    path_.pass(busy_, kNear);
    path_.pass(FrameRing(kBusy, kBusy, 1, FrameKind::Udp, true), kFar);
    path_.feed(busy_, kNear);
  }
  std::vector<int64_t> run() {
    std::vector<int64_t> costs;
    costs.reserve(kIdle);
    for (uint32_t i = 0; i < kIdle; ++i) {
      if (expires_) path_.set_time(now_ += kLifetime / kIdle / kPacketsPerEnd);
      costs.push_back(path_.next_packet().count());
    }
    return costs;
  }
  uint64_t left() const { return path_.connections(); }

 private:
  static constexpr Duration kLifetime = 30 * kSecond;

  Path path_;
  FrameRing busy_;
  bool expires_;
  Timestamp now_ = 0;
};

// What the clock itself takes is in no figure.
int64_t clock_cost() {
  std::vector<int64_t> costs;
  for (int i = 0; i < 10'000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    costs.push_back((std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::nth_element(costs, costs.begin() + 5'000);
  return costs[5'000];
}

double quantile(std::vector<int64_t>& costs, double part) {
  const auto at = costs.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(costs.size() - 1) * part);
  std::ranges::nth_element(costs, at);
  return static_cast<double>(*at - clock_cost());
}

// By packet, the median of what it cost in each turn.
std::vector<int64_t> medians(std::vector<std::vector<int64_t>>& turns) {
  std::vector<int64_t> result, of_packet(turns.size());
  for (size_t packet = 0; packet < turns.front().size(); ++packet) {
    for (size_t turn = 0; turn < turns.size(); ++turn) of_packet[turn] = turns[turn][packet];
    const auto middle = of_packet.begin() + static_cast<std::ptrdiff_t>(of_packet.size() / 2);
    std::ranges::nth_element(of_packet, middle);
    result.push_back(*middle);
  }
  return result;
}

void expiry(benchmark::State& state) {
  // Every turn gives the same packets the same work: what costs much in one turn only was the machine's, whose
  // interrupts alone can be more than one packet in a thousand. In turns, so that a machine that is slow for a while is
  // slow for both.
  constexpr int kTurns = 7;
  std::vector<std::vector<int64_t>> still, expiring;
  for ([[maybe_unused]] auto _ : state) {
    for (int turn = 0; turn < kTurns; ++turn) {
      for (const bool expires : {false, true}) {
        ExpiryRun run(expires);
        (expires ? expiring : still).push_back(run.run());
        const uint64_t ended = ExpiryRun::kBusy + ExpiryRun::kIdle - run.left();
        const bool right = expires ? ended > ExpiryRun::kIdle / ExpiryRun::kPacketsPerEnd / 2 : ended == 0;
        if (!right) state.SkipWithError("what should have ended did not, or the other way round");
      }
    }
  }
  std::vector<int64_t> without_ends = medians(still), with_ends = medians(expiring);
  for (const auto& [name, part] : {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("p99.9", 0.999)}) {
    const double without = quantile(without_ends, part), with = quantile(with_ends, part);
    state.counters[fmt::format("{}_ns_still", name)] = without;
    state.counters[fmt::format("{}_ns", name)] = with;
    state.counters[fmt::format("{}_ratio", name)] = with / without;
  }
}

BENCHMARK(expiry)->Unit(benchmark::kMillisecond);
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
