// Lists of connection states as text.

#include "match/connection_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

bool begins_with(std::string_view name, std::string_view beginning) {
  const auto upper = [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - ('a' - 'A')) : letter;
  };
  return beginning.size() <= name.size() &&
         std::ranges::equal(name.substr(0, beginning.size()), beginning, {}, {}, upper);
}

}  // namespace

Result<void> parse_words(std::span<const ConnectionWord> words, std::string_view text, OptionValue& value) {
  for (const std::string_view given : comma_separated(text)) {
    const auto word =
        std::ranges::find_if(words, [&](const ConnectionWord& known) { return begins_with(known.name, given); });
    if (given.empty() || word == words.end()) {
      std::string expected;
      for (const ConnectionWord& known : words)
        expected += fmt::format("{}{}", expected.empty() ? "" : ", ", known.name);
      return fail(fmt::format("\"{}\" is not a state", given), expected + ", separated by commas");
    }
    value.number |= word->bit;
  }
  return {};
}

void print_words(std::span<const ConnectionWord> words, const OptionValue& value, std::string& out) {
  char separator = ' ';
  for (const ConnectionWord& word : words) {
    if ((value.number & word.bit) == 0) continue;
    out += separator;
    out += word.name;
    separator = ',';
  }
}

}  // namespace sallyport
