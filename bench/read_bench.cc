// Reading a capture from the page cache, opening and mapping included: frames alone, then with the link header walked,
// then with the packet taken over and its headers parsed. Beside peers/libpcap_read.cc, which reads the same captures.

#include <benchmark/benchmark.h>

#include <array>
#include <span>
#include <utility>

#include "bench/generated_capture.h"
#include "sallyport/packet.h"
#include "sallyport/packet_io.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

const bench::GeneratedCapture& capture() {
  static const bench::GeneratedCapture generated;
  return generated;
}

// More packets' memory than 32 gets into its own way in a first-level cache of 32 KiB.
constexpr size_t kBurst = 32;

// Reads the whole capture each time and gives every burst of frames to `take`, whose answers are summed.
template <class Take>
void read_bursts(benchmark::State& state, const std::string& path, Take&& take) {
  uint64_t packets = 0;
  uint64_t sum = 0;
  std::array<Frame, kBurst> frames;
  for ([[maybe_unused]] auto _ : state) {
    const auto source = open_capture(path);
    if (!source) return state.SkipWithError(source.error().text().c_str());
    while (const size_t count = (*source)->read(frames)) {
      sum += take(**source, std::span<const Frame>(frames).first(count));
      packets += count;
    }
  }
  benchmark::DoNotOptimize(sum);
  if (packets != state.iterations() * uint64_t{bench::kPackets}) state.SkipWithError("not every packet was read");
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.counters["s_per_packet"] =
      benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

uint64_t first_bytes(const FrameSource&, std::span<const Frame> frames) {
  uint64_t sum = 0;
  for (const Frame& frame : frames) sum += frame.bytes.size() + frame.bytes[0];
  return sum;
}

uint64_t networks(const FrameSource& source, std::span<const Frame> frames) {
  const auto& interfaces = source.interfaces();
  uint64_t sum = 0;
  for (const Frame& frame : frames) sum += find_network(interfaces[frame.interface].link, frame.bytes).offset;
  return sum;
}

// As the engine takes packets in, a burst at a time: each frame is copied into a packet of its own, then the headers of
// all are parsed. (Parsed right after its copying, a packet waits for its own bytes to reach the cache.)
class Parsing {
 public:
  uint64_t operator()(const FrameSource& source, std::span<const Frame> frames) {
    const auto& interfaces = source.interfaces();
    for (size_t i = 0; i < frames.size(); ++i) {
      const LinkType link = interfaces[frames[i].interface].link;
      packets_[i].assign(frames[i].bytes, find_network(link, frames[i].bytes).offset);
      packets_[i].link_original_length = frames[i].original_length;
      packets_[i].link_type = std::to_underlying(link);
    }
    uint64_t sum = 0;
    for (Packet& packet : std::span(packets_).first(frames.size())) {
      if (parse(packet) == Malformed::None) sum += packet.transport_offset;
    }
    return sum;
  }

 private:
  std::array<Packet, kBurst> packets_ = {};
};

void read_pcap(benchmark::State& state) { read_bursts(state, capture().pcap(), first_bytes); }
void read_pcapng(benchmark::State& state) { read_bursts(state, capture().pcapng(), first_bytes); }
void read_and_find_network(benchmark::State& state) { read_bursts(state, capture().pcap(), networks); }
void read_and_parse(benchmark::State& state) { read_bursts(state, capture().pcap(), Parsing()); }
void read_and_parse_pcapng(benchmark::State& state) { read_bursts(state, capture().pcapng(), Parsing()); }

BENCHMARK(read_pcap)->Unit(benchmark::kMillisecond);
BENCHMARK(read_pcapng)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_find_network)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_parse)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_parse_pcapng)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
