// Reading the keys of a TOML table, with errors that name the nearest known key and the kind that was expected.

#include "host/toml_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "sallyport/nearest.h"

namespace sallyport {

TomlFields::TomlFields(Errors& errors, std::string section, const TomlTable& table, uint32_t line, uint32_t column,
                       std::span<const std::string_view> known)
    : errors_(errors), section_(std::move(section)), table_(table), line_(line), column_(column) {
  for (const TomlEntry& entry : table) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    const std::string_view near = nearest(entry.key, known);
    note(entry.line, entry.column, fmt::format("{} has no key \"{}\"", section_, entry.key),
         near.empty() ? fmt::format("one of {}", fmt::join(known, ", ")) : fmt::format("\"{}\"", near));
  }
}

void TomlFields::note(uint32_t line, uint32_t column, std::string what, std::string expected) {
  failed_ = true;
  errors_.push_back({.what = std::move(what), .expected = std::move(expected), .line = line, .column = column});
}

void TomlFields::wrong(const TomlValue& at, std::string what, std::string expected) {
  note(at.line, at.column, std::move(what), std::move(expected));
}

void TomlFields::wrong(std::string_view key, Error error) {
  const TomlValue* const value = find(key);
  note(value != nullptr ? value->line : line_, value != nullptr ? value->column : column_, std::move(error.what),
       std::move(error.expected));
}

const TomlValue* TomlFields::find(std::string_view key) const {
  const auto found = std::ranges::find(table_, key, &TomlEntry::key);
  return found == table_.end() ? nullptr : &found->value;
}

bool TomlFields::require(std::string_view key, std::string_view example) {
  if (find(key) != nullptr) return true;
  note(line_, column_, fmt::format("{} without \"{}\"", section_, key), fmt::format("{} = {}", key, example));
  return false;
}

std::optional<int64_t> TomlFields::integer(std::string_view key, int64_t low, int64_t high) {
  const TomlValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto* const number = std::get_if<int64_t>(&value->data);
  if (number != nullptr && *number >= low && *number <= high) return *number;
  wrong(*value,
        number != nullptr ? fmt::format("{} = {}", key, *number) : fmt::format("{} is {}", key, toml_kind(*value)),
        fmt::format("a whole number from {} to {}", low, high));
  return std::nullopt;
}

std::optional<bool> TomlFields::flag(std::string_view key) {
  const TomlValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* const flag = std::get_if<bool>(&value->data)) return *flag;
  wrong(*value, fmt::format("{} is {}", key, toml_kind(*value)), "true or false");
  return std::nullopt;
}

std::optional<std::string> TomlFields::text(std::string_view key) {
  const TomlValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* const text = std::get_if<std::string>(&value->data)) return *text;
  wrong(*value, fmt::format("{} is {}", key, toml_kind(*value)), "a string");
  return std::nullopt;
}

std::vector<TomlFields::Text> TomlFields::texts(std::string_view key) {
  const TomlValue* const value = find(key);
  if (value == nullptr) return {};
  if (const auto* const text = std::get_if<std::string>(&value->data)) return {{*text, value}};
  const auto* const items = std::get_if<std::vector<TomlValue>>(&value->data);
  if (items == nullptr) {
    wrong(*value, fmt::format("{} is {}", key, toml_kind(*value)), "a string or a list of strings");
    return {};
  }
  std::vector<Text> found;
  for (const TomlValue& item : *items) {
    if (const auto* const text = std::get_if<std::string>(&item.data)) {
      found.push_back({*text, &item});
    } else {
      wrong(item, fmt::format("{} holds {}", key, toml_kind(item)), "strings only");
    }
  }
  return found;
}

}  // namespace sallyport
