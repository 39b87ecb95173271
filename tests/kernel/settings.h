// What a program here is told on its command line. A word that it does not know ends it: a campaign that silently ran
// with other numbers than were asked for would prove something else.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sallyport::kernel {

// Exit codes.
constexpr int kWrongUsage = 2;
constexpr int kNotTested = 77;  // what ctest reports as skipped

// One option and where its value goes: a number, a word, yes by being there (a flag), or, where the name is empty,
// whatever words there are beside the options.
struct Setting {
  std::string_view name;
  std::variant<uint64_t*, uint32_t*, std::string*, bool*, std::vector<std::string>*> value;
};

namespace settings_detail {

template <class Number>
bool read_number(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() && !word.empty();
}

inline bool take(const Setting& setting, std::string_view word) {
  if (auto* const* number = std::get_if<uint64_t*>(&setting.value)) return read_number(word, **number);
  if (auto* const* number = std::get_if<uint32_t*>(&setting.value)) return read_number(word, **number);
  if (auto* const* text = std::get_if<std::string*>(&setting.value)) **text = word;
  if (auto* const* words = std::get_if<std::vector<std::string>*>(&setting.value)) (*words)->emplace_back(word);
  return true;
}

inline const Setting* find(std::initializer_list<Setting> settings, std::string_view name) {
  for (const Setting& setting : settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

inline bool complain(std::string_view program, std::string_view what, std::initializer_list<Setting> settings) {
  std::string known;
  for (const Setting& setting : settings) {
    if (!setting.name.empty()) known += fmt::format(" {}", setting.name);
  }
  fmt::print(stderr, "{}: {}; known:{}\n", program, what, known.empty() ? " no options" : known);
  return false;
}

}  // namespace settings_detail

// False, with a line to stderr, where an option is not known or its value is missing or no number: exit kWrongUsage.
inline bool read_settings(int count, const char* const* words, std::initializer_list<Setting> settings) {
  using namespace settings_detail;
  const std::string_view program = words[0];
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with('-')) {
      const Setting* const rest = find(settings, "");
      if (rest == nullptr) return complain(program, fmt::format("\"{}\" is no option", word), settings);
      take(*rest, word);
      continue;
    }
    const Setting* const setting = find(settings, word);
    if (setting == nullptr) return complain(program, fmt::format("{} is not known", word), settings);
    if (bool* const* flag = std::get_if<bool*>(&setting->value)) {
      **flag = true;
      continue;
    }
    if (++i == count) return complain(program, fmt::format("{} lacks a value", word), settings);
    if (!take(*setting, words[i])) {
      return complain(program, fmt::format("{} takes a number, not \"{}\"", word, words[i]), settings);
    }
  }
  return true;
}

}  // namespace sallyport::kernel
