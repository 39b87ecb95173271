// Times as people write them.

#include "sallyport/duration.h"

#include <charconv>
#include <limits>

namespace sallyport {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr Unit kUnits[] = {{"d", 86400 * kSecond}, {"h", 3600 * kSecond}, {"m", 60 * kSecond}, {"s", kSecond},
                           {"ms", kMillisecond},   {"us", kMicrosecond},  {"ns", kNanosecond}};

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto duration = parse_duration(text);
  if (!duration) return std::unexpected(duration.error());
  value.number = static_cast<uint64_t>(*duration);
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += " " + duration_text(static_cast<Duration>(value.number));
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  Duration number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = problem == std::errc{} ? text.substr(end - text.data()) : "?";
  for (const auto& [name, length] : kUnits) {
    if (unit != name && !(unit.empty() && length == kSecond)) continue;
    if (number < 0 || number > std::numeric_limits<Duration>::max() / length) break;
    return number * length;
  }
  return fail("\"" + std::string(text) + "\" is not a time", "a time such as 250ms, 10s, 5m or 1h");
}

std::string duration_text(Duration duration) {
  for (const auto& [name, length] : kUnits) {
    if (duration != 0 && duration % length == 0) return std::to_string(duration / length) + std::string(name);
  }
  return "0s";
}

OptionSpec duration_option(std::string_view name, std::string_view summary) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .hint = "a time such as 250ms, 10s, 5m or 1h",
          .parse = parse,
          .print = print,
          .summary = summary};
}

}  // namespace sallyport
