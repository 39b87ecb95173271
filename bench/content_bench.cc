// Looking for patterns, from the bare search to a packet's whole way: rules of -m string beside peers/kernel, which has
// the same rules and payload; the search of packets and of streams beside peers/string_search.cc.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "conntrack/connection_table.h"
#include "conntrack/tuple.h"
#include "content/packet_patterns.h"
#include "content/stream_search.h"
#include "http_payloads.h"
#include "path.h"
#include "sallyport/connection.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using ::bench::kPayloadBytes;

// As many as peers/string_search.cc has, and as many in one stream.
constexpr size_t kPayloads = 256;
constexpr size_t kPayloadsPerStream = 64;
// Of the ring for the whole way: it stays in the second-level cache, as the kernel's recycled pages do.
constexpr uint32_t kRingPayloads = 256;

const ::bench::HttpPayloads& payloads() {
  static const ::bench::HttpPayloads generated(kPayloads);
  return generated;
}
std::string_view payload(size_t number) { return {payloads().payload(number), kPayloadBytes}; }

// A packet's whole way.

const bench::FrameRing& http_ring() {
  static const bench::FrameRing ring = [] {
    std::vector<std::string_view> texts;
    texts.reserve(kRingPayloads);
    for (size_t i = 0; i < kRingPayloads; ++i) texts.push_back(payload(i));
    return bench::FrameRing(texts);
  }();
  return ring;
}

void forward(benchmark::State& state, const std::string& rules) {
  bench::Path path(bench::filter_table(rules), bench::router(), http_ring());
  for ([[maybe_unused]] auto _ : state) path.next_burst();
  if (!path.all_forwarded(state.iterations() * bench::kBurst)) state.SkipWithError("not every packet was forwarded");
  bench::report(state);
}

void string_rules(benchmark::State& state, std::string_view algorithm) {
  std::string rules;
  for (int64_t i = 0; i < state.range(0); ++i) {
    rules += fmt::format("-A FORWARD -m string --algo {} --string {} -j DROP\n", algorithm,
                         ::bench::absent_pattern(static_cast<size_t>(i)));
  }
  forward(state, rules);
}

void http_accept(benchmark::State& state) { forward(state, "-A FORWARD -j ACCEPT\n"); }
void string_bm(benchmark::State& state) { string_rules(state, "bm"); }
void string_kmp(benchmark::State& state) { string_rules(state, "kmp"); }

// The search alone.

void report(benchmark::State& state, uint64_t hits) {
  const auto packets = static_cast<double>(state.iterations()) * kPayloads;
  state.SetBytesProcessed(static_cast<int64_t>(packets) * static_cast<int64_t>(kPayloadBytes));
  state.counters["hits"] = static_cast<double>(hits);
  state.counters["s_per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::vector<Packet> payload_packets() {
  std::vector<Packet> packets(kPayloads);
  for (size_t i = 0; i < kPayloads; ++i) {
    packets[i].assign({reinterpret_cast<const uint8_t*>(payload(i).data()), kPayloadBytes}, 0);
  }
  return packets;
}

void search_packets(benchmark::State& state, const std::vector<std::string>& sought, SearchLibrary library) {
  PacketPatterns patterns(library);
  for (const std::string& pattern : sought) patterns.add({.bytes = pattern});
  if (!patterns.compile()) std::abort();
  const std::vector<Packet> packets = payload_packets();
  uint64_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (const Packet& packet : packets) {
      patterns.forget();
      sum += patterns.holds(0, packet);
    }
  }
  benchmark::DoNotOptimize(sum);
  uint64_t hits = 0;
  for (const Packet& packet : packets) {
    patterns.forget();
    for (uint32_t i = 0; i < sought.size(); ++i) hits += patterns.holds(i, packet);
  }
  report(state, hits);
}

