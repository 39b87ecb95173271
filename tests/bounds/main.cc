// connection_bounds RUN NUMBER: one of the runs of bounds.h.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
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

int main(int count, char** words) {
  using namespace sallyport::bounds;
  const std::string_view run = count == 3 ? words[1] : "";
  const uint64_t number = count == 3 ? std::strtoull(words[2], nullptr, 10) : 0;
  if (run == "syn_flood" && number != 0) return syn_flood(number) ? 0 : 1;
  if (run == "one_bucket" && number != 0) return one_bucket(number) ? 0 : 1;
  if (run == "memory" && number != 0) return memory(number) ? 0 : 1;
  fmt::print(stderr, "connection_bounds syn_flood|one_bucket|memory NUMBER\n");
  return 2;
}
