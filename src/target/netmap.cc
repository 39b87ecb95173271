// -j NETMAP: maps one network to another, host by host. Counterpart of net/netfilter/xt_NETMAP.c.

#include <fmt/format.h>

#include "sallyport/option_pieces.h"
#include "target/targets.h"

namespace sallyport {
namespace {

Result<void> parse_network(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto host = parse_host_mask(rule.family, text);
  if (!host) return std::unexpected(host.error());
  value.address = host->address & host->mask;
  value.upper_address = host->mask;
  return {};
}

void print_network(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}/{}", value.address.text(), prefix_length(value.upper_address));
}

}  // namespace

TargetType netmap_target() {
  return {
      .name = "NETMAP",
      .options = {{.name = "to",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "ADDRESS[/BITS]",
                   .parse = parse_network,
                   .print = print_network}},
      .tables = {"nat"},
      .hooks = kAllHooks & ~hook_bit(Hook::Forward),
      .summary = "maps one network to another, host by host",
  };
}

}  // namespace sallyport
