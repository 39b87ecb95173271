// A TOML text as a small tree of values that know where they stand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/result.h"

namespace sallyport {

struct TomlEntry;
using TomlTable = std::vector<TomlEntry>;  // in the order of the text

struct TomlValue {
  // Monostate: a kind that no configuration of ours uses (floats, dates).
  std::variant<std::monostate, bool, int64_t, std::string, std::vector<TomlValue>, TomlTable> data;
  uint32_t line = 0;
  uint32_t column = 0;
};

struct TomlEntry {
  std::string key = {};
  uint32_t line = 0;
  uint32_t column = 0;
  TomlValue value;
};

// "a string", "a whole number" ...
std::string_view toml_kind(const TomlValue& value);

// The document, or where it is no TOML (then only the first mistake is known). Multi-line strings and keys of more than
// 64 parts are refused: nothing here needs them, and depth is an attacker's tool.
Results<TomlTable> parse_toml(std::string_view text, std::string_view file);

}  // namespace sallyport
