// The keys of one TOML table: taken by name and kind, every mistake noted where it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/toml_document.h"

namespace sallyport {

class TomlFields {
 public:
  // Notes every key of `table` that is not `known`. `line` and `column` are those of the table; what is missing is
  // noted there.
  TomlFields(Errors& errors, std::string section, const TomlTable& table, uint32_t line, uint32_t column,
             std::span<const std::string_view> known);

  const TomlValue* find(std::string_view key) const;
  // Nothing where the key is absent, or was noted as wrong.
  std::optional<int64_t> integer(std::string_view key, int64_t low, int64_t high);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  // A string or a list of strings, each with its place.
  struct Text {
    std::string text = {};
    const TomlValue* at = nullptr;
  };
  std::vector<Text> texts(std::string_view key);
  // Notes it as missing where it is.
  bool require(std::string_view key, std::string_view example);

  void wrong(const TomlValue& at, std::string what, std::string expected);
  // Where `key` stands, else where the table does.
  void wrong(std::string_view key, Error error);
  // Whether a mistake was noted through this object.
  bool failed() const { return failed_; }

 private:
  void note(uint32_t line, uint32_t column, std::string what, std::string expected);

  Errors& errors_;
  std::string section_;
  const TomlTable& table_;
  uint32_t line_;
  uint32_t column_;
  bool failed_ = false;
};

}  // namespace sallyport
