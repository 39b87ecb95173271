// How --string and --hex-string are read and printed.

#include "match/pattern_option.h"

#include <fmt/format.h>

namespace sallyport {
namespace {

constexpr size_t kLongestPattern = 128;

Result<void> check_length(std::string_view pattern) {
  if (!pattern.empty() && pattern.size() <= kLongestPattern) return {};
  return fail(fmt::format("the pattern has {} bytes", pattern.size()), fmt::format("1 to {}", kLongestPattern));
}

Result<void> parse_text(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text;
  return check_length(value.text);
}

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const char lower = static_cast<char>(letter | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Reads text in which "|0d0a|" or "|0d 0a|" stands for bytes and \ takes the next letter as it is.
class HexText {
 public:
  explicit HexText(std::string_view text) : text_(text) {}

  // Stops where the pattern is as long as it may be: iptables refuses even a block's end behind that.
  bool read(std::string& bytes) {
    while (!text_.empty() && bytes.size() < kLongestPattern) {
      if (!take_byte(bytes)) return false;
    }
    return true;
  }
  bool at_end() const { return text_.empty(); }

 private:
  bool take_byte(std::string& bytes) {
    if (text_[0] == '\\') {
      if (in_block_ || text_.size() < 2) return false;
      text_.remove_prefix(1);
    } else if (text_[0] == '|') {
      toggle_block();
      if (text_.empty()) return true;
    }
    return in_block_ ? take_digits(bytes) : take_letter(bytes);
  }

  void toggle_block() {
    in_block_ = !in_block_;
    text_.remove_prefix(1);
    while (in_block_ && text_.starts_with(' ')) text_.remove_prefix(1);
  }

  // The letter right behind a block is text whatever it is.
  bool take_letter(std::string& bytes) {
    bytes += text_[0];
    text_.remove_prefix(1);
    return true;
  }

  bool take_digits(std::string& bytes) {
    if (text_.size() < 3) return false;  // a block needs its end
    const int high = hex_digit(text_[0]), low = hex_digit(text_[1]);
    if (high < 0 || low < 0) return false;
    bytes += static_cast<char>(high * 16 + low);
    text_.remove_prefix(text_[2] == ' ' ? 3 : 2);
    return true;
  }

  std::string_view text_;
  bool in_block_ = false;
};

Result<void> parse_hex(std::string_view text, const RuleContext&, OptionValue& value) {
  HexText reader(text);
  if (!reader.read(value.text)) {
    return fail(fmt::format("\"{}\" is not text with hexadecimal blocks", text), "such as \"GET |2f 0d0a|\"");
  }
  if (!reader.at_end()) {
    return fail(fmt::format("the pattern is too long at \"{}\"", text),
                fmt::format("{} bytes at most, one less where it ends in a block", kLongestPattern));
  }
  return check_length(value.text);
}

bool is_readable(std::string_view pattern) {
  for (const char letter : pattern) {
    if (letter < ' ' || letter > '~') return false;
  }
  return pattern.back() != '\\';
}

}  // namespace

OptionSpec pattern_as_text() {
  return {.name = "string",
          .kind = OptionKind::Custom,
          .invertible = true,
          .group = 1,
          .hint = "the bytes to look for",
          .parse = parse_text};
}

OptionSpec pattern_as_hex() {
  return {.name = "hex-string",
          .kind = OptionKind::Custom,
          .invertible = true,
          .group = 1,
          .hint = "text with hexadecimal blocks between bars",
          .parse = parse_hex};
}

const OptionValue* given_pattern(const Options& options) {
  for (const std::string_view name : {"string", "hex-string"}) {
    if (options.has(name)) return &options[name];
  }
  return nullptr;
}

void print_pattern(std::string_view pattern, std::string& out) {
  if (is_readable(pattern)) {
    out += " --string \"";
    for (const char letter : pattern) {
      if (letter == '"' || letter == '\\') out += '\\';
      out += letter;
    }
    out += '"';
    return;
  }
  out += " --hex-string \"|";
  for (const char letter : pattern) out += fmt::format("{:02x}", static_cast<uint8_t>(letter));
  out += "|\"";
}

}  // namespace sallyport
