// -j REDIRECT: sends the connection to this machine. Counterpart of net/netfilter/xt_REDIRECT.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {
namespace {

Result<void> parse_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  if (auto done = parse_nat_ports(text, rule, value); !done) return done;
  if (!nat_range(value).base) return {};
  return fail("Shifted portmap ranges not supported with this kernel", "PORT or PORT-PORT");
}

}  // namespace

TargetType redirect_target() {
  return {
      .name = "REDIRECT",
      .options = {{.name = "to-ports",
                   .kind = OptionKind::Custom,
                   .hint = "PORT[-PORT]",
                   .parse = parse_ports,
                   .print = print_nat_ports},
                  {.name = "random"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output),
      .summary = "sends the connection to this machine",
  };
}

}  // namespace sallyport
