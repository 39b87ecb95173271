// -j DNAT: gives the connection another destination. Counterpart of net/netfilter/xt_nat.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {

TargetType dnat_target() {
  return {
      .name = "DNAT",
      .options = {{.name = "to-destination",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]",
                   .parse = parse_nat_range,
                   .print = print_nat_range},
                  {.name = "random"},
                  {.name = "persistent"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output),
      .summary = "gives the connection another destination",
  };
}

}  // namespace sallyport
