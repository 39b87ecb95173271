// -m set: is the packet in a set of ipset. Counterpart of net/netfilter/xt_set.c.

#include "match/matches.h"
#include "sallyport/option_pieces.h"
#include "sallyport/set_text.h"

namespace sallyport {
namespace {

// Counters of a set's entry to compare with. "eq" may be inverted, the others not.
OptionSpec counter_option(std::string_view name, uint32_t group) {
  return {.name = name, .kind = OptionKind::U64, .invertible = name.ends_with("-eq"), .group = group};
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    // Updating is what happens anyway.
    const bool is_update = spec.name == "update-counters" || spec.name == "update-subcounters";
    if (value.present && (!is_update || value.inverted)) print_option(spec, value, rule, out);
  }
}

// "! --update-counters" stays when a plain one follows.
Result<void> parse_update(std::string_view, const RuleContext&, OptionValue& value) {
  value.number |= value.inverted;
  value.inverted = value.number != 0;
  return {};
}

}  // namespace

MatchType set_match() {
  return {
      .name = "set",
      .options = {{.name = "match-set",
                   .alias = "set",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .words = 2,
                   .hint = "a set's name and src or dst, or several of these with commas",
                   .parse = parse_set_reference,
                   .print = print_set_reference},
                  {.name = "return-nomatch", .repeatable = true},
                  {.name = "update-counters",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .gathering = true,
                   .words = 0,
                   .parse = parse_update},
                  {.name = "update-subcounters",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .gathering = true,
                   .words = 0,
                   .parse = parse_update},
                  counter_option("packets-eq", 1),
                  counter_option("packets-lt", 1),
                  counter_option("packets-gt", 1),
                  counter_option("bytes-eq", 2),
                  counter_option("bytes-lt", 2),
                  counter_option("bytes-gt", 2)},
      .save = save,
      .summary = "asks a set",
  };
}

}  // namespace sallyport
