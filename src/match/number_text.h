// Numbers inside longer texts, as the C library's strtoul() takes them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport {

inline void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r'))) text.remove_prefix(1);
}

// Takes the number that `text` begins with off it. Base 0: decimal, 0x hexadecimal, 0 octal. Blanks and one "+" may
// stand before it. Nothing where there is none or where it does not fit 64 bits.
inline std::optional<uint64_t> take_number(std::string_view& text, int base = 0) {
  std::string_view rest = text;
  skip_blanks(rest);
  if (!rest.empty() && rest[0] == '+') rest.remove_prefix(1);
  const auto is_hex_digit = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
  };
  if (base == 0) {
    base = 10;
    if (rest.size() > 2 && rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X') && is_hex_digit(rest[2])) {
      base = 16;
      rest.remove_prefix(2);
    } else if (!rest.empty() && rest[0] == '0') {
      base = 8;
    }
  }
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (problem != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  text = rest;
  return value;
}

// Whether two words are the same but for the case of their ASCII letters.
inline bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
  };
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Calls `take` with each word of "A,B,C"; empty words are passed over. Stops at the first that fails.
template <class Take>
auto for_each_word(std::string_view text, Take take) -> decltype(take(text)) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    if (!word.empty()) {
      if (auto done = take(word); !done) return done;
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return {};
}

}  // namespace sallyport
