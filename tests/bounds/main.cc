// connection_bounds RUN NUMBER: one of the runs of bounds.h.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "bounds/bounds.h"

namespace sallyport::bounds {

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

bool expect(bool holds, const char* what) {
  if (!holds) fmt::print("NOT HELD: {}\n", what);
  return holds;
}

}  // namespace sallyport::bounds

namespace {

struct Run {
  std::string_view name;
  bool (*run)(uint64_t number);
};

constexpr Run kRuns[] = {
    {"syn_flood", sallyport::bounds::syn_flood},
    {"one_bucket", sallyport::bounds::one_bucket},
    {"memory", sallyport::bounds::memory},
    {"event_flood", sallyport::bounds::event_flood},
    {"open_streams", sallyport::bounds::open_streams},
    {"every_other_byte", sallyport::bounds::every_other_byte},
    {"endless_lines", sallyport::bounds::endless_lines},
    {"pattern_flood", sallyport::bounds::pattern_flood},
    {"full_address", sallyport::bounds::full_address},
    {"normaliser_bombs", sallyport::bounds::normaliser_bombs},
};

}  // namespace

int main(int count, char** words) {
  const std::string_view name = count == 3 ? words[1] : "";
  const uint64_t number = count == 3 ? std::strtoull(words[2], nullptr, 10) : 0;
  const Run* const run = std::ranges::find(kRuns, name, &Run::name);
  if (run != std::end(kRuns) && number != 0) return run->run(number) ? 0 : 1;
  fmt::print(stderr, "connection_bounds RUN NUMBER, where RUN is one of:\n");
  for (const Run& known : kRuns) fmt::print(stderr, "  {}\n", known.name);
  return 2;
}
