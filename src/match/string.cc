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
#include "match/pattern_option.h"
#include "sallyport/pattern_set.h"

namespace sallyport {
namespace {

Result<void> parse_algorithm(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text != "bm" && text != "kmp") return fail(fmt::format("unknown algorithm \"{}\"", text), "bm or kmp");
  value.text = text;
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  if (given_pattern(options) == nullptr) return fail("string has no pattern", "--string or --hex-string");
  if (options.number("from") > options.number("to", UINT16_MAX)) return fail("--from lies behind --to", "it before");
  return {};
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const OptionValue& pattern = *given_pattern(options);
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

// The pattern in the set of all patterns of its table.
struct InSet {
  PatternSet* set = nullptr;
  uint32_t number = PatternSet::kNone;
  bool answers(const Packet& packet) const { return set != nullptr && set->answers(packet); }
};

class KmpMatch final : public Match {
 public:
  KmpMatch(std::span<const uint8_t> pattern, bool ignore_case, Window window, bool inverted, InSet in_set)
      : search_(pattern, ignore_case), window_(window), inverted_(inverted), in_set_(in_set) {}
  bool matches(const Packet& packet, HookContext&) override {
    const bool found = in_set_.answers(packet) ? in_set_.set->holds(in_set_.number, packet) : occurs_in(packet);
    return found != inverted_;
  }
  uint32_t needed_pattern() const override { return inverted_ ? PatternSet::kNone : in_set_.number; }

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
  uint32_t needed_pattern() const override { return inverted_ ? PatternSet::kNone : in_set_.number; }

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
  const OptionValue& given = *given_pattern(options);
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
      .options = {pattern_as_text(),
                  pattern_as_hex(),
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
