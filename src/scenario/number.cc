// Numbers and variables.

#include "scenario/number.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <optional>

namespace sallyport::scenario {
namespace {

bool is_name_letter(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }

std::optional<uint64_t> digits_of(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

size_t name_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && is_name_letter(text[length])) ++length;
  return length;
}

}  // namespace

Result<Number> read_number(const Word& word, uint64_t most) {
  const std::string expected = fmt::format("a number from 0 to {}, $NAME, $NAME+N, or * for any", most);
  if (word.text == "*") return Number{};
  if (!word.text.starts_with('$')) {
    const auto value = digits_of(word.text);
    if (!value) return Words::wrong(word, fmt::format("\"{}\" is not a number", word.text), expected);
    if (*value > most) return Words::wrong(word, fmt::format("{} is too large", word.text), expected);
    return Number::fixed(*value);
  }
  std::string_view rest = std::string_view(word.text).substr(1);
  Number number = {.kind = Number::Kind::Variable};
  number.variable = rest.substr(0, name_length(rest));
  rest.remove_prefix(number.variable.size());
  const auto added = rest.empty() ? std::optional<uint64_t>(0) : digits_of(rest.substr(1));
  if (number.variable.empty() || !added || (!rest.empty() && rest[0] != '+' && rest[0] != '-')) {
    return Words::wrong(word, fmt::format("\"{}\" is not a variable", word.text), expected);
  }
  number.value = rest.starts_with('-') ? 0 - *added : *added;
  return number;
}

Result<uint64_t> value_of(const Number& number, const Variables& variables) {
  if (number.kind == Number::Kind::Any) return fail("* in a packet that is to be made", "a number");
  if (number.kind == Number::Kind::Fixed) return number.value;
  const auto found = variables.find(number.variable);
  if (found == variables.end()) {
    return fail(fmt::format("${} has no value yet", number.variable), "an earlier line that binds it");
  }
  return found->second + number.value;
}

bool holds(const Number& number, uint64_t actual, unsigned bits, Variables& variables) {
  const uint64_t mask = bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  if (number.kind == Number::Kind::Any) return true;
  if (number.kind == Number::Kind::Fixed) return number.value == actual;
  const auto [found, fresh] = variables.try_emplace(number.variable, (actual - number.value) & mask);
  return fresh || ((found->second + number.value) & mask) == actual;
}

std::string text_of(const Number& number, const Variables& variables) {
  if (number.kind == Number::Kind::Any) return "*";
  if (number.kind == Number::Kind::Fixed) return std::to_string(number.value);
  if (const auto value = value_of(number, variables)) return fmt::format("{} (${})", *value, number.variable);
  return "$" + number.variable;
}

std::string substituted(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    const size_t length = text[0] == '$' ? name_length(text.substr(1)) : 0;
    const auto found = length == 0 ? variables.end() : variables.find(text.substr(1, length));
    if (found == variables.end()) {
      out += text[0];
      text.remove_prefix(1);
    } else {
      out += std::to_string(found->second);
      text.remove_prefix(1 + length);
    }
  }
  return out;
}

}  // namespace sallyport::scenario
