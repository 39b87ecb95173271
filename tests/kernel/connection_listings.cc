// Listings compared as sets of lines, as the kernel's order is that of a secret hash.

#include "kernel/connection_listings.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string_view>

#include "kernel/delta_time.h"

namespace sallyport::kernel {
namespace {

// Both clocks tick while a conversation runs; more than this apart is another timeout.
constexpr long kClockTolerance_s = 1;

// What moves on with the clock.
struct Times {
  long timeout_s = 0;
  long lived_s = -1;
};
bool same(const Times& a, const Times& b) {
  if ((a.lived_s < 0) != (b.lived_s < 0)) return false;
  return std::labs(a.timeout_s - b.timeout_s) <= kClockTolerance_s &&
         std::labs(a.lived_s - b.lived_s) <= kClockTolerance_s;
}
// A line of a table without its times, by which it is found, and these.
struct Entry {
  std::string text;
  Times times = {};
};
// "ipv4     2 tcp      6 431999 ESTABLISHED ...": the timeout is the fifth word; of what is expected, the first.
constexpr int kBeforeTimeout = 4, kBeforeTimeLeft = 0;
Entry entry_of(std::string_view line, int words_before) {
  size_t at = 0;
  for (int word = 0; word < words_before; ++word) at = line.find_first_not_of(' ', line.find(' ', at));
  const size_t end = line.find(' ', at);
  Entry entry = {std::string(line.substr(0, at)) + std::string(line.substr(end))};
  entry.times = {std::strtol(line.data() + at, nullptr, 10), take_delta_time(entry.text)};
  return entry;
}

std::map<std::string, Times> entries_of(std::string_view text, int words_before) {
  std::map<std::string, Times> entries;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const Entry entry = entry_of(text.substr(0, end), words_before);
    entries.emplace(entry.text, entry.times);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return entries;
}

std::string table_difference(const std::string& kernel, const std::string& ours, int words_before) {
  const auto theirs = entries_of(kernel, words_before);
  auto mine = entries_of(ours, words_before);
  std::string difference;
  for (const auto& [text, times] : theirs) {
    const auto found = mine.find(text);
    if (found == mine.end()) {
      // One that is about to end may have ended on the other side.
      if (times.timeout_s > kClockTolerance_s) difference += fmt::format("kernel: {} {}\n", times.timeout_s, text);
    } else {
      const Times& ours_has = found->second;
      if (!same(times, ours_has)) {
        difference += fmt::format("kernel {}, lived {}, ours {}, lived {}: {}\n", times.timeout_s, times.lived_s,
                                  ours_has.timeout_s, ours_has.lived_s, text);
      }
      mine.erase(found);
    }
  }
  for (const auto& [text, times] : mine) {
    if (times.timeout_s > kClockTolerance_s) difference += fmt::format("ours:   {} {}\n", times.timeout_s, text);
  }
  return difference;
}

}  // namespace

std::string connections_difference(const std::string& kernel, const std::string& ours) {
  return table_difference(kernel, ours, kBeforeTimeout);
}

std::string expectations_difference(const std::string& kernel, const std::string& ours) {
  return table_difference(kernel, ours, kBeforeTimeLeft);
}

}  // namespace sallyport::kernel
