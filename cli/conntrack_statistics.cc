// sallyport conntrack -S.

#include "conntrack_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "connection_source.h"
#include "input.h"
#include "sallyport/connection_summary.h"

namespace sallyport::cli {
namespace {

constexpr std::string_view kOwnCounters = "/proc/net/stat/nf_conntrack";

// What conntrack -S shows, in its order, and the column of the kernel's file that holds it.
constexpr std::pair<std::string_view, std::string_view> kShown[] = {{"found", "found"},
                                                                    {"invalid", "invalid"},
                                                                    {"insert", "insert"},
                                                                    {"insert_failed", "insert_failed"},
                                                                    {"drop", "drop"},
                                                                    {"early_drop", "early_drop"},
                                                                    {"error", "icmp_error"},
                                                                    {"search_restart", "search_restart"},
                                                                    {"clash_resolve", "clashres"},
                                                                    {"chaintoolong", "chainlength"}};

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  while (true) {
    const size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return found;
    line.remove_prefix(start);
    const size_t length = std::min(line.find_first_of(" \t"), line.size());
    found.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// The kernel's file: a line of names, then one of hexadecimal numbers for each processor.
int per_processor(std::string_view text, std::string_view file) {
  const auto names = words(take_line(text));
  for (uint32_t processor = 0; !text.empty(); ++processor) {
    const auto values = words(take_line(text));
    std::string line = fmt::format("cpu={:<4}\t", processor);
    for (const auto& [shown, column] : kShown) {
      const auto place = static_cast<size_t>(std::ranges::find(names, column) - names.begin());
      if (place == names.size()) continue;
      uint32_t value = 0;
      const std::string_view digits = place < values.size() ? values[place] : std::string_view();
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) {
        print_error({.what = fmt::format("no number for {}", column),
                     .expected = "a hexadecimal number below each name of the first line",
                     .file = std::string(file),
                     .line = processor + 2});
        return kCannotRead;
      }
      line += fmt::format("{}={} ", shown, value);
    }
    fmt::print("{}\n", line);
  }
  return kDone;
}

}  // namespace

int own_statistics() {
  auto text = read_file(std::string(kOwnCounters));
  if (text) return per_processor(*text, kOwnCounters);
  print_error(
      {.what = text.error().what, .expected = "a machine that tracks connections, or --from FILE with a listing"});
  return kNoPrivilege;
}

int statistics(std::string_view text, const std::string& file) {
  if (text.starts_with("entries ")) return per_processor(text, file);
  ConnectionReader reader(text, file);
  ConnectionSummary summary;
  ConnectionRecord record;
  while (reader.next(record)) summary.add(record);
  const SummaryTotals& totals = summary.totals();
  fmt::print("entries={} ipv4={} ipv6={} unreplied={} assured={} offloaded={} src-nat={} dst-nat={}\n",
             totals.connections, totals.by_family[0], totals.by_family[1], totals.unreplied, totals.assured,
             totals.offloaded, totals.source_nat, totals.destination_nat);
  if (totals.with_counters != 0)
    fmt::print("counted={} packets={} bytes={}\n", totals.with_counters, totals.packets, totals.bytes);
  for (int protocol = 0; protocol < 256; ++protocol) {
    const auto number = static_cast<uint8_t>(protocol);
    if (summary.of_protocol(number) == 0) continue;
    std::string line = fmt::format("{}={}", listed_protocol_name(number), summary.of_protocol(number));
    if (listed_protocol_name(number) == "unknown")
      line = fmt::format("protocol-{}={}", protocol, summary.of_protocol(number));
    line += fmt::format(" unreplied={}", summary.unreplied_of(number));
    for (size_t state = 1; state < kListedStates; ++state) {
      const auto in_state = static_cast<ListedState>(state);
      if (const uint64_t count = summary.in_state(number, in_state))
        line += fmt::format(" {}={}", state_text(in_state), count);
    }
    fmt::print("{}\n", line);
  }
  return report_bad_lines(reader);
}

}  // namespace sallyport::cli
