// Ten million spoofed sources: no more is kept than was stated, and every source that had to go was counted.

#include <sallyport/random.h>
#include <sys/resource.h>

#include <cstdio>

#include "rate_watch/watch.h"

namespace {

using Key = std::array<uint8_t, 16>;
struct Ignore {
  uint64_t* told;
  void operator()(const rate_watch::Told<Key>&) const { ++*told; }
};

long resident_kb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main() {
  constexpr uint64_t kSources = 10'000'000;
  constexpr long kStatedBytes = 128'000'000;
  const long before = resident_kb();
  uint64_t told = 0;
  rate_watch::Settings settings;
  settings.thresholds = {{"packets", rate_watch::Measure::Packets, 1000, 500}};
  rate_watch::Watch<Key, Ignore> watch(settings, {{{1, 2}, {3, 4}, {5, 6}}}, Ignore{&told});
  // One that never rests, among all the others: it must be noticed, and never go.
  const Key steady = {0xff};
  sallyport::Random random(7);
  sallyport::Timestamp now = 0;
  for (uint64_t i = 0; i < kSources; ++i) {
    Key key = {};
    const uint64_t number = random.next64();
    std::memcpy(key.data() + 8, &number, sizeof number);
    now += 200;
    watch.see(key, {.bytes = 60}, now);
    if (i % 1000 == 0) watch.see(steady, {.bytes = 60}, now);
  }
  const long grown = (resident_kb() - before) * 1024;
  std::printf("%u sources kept, %lu gone, %zu bytes stated, %ld resident, %lu told\n", watch.sources(), watch.evicted(),
              watch.bytes(), grown, told);
  const bool right = watch.sources() == settings.most && watch.bytes() <= kStatedBytes && grown <= kStatedBytes &&
                     watch.evicted() == kSources + 1 - settings.most && told == 1;
  return right ? 0 : 1;
}
