// -m string: looks for bytes in the packet. Counterpart of net/netfilter/xt_string.c.
//
// The pattern must lie whole between --from and --to, counted from the first byte of the IP header. Boyer-Moore sees
// each fragment of a reassembled packet by itself, KMP sees them as one.
//
// The pattern's bytes are kept in `text` of whichever option gave them; iptables-save prints the readable form where
// there is one.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "content/boyer_moore.h"
#include "content/knuth_morris_pratt.h"
#include "match/matches.h"
#include "sallyport/pattern_set.h"

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

Result<void> parse_hex_string(std::string_view text, const RuleContext&, OptionValue& value) {
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

// What part of a packet is looked at.
struct Window {
  uint32_t from = 0;
  uint32_t to = UINT16_MAX;
};

std::span<const uint8_t> part_of(const Packet& packet, size_t from, size_t to) {
  to = std::min<size_t>(to, packet.captured());
  return from < to ? packet.bytes().subspan(from, to - from) : std::span<const uint8_t>{};
}

// The pattern in the set of all patterns of its table. The set knows no end of the window beyond that of most packets.
struct InSet {
  PatternSet* set = nullptr;
  uint32_t number = 0;
  bool answers(const Packet& packet) const {
    return set != nullptr && set->answers() && packet.captured() <= UINT16_MAX;
  }
};

class KmpMatch final : public Match {
 public:
  KmpMatch(std::span<const uint8_t> pattern, bool ignore_case, Window window, bool inverted, InSet in_set)
      : search_(pattern, ignore_case), window_(window), inverted_(inverted), in_set_(in_set) {}
  bool matches(const Packet& packet, HookContext&) override {
    const bool found = in_set_.answers(packet) ? in_set_.set->holds(in_set_.number, packet) : occurs_in(packet);
    return found != inverted_;
  }

 private:
  bool occurs_in(const Packet& packet) const {
    return search_.find(part_of(packet, window_.from, window_.to)) != KnuthMorrisPratt::kNowhere;
  }

  KnuthMorrisPratt search_;
  Window window_;
  bool inverted_;
  InSet in_set_;
};

class BmMatch final : public Match {
 public:
  BmMatch(std::span<const uint8_t> pattern, bool ignore_case, Window window, bool inverted, InSet in_set)
      : search_(pattern, ignore_case), window_(window), inverted_(inverted), in_set_(in_set) {}
  bool matches(const Packet& packet, HookContext&) override {
    if (!packet.later_fragments.empty()) return occurs_in_a_piece_of(packet) != inverted_;
    const bool found =
        in_set_.answers(packet) ? in_set_.set->holds(in_set_.number, packet) : occurs_in(packet, 0, SIZE_MAX);
    return found != inverted_;
  }

 private:
  bool occurs_in(const Packet& packet, size_t begin, size_t end) const {
    const auto text = part_of(packet, std::max<size_t>(begin, window_.from), std::min<size_t>(end, window_.to));
    return search_.find(text) != BoyerMoore::kNowhere;
  }
  bool occurs_in_a_piece_of(const Packet& packet) const {
    const auto& later = packet.later_fragments;
    const size_t behind_first = std::accumulate(later.begin(), later.end(), size_t{0});
    size_t begin = 0, end = packet.length - std::min<size_t>(behind_first, packet.length);
    if (occurs_in(packet, begin, end)) return true;
    for (const uint16_t size : later) {
      begin = end;
      end += size;
      if (occurs_in(packet, begin, end)) return true;
    }
    return false;
  }

  BoyerMoore search_;
  Window window_;
  bool inverted_;
  InSet in_set_;
};

// A set knows the case of ASCII letters only.
bool suits_a_set(std::string_view pattern, bool ignore_case) {
  return !ignore_case || std::ranges::all_of(pattern, [](char letter) { return static_cast<uint8_t>(letter) < 0x80; });
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext& rule) {
  const OptionValue& given = options[options.has("string") ? "string" : "hex-string"];
  const std::span<const uint8_t> pattern(reinterpret_cast<const uint8_t*>(given.text.data()), given.text.size());
  const bool ignore_case = options.has("icase");
  const Window window = {.from = static_cast<uint32_t>(options.number("from")),
                         .to = static_cast<uint32_t>(options.number("to", UINT16_MAX))};
  InSet in_set;
  if (rule.patterns != nullptr && suits_a_set(given.text, ignore_case)) {
    in_set = {.set = rule.patterns,
              .number = rule.patterns->add({.bytes = given.text,
                                            .ignore_case = ignore_case,
                                            .from = window.from,
                                            .to = window.to == UINT16_MAX ? UINT32_MAX : window.to})};
  }
  if (options["algo"].text == "kmp") {
    return std::make_unique<KmpMatch>(pattern, ignore_case, window, given.inverted, in_set);
  }
  return std::make_unique<BmMatch>(pattern, ignore_case, window, given.inverted, in_set);
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
      .create = create,
      .summary = "looks for bytes in the packet",
  };
}

}  // namespace sallyport
