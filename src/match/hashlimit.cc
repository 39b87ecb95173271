// -m hashlimit: a limit for each address, port or network of its own. Counterpart of
// net/netfilter/xt_hashlimit.c, revision 3.
//
// iptables-save prints what the kernel keeps, not what was written: a rate as a period in microseconds, a rate of
// bytes as the cost of 16 of them.

#include <fmt/format.h>

#include <algorithm>

#include "match/hashlimit_rate.h"
#include "match/hashlimit_table.h"
#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

constexpr std::string_view kModes[] = {"srcip", "srcport", "dstip", "dstport"};  // as printed; HashlimitMode
constexpr uint64_t kMostEntries = 1048576;
constexpr uint64_t kUsualCollect_ms = 1000;
// What the kernel takes on a machine with more than a gigabyte.
constexpr uint64_t kUsualSize = 8192;
constexpr uint64_t kEntriesEach = 8;  // of a table's size, where no number of entries is said
constexpr size_t kLongestName = 254;
constexpr uint64_t kLargestInterval = 2147483647;

class HashlimitMatch final : public Match {
 public:
  HashlimitMatch(HashlimitTable& table, bool of_bytes, bool rate_match, bool above)
      : table_(table), of_bytes_(of_bytes), rate_match_(rate_match), above_(above) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const auto answer = table_.ask(packet, of_bytes_, rate_match_, context.now());
    if (answer == HashlimitTable::Answer::Unknown) {
      context.drop_packet = true;
      return false;
    }
    return (answer == HashlimitTable::Answer::Over) == above_;
  }

 private:
  HashlimitTable& table_;
  bool of_bytes_;
  bool rate_match_;
  bool above_;
};

Result<void> parse_modes(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const std::string_view word : comma_separated(text)) {
    if (word.empty()) continue;
    size_t mode = 0;
    while (mode < std::size(kModes) && kModes[mode] != word) ++mode;
    if (mode == std::size(kModes)) {
      return fail(fmt::format("\"{}\" is not a mode", word), "srcip, srcport, dstip, dstport, with commas");
    }
    value.number |= uint64_t{1} << mode;
  }
  return {};
}

Result<void> parse_name(std::string_view text, const RuleContext&, OptionValue& value) {
  if (!is_proc_name(text)) return fail(fmt::format("\"{}\" is not the name of a table", text), "a name without /");
  value.text = text.substr(0, kLongestName);
  return {};
}

Result<void> parse_mask(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto bits = parse_prefix_length(rule.family, text);
  if (!bits) return std::unexpected(bits.error());
  if (!*bits) return fail(fmt::format("\"{}\" is not a mask without holes", text), "a prefix length");
  value.number = **bits;
  return {};
}

const OptionValue& limit_of(const Options& options) {
  return options[options.has("hashlimit-above") ? "hashlimit-above" : "hashlimit-upto"];
}

Result<void> check(Options& options, const RuleContext&) {
  if (!options.has("hashlimit-above") && !options.has("hashlimit-upto")) {
    return fail("hashlimit has no limit", "--hashlimit-upto or --hashlimit-above");
  }
  const auto kept = hashlimit_rate(limit_of(options), options["hashlimit-burst"], options.has("hashlimit-rate-match"));
  if (!kept) return std::unexpected(kept.error());
  return {};
}

void print_modes(uint64_t modes, std::string& out) {
  if (modes == 0) return;
  out += " --hashlimit-mode";
  char separator = ' ';
  for (size_t i = 0; i < std::size(kModes); ++i) {
    if ((modes >> i & 1) == 0) continue;
    out += separator;
    out += kModes[i];
    separator = ',';
  }
}

bool is_above(const Options& options) { return options.has("hashlimit-above") != limit_of(options).inverted; }

uint64_t interval_of(const Options& options, const HashlimitRate& rate) {
  return options.number("hashlimit-rate-interval", rate.of_bytes ? 1 : rate.unit_s);
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  const OptionValue& limit = limit_of(options);
  const bool rate_match = options.has("hashlimit-rate-match");
  const HashlimitRate rate = *hashlimit_rate(limit, options["hashlimit-burst"], rate_match);
  out += is_above(options) ? " --hashlimit-above" : " --hashlimit-upto";
  const uint64_t usual_expiry_ms = print_hashlimit_rate(rate, out);
  print_modes(options.number("hashlimit-mode"), out);
  out += " --hashlimit-name " + options["hashlimit-name"].text;

  const auto print_unless = [&](std::string_view name, uint64_t number, uint64_t usual) {
    if (number != usual) out += fmt::format(" --{} {}", name, number);
  };
  for (const std::string_view name : {"hashlimit-htable-size", "hashlimit-htable-max"}) {
    print_unless(name, std::min(options.number(name), kMostEntries), 0);
  }
  print_unless("hashlimit-htable-gcinterval", options.number("hashlimit-htable-gcinterval", kUsualCollect_ms),
               kUsualCollect_ms);
  print_unless("hashlimit-htable-expire", options.number("hashlimit-htable-expire", rate.unit_s * 1000),
               usual_expiry_ms);
  const uint64_t longest = address_bytes(rule.family) * 8;
  print_unless("hashlimit-srcmask", options.number("hashlimit-srcmask", longest), longest);
  print_unless("hashlimit-dstmask", options.number("hashlimit-dstmask", longest), longest);
  if (!rate_match) return;
  out += " --hashlimit-rate-match";
  print_unless("hashlimit-rate-interval", interval_of(options, rate), 1);
}

