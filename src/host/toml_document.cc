// TOML text to a tree, by toml++; the only file that knows that library.

#include "host/toml_document.h"

#include <fmt/format.h>

#include <algorithm>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// The library asserts that a table's header begins with a key, and reports the error behind the assertion all the same.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace sallyport {
namespace {

constexpr size_t kMostKeyParts = 64;

// What has to be known before the library recurses over the text: looks at the text line by line, strings and comments
// told apart, for which multi-line strings must not exist.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::optional<Error> run() {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark
    while (at_ < text_.size()) {
      if (auto problem = step()) return problem;
    }
    return std::nullopt;
  }

 private:
  std::optional<Error> step() {
    const char c = text_[at_];
    if (is_control(c)) return problem("a control character", "text");
    if (c == '\n') {
      ++line_;
      line_start_ = ++at_;
      dots_ = 0;
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '"' || c == '\'') {
      if (text_.substr(at_).starts_with(std::string(3, c)))
        return problem("a string of several lines", "a string of one");
      return skip_string(c);
    } else {
      if (!is_ascii(c)) return outside_ascii();
      if (c == '.' && ++dots_ > kMostKeyParts) return problem("a key of too many parts", "64 at most");
      ++at_;
    }
    return std::nullopt;
  }

  static bool is_control(char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7f';
  }

  static bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
  // Where the library looks for the end of a word it takes some letters (U+0492, say) for what cannot be, and it does
  // not begin a string at each quote.
  Error outside_ascii() const {
    return problem("a letter outside ASCII", "it in a comment, or in a string by its number, such as \\u00e9");
  }

  // To behind the closing quote, or the end of the line, where the parser will complain.
  std::optional<Error> skip_string(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (!is_ascii(text_[at_])) return outside_ascii();
      const bool escapes = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size();
      if (escapes && text_[at_ + 1] != '\n' && is_ascii(text_[at_ + 1])) {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  Error problem(std::string what, std::string expected) const {
    return {.what = std::move(what),
            .expected = std::move(expected),
            .line = line_,
            .column = static_cast<uint32_t>(at_ - line_start_ + 1)};
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  size_t dots_ = 0;
  uint32_t line_ = 1;
};

TomlTable copy_table(const toml::table& table);

TomlValue copy(const toml::node& node) {
  TomlValue value;
  value.line = node.source().begin.line;
  value.column = node.source().begin.column;
  if (const auto* text = node.as_string()) value.data = text->get();
  if (const auto* number = node.as_integer()) value.data = number->get();
  if (const auto* flag = node.as_boolean()) value.data = flag->get();
  if (const auto* table = node.as_table()) value.data = copy_table(*table);
  if (const auto* array = node.as_array()) {
    std::vector<TomlValue> items;
    for (const toml::node& item : *array) items.push_back(copy(item));
    value.data = std::move(items);
  }
  return value;
}

TomlTable copy_table(const toml::table& table) {
  TomlTable entries;
  for (const auto& [key, node] : table) {
    entries.push_back({.key = std::string(key.str()),
                       .line = key.source().begin.line,
                       .column = key.source().begin.column,
                       .value = copy(node)});
  }
  std::ranges::stable_sort(entries, {}, [](const TomlEntry& e) { return std::pair(e.line, e.column); });
  return entries;
}

}  // namespace

std::string_view toml_kind(const TomlValue& value) {
  constexpr std::string_view kKinds[] = {"a float or a date", "true or false", "a whole number",
                                         "a string",          "a list",        "a table"};
  return kKinds[value.data.index()];
}

Results<TomlTable> parse_toml(std::string_view text, std::string_view file) {
  const auto refused = [&](Error error) {
    error.file = file;
    return std::unexpected(Errors{std::move(error)});
  };
  if (auto problem = Scan(text).run()) return refused(std::move(*problem));
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::parse_error& problem = parsed.error();
    return refused({.what = std::string(problem.description()),
                    .expected = {},
                    .line = problem.source().begin.line,
                    .column = problem.source().begin.column});
  }
  return copy_table(parsed.table());
}

}  // namespace sallyport
