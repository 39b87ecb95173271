// -j TPROXY: gives the packet to a local socket without changing it. Counterpart of net/netfilter/xt_TPROXY.c.

#include <fmt/format.h>

#include "sallyport/option_pieces.h"
#include "target/targets.h"

namespace sallyport {
namespace {

Result<void> parse_port_here(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto port = parse_wrapping_port(text, rule.protocol);
  if (!port) return fail(fmt::format("Port \"{}\" does not resolve to anything", text), "a port or a service's name");
  value.number = *port;
  return {};
}

Result<void> parse_address_here(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto address = parse_loose_address(rule.family, text);
  if (!address) return std::unexpected(address.error());
  value.address = *address;
  return {};
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  IpAddress address = options["on-ip"].address;
  address.family = rule.family;
  const OptionValue& mark = options["tproxy-mark"];
  out += fmt::format(" --on-port {} --on-ip {} --tproxy-mark {:#x}/{:#x}", options["on-port"].number, address.text(),
                     mark.number, mark.mask);
}

}  // namespace

TargetType tproxy_target() {
  return {
      .name = "TPROXY",
      .options = {{.name = "on-port", .kind = OptionKind::Custom, .required = true, .parse = parse_port_here},
                  {.name = "on-ip", .kind = OptionKind::Custom, .hint = "an address", .parse = parse_address_here},
                  {.name = "tproxy-mark", .kind = OptionKind::MaskedHex32}},
      .protocols = {6, 17},
      .tables = {"mangle"},
      .hooks = hook_bit(Hook::Prerouting),
      .save = save,
      .summary = "gives the packet to a local socket without changing it",
  };
}

}  // namespace sallyport
