// Sets of small numbers as the kernel writes them: "0-1,3-127". What is above 62 does not fit and is dropped.

#include <fmt/format.h>

#include <charconv>

#include "host/names.h"

namespace sallyport {
namespace {

constexpr unsigned kMost = 255;
constexpr unsigned kLastKept = 62;

Result<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number > kMost) {
    return fail(fmt::format("\"{}\" in a set of types", text), "numbers and ranges, such as 0-1,3-127");
  }
  return number;
}

}  // namespace

Result<int64_t> parse_bitmap(std::string_view text) {
  uint64_t bits = 0;
  while (!text.empty()) {
    const std::string_view range = text.substr(0, text.find(','));
    text.remove_prefix(range.size() + (range.size() < text.size()));
    const size_t dash = range.find('-');
    const auto first = parse_number(range.substr(0, dash));
    if (!first) return std::unexpected(first.error());
    const auto last = dash == std::string_view::npos ? first : parse_number(range.substr(dash + 1));
    if (!last) return std::unexpected(last.error());
    for (unsigned bit = *first; bit <= *last && bit <= kLastKept; ++bit) bits |= uint64_t{1} << bit;
  }
  return static_cast<int64_t>(bits);
}

std::string bitmap_text(int64_t bits) {
  std::string text;
  const auto has = [&](unsigned bit) { return bit <= kLastKept && ((static_cast<uint64_t>(bits) >> bit) & 1) != 0; };
  for (unsigned bit = 0; bit <= kLastKept; ++bit) {
    if (!has(bit)) continue;
    const unsigned first = bit;
    while (has(bit + 1)) ++bit;
    if (!text.empty()) text += ',';
    text += first == bit ? fmt::format("{}", bit) : fmt::format("{}-{}", first, bit);
  }
  return text;
}

}  // namespace sallyport
