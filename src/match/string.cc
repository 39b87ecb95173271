// -m string: looks for bytes in the packet. Counterpart of net/netfilter/xt_string.c.
//
// The pattern's bytes are kept in `text` of whichever option gave them; iptables-save prints the readable form where
// there is one.

#include <fmt/format.h>

#include "match/matches.h"

namespace sallyport {
namespace {

constexpr size_t kLongestPattern = 128;

Result<void> check_length(std::string_view pattern) {
  if (!pattern.empty() && pattern.size() <= kLongestPattern) return {};
  return fail(fmt::format("the pattern has {} bytes", pattern.size()), fmt::format("1 to {}", kLongestPattern));
}

Result<void> parse_string(std::string_view text, const RuleContext&, OptionValue& value) {
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

  bool read(std::string& bytes) {
    while (!text_.empty()) {
      if (!take_byte(bytes)) return false;
    }
    return true;
  }

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

Result<void> parse_hex_string(std::string_view text, const RuleContext&, OptionValue& value) {
  if (!HexText(text).read(value.text)) {
    return fail(fmt::format("\"{}\" is not text with hexadecimal blocks", text), "such as \"GET |2f 0d0a|\"");
  }
  return check_length(value.text);
}

Result<void> parse_algorithm(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text != "bm" && text != "kmp") return fail(fmt::format("unknown algorithm \"{}\"", text), "bm or kmp");
  value.text = text;
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  if (!options.has("string") && !options.has("hex-string")) {
    return fail("string has no pattern", "--string or --hex-string");
  }
  if (options.number("from") > options.number("to", UINT16_MAX)) return fail("--from lies behind --to", "it before");
  return {};
}

bool is_readable(std::string_view pattern) {
  for (const char letter : pattern) {
    if (letter < ' ' || letter > '~') return false;
  }
  return pattern.back() != '\\';
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

void save(const Options& options, const RuleContext&, std::string& out) {
  const OptionValue& pattern = options[options.has("string") ? "string" : "hex-string"];
  if (pattern.inverted) out += " !";
  print_pattern(pattern.text, out);
  out += " --algo " + options["algo"].text;
  if (options.number("from") != 0) out += fmt::format(" --from {}", options.number("from"));
  if (options.number("to", UINT16_MAX) != UINT16_MAX) out += fmt::format(" --to {}", options.number("to"));
  if (options.has("icase")) out += " --icase";
}

}  // namespace

MatchType string_match() {
  return {
      .name = "string",
      .options = {{.name = "string",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .group = 1,
                   .hint = "the bytes to look for",
                   .parse = parse_string},
                  {.name = "hex-string",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .group = 1,
                   .hint = "text with hexadecimal blocks between bars",
                   .parse = parse_hex_string},
                  {.name = "algo",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "bm or kmp",
                   .parse = parse_algorithm},
                  {.name = "from", .kind = OptionKind::U16},
                  {.name = "to", .kind = OptionKind::U16},
                  {.name = "icase"}},
      .check = check,
      .save = save,
      .summary = "looks for bytes in the packet",
  };
}

}  // namespace sallyport