std::vector<std::string> absent(const benchmark::State& state) {
  return ::bench::absent_patterns(static_cast<size_t>(state.range(0)));
}
std::vector<std::string> mixed(const benchmark::State& state) {
  return ::bench::mixed_patterns(static_cast<size_t>(state.range(0)));
}
void search(benchmark::State& state) { search_packets(state, absent(state), SearchLibrary::Best); }
void search_mixed(benchmark::State& state) { search_packets(state, mixed(state), SearchLibrary::Best); }
void search_own(benchmark::State& state) { search_packets(state, absent(state), SearchLibrary::None); }
void search_own_mixed(benchmark::State& state) { search_packets(state, mixed(state), SearchLibrary::None); }

// Streams: each packet through reassembly and search, in order.

constexpr uint32_t kHeaders = 40;  // IPv4, TCP

std::vector<Packet> segments() {
  std::vector<Packet> packets(kPayloads);
  std::vector<uint8_t> bytes(kHeaders + kPayloadBytes);
  for (size_t i = 0; i < kPayloads; ++i) {
    std::array<uint8_t, bench::kFrameSize> frame = {};
    bench::FrameRing::make_frame(frame.data(), 0, bench::FrameKind::Ack, false);
    std::copy_n(frame.data() + bench::kNetworkOffset, kHeaders, bytes.data());
    std::ranges::copy(payload(i), bytes.data() + kHeaders);
    store_be16(bytes.data() + 2, static_cast<uint16_t>(bytes.size()));
    store_be32(bytes.data() + 24, static_cast<uint32_t>(1 + i % kPayloadsPerStream * kPayloadBytes));
    packets[i].assign(bytes, 0);
    // Not judged: the sum of the header is that of a shorter packet.
    if (parse_fully(packets[i], Arrival::UserSpace) != Malformed::None) std::abort();
  }
  return packets;
}

void search_streams(benchmark::State& state, const std::vector<std::string>& sought) {
  StreamSearch streams;
  for (const std::string& pattern : sought) {
    if (!streams.add({.bytes = pattern})) std::abort();
  }
  if (!streams.compile()) std::abort();
  ConnectionTable table(1024, SipHashKey{1, 2});
  Tuple tuple;
  tuple.protocol = kTcp;
  tuple.source_id = 1024;
  tuple.destination_id = 80;
  Connection* connection = table.create(tuple, *inverted(tuple), 0);
  std::vector<Packet> packets = segments();
  for (Packet& packet : packets) {
    packet.connection = connection;
    set_packet_state(packet, PacketState::Established, Direction::Original);
  }
  HookContext context;
  uint64_t answered = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t i = 0; i < kPayloads; ++i) {
      if (i % kPayloadsPerStream == 0) {
        streams.ended(*connection);
        ++connection->sequence;
      }
      streams.next_packet();
      const Held held = streams.held(0, packets[i], context);
      answered += held == Held::No || held == Held::Yes;
    }
  }
  if (answered != state.iterations() * kPayloads) state.SkipWithError("not every packet was searched");
  report(state, streams.counters.found / std::max<uint64_t>(1, state.iterations()));
}

void stream(benchmark::State& state) { search_streams(state, absent(state)); }
void stream_mixed(benchmark::State& state) { search_streams(state, mixed(state)); }

void pattern_counts(benchmark::internal::Benchmark* row) {
  for (const int count : {1, 100, 1000, 10000}) row->Arg(count);
}

BENCHMARK(http_accept);
BENCHMARK(string_bm)->Apply(pattern_counts);
BENCHMARK(string_kmp)->Apply(pattern_counts);
BENCHMARK(search)->Apply(pattern_counts);
BENCHMARK(search_mixed)->Apply(pattern_counts);
BENCHMARK(search_own)->Apply(pattern_counts);
BENCHMARK(search_own_mixed)->Apply(pattern_counts);
BENCHMARK(stream)->Apply(pattern_counts);
BENCHMARK(stream_mixed)->Apply(pattern_counts);

}  // namespace
}  // namespace sallyport

BENCHMARK_MAIN();
