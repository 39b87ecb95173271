// Other searches over the payloads that ours is given: the C library's memmem and the standard library's Boyer-Moore,
// once per pattern, and Hyperscan (or Vectorscan, whichever libhs is) as bare as it can be called.

#include <benchmark/benchmark.h>
#include <hs/hs.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/http_payloads.h"

namespace {

using bench::kPayloadBytes;

constexpr size_t kPayloads = 256;
constexpr size_t kPayloadsPerStream = 64;

const bench::HttpPayloads& payloads() {
  static const bench::HttpPayloads generated(kPayloads);
  return generated;
}

void report(benchmark::State& state) {
  const auto packets = static_cast<double>(state.iterations()) * kPayloads;
  state.SetBytesProcessed(static_cast<int64_t>(packets) * static_cast<int64_t>(kPayloadBytes));
  state.counters["s_per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Once per pattern and payload.
template <class Search>
void one_by_one(benchmark::State& state, const std::vector<Search>& searches, auto found) {
  uint64_t hits = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t i = 0; i < kPayloads; ++i) {
      const char* text = payloads().payload(i);
      for (const Search& search : searches) hits += found(search, text) ? 1 : 0;
    }
  }
  if (hits != 0) state.SkipWithError("a pattern that is not there was found");
  report(state);
}

void memmem(benchmark::State& state) {
  one_by_one(state, bench::absent_patterns(static_cast<size_t>(state.range(0))),
             [](const std::string& pattern, const char* text) {
               return ::memmem(text, kPayloadBytes, pattern.data(), pattern.size()) != nullptr;
             });
}

void boyer_moore(benchmark::State& state) {
  const auto patterns = bench::absent_patterns(static_cast<size_t>(state.range(0)));
  std::vector<std::boyer_moore_searcher<std::string::const_iterator>> searches;
  searches.reserve(patterns.size());
  for (const std::string& pattern : patterns) searches.emplace_back(pattern.begin(), pattern.end());
  one_by_one(state, searches, [](const auto& search, const char* text) {
    return std::search(text, text + kPayloadBytes, search) != text + kPayloadBytes;
  });
}

class Database {
 public:
  Database(const std::vector<std::string>& patterns, unsigned mode) {
    std::vector<const char*> texts;
    std::vector<unsigned> flags, numbers;
    std::vector<size_t> sizes;
    for (const std::string& pattern : patterns) {
      texts.push_back(pattern.data());
      sizes.push_back(pattern.size());
      flags.push_back(HS_FLAG_SINGLEMATCH);
      numbers.push_back(static_cast<unsigned>(numbers.size()));
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), numbers.data(), sizes.data(),
                             static_cast<unsigned>(texts.size()), mode, nullptr, &database_, &error) != HS_SUCCESS ||
        hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) {
      std::fprintf(stderr, "string_search: %s\n", error != nullptr ? error->message : "no memory");
      std::exit(1);
    }
  }
  ~Database() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const hs_database_t* get() const { return database_; }
  hs_scratch_t* scratch() const { return scratch_; }

 private:
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

int count_hit(unsigned, unsigned long long, unsigned long long, unsigned, void* hits) {
  ++*static_cast<uint64_t*>(hits);
  return 0;
}

void block(benchmark::State& state, const std::vector<std::string>& patterns) {
  const Database database(patterns, HS_MODE_BLOCK);
  uint64_t hits = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t i = 0; i < kPayloads; ++i) {
      hs_scan(database.get(), payloads().payload(i), kPayloadBytes, 0, database.scratch(), count_hit, &hits);
    }
  }
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(state.iterations());
  report(state);
}
void hs_block(benchmark::State& state) { block(state, bench::absent_patterns(static_cast<size_t>(state.range(0)))); }
void hs_block_mixed(benchmark::State& state) {
  block(state, bench::mixed_patterns(static_cast<size_t>(state.range(0))));
}

void stream(benchmark::State& state, const std::vector<std::string>& patterns) {
  const Database database(patterns, HS_MODE_STREAM);
  hs_stream_t* place = nullptr;
  if (hs_open_stream(database.get(), 0, &place) != HS_SUCCESS) std::abort();
  uint64_t hits = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t i = 0; i < kPayloads; ++i) {
      if (i % kPayloadsPerStream == 0) hs_reset_stream(place, 0, nullptr, nullptr, nullptr);
      hs_scan_stream(place, payloads().payload(i), kPayloadBytes, 0, database.scratch(), count_hit, &hits);
    }
  }
  hs_close_stream(place, nullptr, nullptr, nullptr);
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(state.iterations());
  report(state);
}
void hs_stream(benchmark::State& state) { stream(state, bench::absent_patterns(static_cast<size_t>(state.range(0)))); }
void hs_stream_mixed(benchmark::State& state) {
  stream(state, bench::mixed_patterns(static_cast<size_t>(state.range(0))));
}

void pattern_counts(benchmark::internal::Benchmark* row) {
  for (const int count : {1, 100, 1000, 10000}) row->Arg(count);
}

BENCHMARK(memmem)->Apply(pattern_counts);
BENCHMARK(boyer_moore)->Apply(pattern_counts);
BENCHMARK(hs_block)->Apply(pattern_counts);
BENCHMARK(hs_block_mixed)->Apply(pattern_counts);
BENCHMARK(hs_stream)->Apply(pattern_counts);
BENCHMARK(hs_stream_mixed)->Apply(pattern_counts);

}  // namespace

BENCHMARK_MAIN();
