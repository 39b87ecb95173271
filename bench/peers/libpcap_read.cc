// libpcap's bare reading of a capture in the page cache: every packet's head and first byte, nothing parsed.

#include <benchmark/benchmark.h>
#include <pcap/pcap.h>

#include "bench/generated_capture.h"

namespace {

const bench::GeneratedCapture& capture() {
  static const bench::GeneratedCapture generated;
  return generated;
}

pcap_t* open_capture(const std::string& path) {
  char problem[PCAP_ERRBUF_SIZE];
  pcap_t* pcap = pcap_open_offline(path.c_str(), problem);
  if (!pcap) std::abort();
  return pcap;
}

void report(benchmark::State& state, uint64_t packets) {
  if (packets != state.iterations() * uint64_t{bench::kPackets}) state.SkipWithError("not every packet was read");
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.counters["s_per_packet"] =
      benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void next_packet(benchmark::State& state, const std::string& path) {
  uint64_t packets = 0;
  uint64_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    pcap_t* pcap = open_capture(path);
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    for (; pcap_next_ex(pcap, &header, &bytes) == 1; ++packets) sum += header->caplen + bytes[0];
    pcap_close(pcap);
  }
  benchmark::DoNotOptimize(sum);
  report(state, packets);
}

struct Tally {
  uint64_t packets = 0;
  uint64_t sum = 0;
};

void take(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  auto& tally = *reinterpret_cast<Tally*>(user);
  ++tally.packets;
  tally.sum += header->caplen + bytes[0];
}

void loop(benchmark::State& state, const std::string& path) {
  Tally tally;
  for ([[maybe_unused]] auto _ : state) {
    pcap_t* pcap = open_capture(path);
    pcap_loop(pcap, -1, take, reinterpret_cast<u_char*>(&tally));
    pcap_close(pcap);
  }
  benchmark::DoNotOptimize(tally.sum);
  report(state, tally.packets);
}

void libpcap_next_ex(benchmark::State& state) { next_packet(state, capture().pcap()); }
void libpcap_loop(benchmark::State& state) { loop(state, capture().pcap()); }
void libpcap_loop_pcapng(benchmark::State& state) { loop(state, capture().pcapng()); }

BENCHMARK(libpcap_next_ex)->Unit(benchmark::kMillisecond);
BENCHMARK(libpcap_loop)->Unit(benchmark::kMillisecond);
BENCHMARK(libpcap_loop_pcapng)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
