// -m connlimit: how many connections a host or network has. Counterpart of net/netfilter/xt_connlimit.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

Result<void> parse_mask(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto bits = parse_prefix_length(rule.family, text);
  if (!bits) return std::unexpected(bits.error());
  value.number = bits->value_or(rule.family == Family::Ipv4 ? 32 : 128);
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  if (options.has("connlimit-above") || options.has("connlimit-upto")) return {};
  return fail("connlimit has no limit", "--connlimit-above or --connlimit-upto");
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  const bool given_above = options.has("connlimit-above");
  const OptionValue& limit = options[given_above ? "connlimit-above" : "connlimit-upto"];
  out += fmt::format(" --connlimit-{} {} --connlimit-mask {} --connlimit-{}",
                     given_above != limit.inverted ? "above" : "upto", limit.number,
                     options.number("connlimit-mask", rule.family == Family::Ipv4 ? 32 : 128),
                     options.has("connlimit-daddr") ? "daddr" : "saddr");
}

}  // namespace

MatchType connlimit_match() {
  return {
      .name = "connlimit",
      .options =
          {{.name = "connlimit-upto", .kind = OptionKind::U32, .invertible = true, .group = 1},
           {.name = "connlimit-above", .kind = OptionKind::U32, .invertible = true, .group = 1},
           {.name = "connlimit-mask", .kind = OptionKind::Custom, .hint = "a prefix length", .parse = parse_mask},
           {.name = "connlimit-saddr", .group = 2},
           {.name = "connlimit-daddr", .group = 2}},
      .check = check,
      .save = save,
      .summary = "counts the connections of a host or network",
  };
}

}  // namespace sallyport