HashlimitTraits traits_of(const Options& options, Family family, const HashlimitRate& rate) {
  const uint64_t longest = address_bytes(family) * 8;
  const auto mask = [&](std::string_view name) {
    return prefix_mask(family, static_cast<unsigned>(options.number(name, longest)));
  };
  uint64_t size = std::min(options.number("hashlimit-htable-size"), kMostEntries);
  if (size == 0) size = kUsualSize;
  uint64_t most = std::min(options.number("hashlimit-htable-max"), kMostEntries);
  most = most == 0 ? size * kEntriesEach : std::max(most, size);
  return {.family = family,
          .rate = rate,
          .rate_match = options.has("hashlimit-rate-match"),
          .interval_s = static_cast<uint32_t>(interval_of(options, rate)),
          .modes = static_cast<uint8_t>(options.number("hashlimit-mode")),
          .source_mask = mask("hashlimit-srcmask"),
          .destination_mask = mask("hashlimit-dstmask"),
          .most = static_cast<uint32_t>(most),
          .expire_ms = static_cast<uint32_t>(options.number("hashlimit-htable-expire", rate.unit_s * 1000)),
          .collect_ms = static_cast<uint32_t>(options.number("hashlimit-htable-gcinterval", kUsualCollect_ms))};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext& rule) {
  if (rule.shared == nullptr) return fail("hashlimit keeps tables, which nobody keeps here");
  const bool rate_match = options.has("hashlimit-rate-match");
  const HashlimitRate rate = *hashlimit_rate(limit_of(options), options["hashlimit-burst"], rate_match);
  const std::string_view kind = rule.family == Family::Ipv4 ? "ipt_hashlimit" : "ip6t_hashlimit";
  const std::string& name = options["hashlimit-name"].text;
  if (rule.shared->find<HashlimitTable>(kind, name) == nullptr) {
    const HashlimitTraits traits = traits_of(options, rule.family, rate);
    rule.shared->add(kind, name, std::make_unique<HashlimitTable>(traits, rule.shared->new_key()));
  }
  auto& table = *rule.shared->find<HashlimitTable>(kind, name);
  return std::make_unique<HashlimitMatch>(table, rate.of_bytes, rate_match, is_above(options));
}

OptionSpec custom(std::string_view name, Result<void> (*parse)(std::string_view, const RuleContext&, OptionValue&)) {
  return {.name = name, .kind = OptionKind::Custom, .parse = parse};
}

std::vector<OptionSpec> option_table() {
  std::vector<OptionSpec> options = {
      {.name = "hashlimit-upto",
       .alias = "hashlimit",
       .kind = OptionKind::Custom,
       .invertible = true,
       .group = 1,
       .hint = "N, N/sec, N/minute, N/hour, N/day, or bytes: Nb/s, Nkb/s, Nmb/s",
       .parse = parse_hashlimit_rate},
      {.name = "hashlimit-burst", .kind = OptionKind::Custom, .hint = "N or bytes", .parse = parse_hashlimit_burst},
      custom("hashlimit-mode", parse_modes),
      {.name = "hashlimit-name", .kind = OptionKind::Custom, .required = true, .parse = parse_name},
      {.name = "hashlimit-htable-size", .kind = OptionKind::U32},
      {.name = "hashlimit-htable-max", .kind = OptionKind::U32},
      {.name = "hashlimit-htable-gcinterval", .kind = OptionKind::U32, .min = 1},
      {.name = "hashlimit-htable-expire", .kind = OptionKind::U32, .min = 1},
      custom("hashlimit-srcmask", parse_mask),
      custom("hashlimit-dstmask", parse_mask),
      {.name = "hashlimit-rate-match"},
      {.name = "hashlimit-rate-interval", .kind = OptionKind::U32, .min = 1, .max = kLargestInterval},
  };
  OptionSpec above = options[0];
  above.name = "hashlimit-above";
  above.alias = {};
  options.insert(options.begin() + 1, above);
  return options;
}

}  // namespace

MatchType hashlimit_match() {
  return {.name = "hashlimit",
          .options = option_table(),
          .check = check,
          .save = save,
          .create = create,
          .summary = "limits the rate of each address, port or network"};
}

}  // namespace sallyport
