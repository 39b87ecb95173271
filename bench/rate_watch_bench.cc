// What the module rate_watch adds to a packet: on the established path, where its source is at hand, and with a million
// sources, beside peers/bare_table.

#include "path.h"
#include "sallyport/module_set.h"

extern "C" const sallyport::ModuleDoor sallyport_module;  // modules/rate_watch, which is compiled into this program

namespace sallyport {
namespace {

using bench::FrameKind;
using bench::FrameRing;
using bench::kBurst;
using bench::Path;

const std::string kStateful = bench::filter_table(
    "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
    "-A FORWARD -j ACCEPT\n");
const std::string kStateless = bench::filter_table("-A FORWARD -j ACCEPT\n");

// Null: the same without it.
std::unique_ptr<ModuleSet> watch(bool wanted) {
  if (!wanted) return nullptr;
  auto modules = std::make_unique<ModuleSet>();
  const auto module = LoadedModule::of(sallyport_module);
  if (!module || !modules->add(*module, "rate_watch:window=10s,packets=4000000000")) std::abort();
  return modules;
}

void established(benchmark::State& state, bool watched) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  const auto modules = watch(watched);
  const FrameRing ring(flows, flows, flows / 2 * 618 / 500 / 2 * 2 + 1, FrameKind::Ack);
  Path path(kStateful, bench::router(), ring, modules.get());
  path.pass(FrameRing(flows, flows, 1, FrameKind::Syn), 1);
  path.pass(FrameRing(flows, flows, 1, FrameKind::SynAck, true), 2);
  path.pass(ring, 1);
  path.feed(ring, 1);
  const uint64_t before = path.left();
  for ([[maybe_unused]] auto _ : state) path.next_burst();
  if (path.left() - before != state.iterations() * kBurst) state.SkipWithError("not every packet was forwarded");
  bench::report(state);
}
void established_plain(benchmark::State& state) { established(state, false); }
void established_watched(benchmark::State& state) { established(state, true); }

void sources(benchmark::State& state, bool watched) {
  const auto modules = watch(watched);
  const FrameRing ring = FrameRing::of_sources(static_cast<uint32_t>(state.range(0)));
  Path path(kStateless, bench::router(), ring, modules.get());
  path.pass(ring, 1);
  path.feed(ring, 1);
  const uint64_t before = path.left();
  for ([[maybe_unused]] auto _ : state) path.next_burst();
  if (path.left() - before != state.iterations() * kBurst) state.SkipWithError("not every packet was forwarded");
  bench::report(state);
}
void sources_plain(benchmark::State& state) { sources(state, false); }
void sources_watched(benchmark::State& state) { sources(state, true); }

BENCHMARK(established_plain)->Arg(1024);
BENCHMARK(established_watched)->Arg(1024);
BENCHMARK(sources_plain)->Arg(1'048'576);
BENCHMARK(sources_watched)->Arg(1'048'576);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
