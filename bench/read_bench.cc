// Reading a capture from the page cache, opening and mapping included: frames alone, then with the link header walked
// and the packet's headers parsed. Beside peers/libpcap_read.cc, which reads the same captures.

#include <benchmark/benchmark.h>

#include <array>

#include "generated_capture.h"
#include "sallyport/bytes.h"
#include "sallyport/packet_io.h"

namespace sallyport {
namespace {

const bench::GeneratedCapture& capture() {
  static const bench::GeneratedCapture generated;
  return generated;
}

// Reads the whole capture each time and gives every frame, with its link type, to `take`, whose answers are summed.
template <class Take>
void read_frames(benchmark::State& state, const std::string& path, Take take) {
  uint64_t packets = 0;
  uint64_t sum = 0;
  std::array<Frame, 64> frames;
  for (auto _ : state) {
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

// Addresses, ports, sequence number and flags, each length checked: the least that a parser does.
uint64_t headers(LinkType link, const Frame& frame) {
  const NetworkStart start = find_network(link, frame.bytes);
  if (start.ether_type != 0x0800) return 0;
  const uint8_t* ip = frame.bytes.data() + start.offset;
  const size_t present = frame.bytes.size() - start.offset;
  if (present < 20 || ip[0] >> 4 != 4) return 0;
  const size_t header = (ip[0] & 15u) * 4u;
  const size_t length = load_be16(ip + 2);
  if (header < 20 || length < header + 20 || length > present) return 0;
  const uint8_t* tcp = ip + header;
  return load_be32(ip + 12) + load_be32(ip + 16) + ip[9] + load_be32(tcp) + load_be32(tcp + 4) + tcp[13];
}

void read_pcap(benchmark::State& state) { read_frames(state, capture().pcap(), first_byte); }
void read_pcapng(benchmark::State& state) { read_frames(state, capture().pcapng(), first_byte); }
void read_pcap_and_headers(benchmark::State& state) { read_frames(state, capture().pcap(), headers); }
void read_pcapng_and_headers(benchmark::State& state) { read_frames(state, capture().pcapng(), headers); }

BENCHMARK(read_pcap)->Unit(benchmark::kMillisecond);
BENCHMARK(read_pcapng)->Unit(benchmark::kMillisecond);
BENCHMARK(read_pcap_and_headers)->Unit(benchmark::kMillisecond);
BENCHMARK(read_pcapng_and_headers)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
