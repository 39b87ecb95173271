// What any table per source must at least cost: of a burst of 32 packets all buckets are fetched, then all entries,
// then each is found and counted in. No policy, no expiry, no eviction, no window: a bucket of 8 tags and numbers and
// an entry, a cache line each. Knows nothing of ours but the frames.

#include <benchmark/benchmark.h>
#include <emmintrin.h>
#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "bench/frame_ring.h"

namespace {

constexpr size_t kBurst = 32;

struct alignas(64) Bucket {
  uint16_t tags[8];
  uint32_t numbers[8];
  uint32_t used;
};
struct alignas(64) Entry {
  uint32_t source;
  uint32_t stamp;
  uint64_t packets, bytes;
};
static_assert(sizeof(Bucket) == 64 && sizeof(Entry) == 64);

// In pages of two megabytes where the system has them.
template <class T>
T* memory_for(size_t count) {
  constexpr size_t kPage = size_t{2} << 20;
  const size_t bytes = (count * sizeof(T) + kPage - 1) / kPage * kPage;
  void* const memory = std::aligned_alloc(kPage, bytes);
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return static_cast<T*>(memory);
}

class Table {
 public:
  explicit Table(uint32_t most)
      : mask_(std::bit_ceil(most / 4) - 1),
        buckets_(memory_for<Bucket>(mask_ + 1)),
        entries_(memory_for<Entry>(most)) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() {
    std::free(buckets_);
    std::free(entries_);
  }

  static uint64_t hash(uint32_t source) {
    const uint64_t mixed = (source ^ 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    return (mixed ^ mixed >> 29) * 0x94d049bb133111ebu;
  }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&bucket(hash)); }
  // The number that the source probably has.
  uint32_t look(uint64_t hash) const {
    const uint32_t hits = hits_in(bucket(hash), hash);
    const uint32_t number = hits != 0 ? bucket(hash).numbers[std::countr_zero(hits) / 2] : 0;
    __builtin_prefetch(&entries_[number], 1);
    return number;
  }
  void count(uint32_t source, uint64_t hash, uint32_t number, uint32_t bytes, uint32_t now) {
    if (entries_[number].source != source) number = find(source, hash);
    Entry& entry = entries_[number];
    ++entry.packets;
    entry.bytes += bytes;
    entry.stamp = now;
  }
  uint32_t used() const { return used_; }

 private:
  Bucket& bucket(uint64_t hash) const { return buckets_[hash >> 20 & mask_]; }
  static uint16_t tag(uint64_t hash) { return static_cast<uint16_t>(hash | 1); }
  // Two bits for each tag that is equal.
  static uint32_t hits_in(const Bucket& bucket, uint64_t hash) {
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.tags));
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<int16_t>(tag(hash))))));
  }
  uint32_t find(uint32_t source, uint64_t hash) {
    Bucket& in = bucket(hash);
    for (uint32_t hits = hits_in(in, hash); hits != 0; hits &= hits - 1, hits &= hits - 1) {
      const uint32_t number = in.numbers[std::countr_zero(hits) / 2];
      if (entries_[number].source == source) return number;
    }
    if (in.used == std::size(in.tags)) return 0;  // full: counted elsewhere, for nobody asks here
    const uint32_t number = used_++;
    entries_[number].source = source;
    in.tags[in.used] = tag(hash);
    in.numbers[in.used++] = number;
    return number;
  }

  uint32_t mask_;
  Bucket* buckets_;
  Entry* entries_;
  uint32_t used_ = 0;
};

void bare_table(benchmark::State& state) {
  const auto sources = static_cast<uint32_t>(state.range(0));
  const auto ring = sallyport::bench::FrameRing::of_sources(sources);
  Table table(sources);
  uint32_t next = 0, now = 0;
  const auto burst = [&] {
    uint32_t source[kBurst];
    uint64_t hash[kBurst];
    uint32_t number[kBurst];
    for (size_t i = 0; i < kBurst; ++i) {
      std::memcpy(&source[i], ring.frame(next).data() + 14 + 12, 4);
      if (++next == ring.frames()) next = 0;
      hash[i] = Table::hash(source[i]);
      table.prefetch(hash[i]);
    }
    for (size_t i = 0; i < kBurst; ++i) number[i] = table.look(hash[i]);
    for (size_t i = 0; i < kBurst; ++i) table.count(source[i], hash[i], number[i], 60, now);
    ++now;
  };
  for (uint32_t done = 0; done < ring.frames(); done += kBurst) burst();
  for (auto _ : state) burst();
  state.counters["s_per_packet"] = benchmark::Counter(static_cast<double>(state.iterations()) * kBurst,
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(bare_table)->Arg(1024)->Arg(1'048'576);

}  // namespace

BENCHMARK_MAIN();
