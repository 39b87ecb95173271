// Reading a capture from the page cache, opening and mapping included: frames alone, then with the link header walked,
// then with the packet taken over and its headers parsed. Beside peers/libpcap_read.cc, which reads the same captures.

#include <benchmark/benchmark.h>

#include <array>

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

// Reads the whole capture each time and gives every frame, with its link type, to `take`, whose answers are summed.
template <class Take>
void read_frames(benchmark::State& state, const std::string& path, Take&& take) {
  uint64_t packets = 0;
  uint64_t sum = 0;
  std::array<Frame, 64> frames;
  for ([[maybe_unused]] auto _ : state) {
    const auto source = open_capture(path);
    if (!source) return state.SkipWithError(source.error().text().c_str());
    while (const size_t count = (*source)->read(frames)) {
      const auto& interfaces = (*source)->interfaces();
      for (const Frame& frame : std::span(frames).first(count)) sum += take(interfaces[frame.interface].link, frame);
      packets += count;
    }
  }
  benchmark::DoNotOptimize(sum);
  if (packets != state.iterations() * uint64_t{bench::kPackets}) state.SkipWithError("not every packet was read");
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.counters["s_per_packet"] =
      benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

uint64_t first_byte(LinkType, const Frame& frame) { return frame.bytes.size() + frame.bytes[0]; }

uint64_t network(LinkType link, const Frame& frame) { return find_network(link, frame.bytes).offset; }

// As the engine takes a packet in: a copy of the frame that is its own, and the facts of its headers.
struct Parsing {
  Packet packet = {};

  uint64_t operator()(LinkType link, const Frame& frame) {
    const NetworkStart start = find_network(link, frame.bytes);
    packet.assign(frame.bytes, start.offset);
    packet.link_original_length = frame.original_length;
    return parse(packet) == Malformed::None ? packet.transport_offset : 0;
  }
};

void read_pcap(benchmark::State& state) { read_frames(state, capture().pcap(), first_byte); }
void read_pcapng(benchmark::State& state) { read_frames(state, capture().pcapng(), first_byte); }
void read_and_find_network(benchmark::State& state) { read_frames(state, capture().pcap(), network); }
void read_and_parse(benchmark::State& state) { read_frames(state, capture().pcap(), Parsing()); }
void read_and_parse_pcapng(benchmark::State& state) { read_frames(state, capture().pcapng(), Parsing()); }

BENCHMARK(read_pcap)->Unit(benchmark::kMillisecond);
BENCHMARK(read_pcapng)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_find_network)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_parse)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_parse_pcapng)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
