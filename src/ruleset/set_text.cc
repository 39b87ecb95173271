// References to sets as text.

#include "sallyport/set_text.h"

#include <fmt/format.h>

#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

// linux/netfilter/ipset/ip_set.h: IPSET_MAXNAMELEN with its zero, IPSET_DIM_MAX.
constexpr size_t kLongestName = 31;
constexpr size_t kMostDimensions = 6;

}  // namespace

Result<void> parse_set_reference(std::string_view text, const RuleContext&, OptionValue& value) {
  const size_t blank = text.rfind(' ');
  const std::string_view name = text.substr(0, blank);
  if (name.empty() || name.size() > kLongestName) {
    return fail(fmt::format("\"{}\" is not a set's name", name), fmt::format("1 to {} characters", kLongestName));
  }
  const auto flags = comma_separated(blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1));
  value.number = 0;
  for (size_t i = 0; i < flags.size(); ++i) {
    if ((flags[i] != "src" && flags[i] != "dst") || i == kMostDimensions) {
      return fail(fmt::format("\"{}\" does not say what to look up", text), "up to six of src and dst with commas");
    }
    if (flags[i] == "src") value.number |= uint64_t{1} << i;
  }
  value.upper = flags.size();
  value.text = text;
  return {};
}

void print_set_reference(const OptionValue& value, const RuleContext& rule, std::string& out) {
  print_plain(value, rule, out);
}

}  // namespace sallyport
