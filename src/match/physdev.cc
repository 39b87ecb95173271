// -m physdev: the bridge ports that a bridged packet came by and leaves by. Counterpart of
// net/netfilter/xt_physdev.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

Result<void> parse_port_name(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.size() > 15) return fail(fmt::format("interface name `{}' is too long", text), "at most 15 characters");
  value.text = text;
  return {};
}

// In OUTPUT the port of departure is known of packets only that are sure to be bridged.
uint8_t hooks_for(const Options& options) {
  const bool asks_out = options.has("physdev-out") || options.has("physdev-is-out");
  const OptionValue& bridged = options["physdev-is-bridged"];
  const bool anywhere = !asks_out || (bridged.present && !bridged.inverted);
  return anywhere ? kAllHooks : kAllHooks & ~hook_bit(Hook::Output);
}

}  // namespace

MatchType physdev_match() {
  const OptionSpec port = {.kind = OptionKind::Custom,
                           .invertible = true,
                           .hint = "a bridge port, eth+ for all that begin so",
                           .parse = parse_port_name,
                           .print = print_plain};
  OptionSpec in = port;
  in.name = "physdev-in";
  OptionSpec out = port;
  out.name = "physdev-out";
  return {
      .name = "physdev",
      .options = {{.name = "physdev-is-in", .invertible = true},
                  in,
                  {.name = "physdev-is-out", .invertible = true},
                  out,
                  {.name = "physdev-is-bridged", .invertible = true}},
      .at_least_one = true,
      .hooks_for = hooks_for,
      .summary = "compares the bridge ports of the packet",
  };
}

}  // namespace sallyport
