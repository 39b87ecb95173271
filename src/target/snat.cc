// -j SNAT: gives the connection another source. Counterpart of net/netfilter/xt_nat.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {

TargetType snat_target() {
  return {
      .name = "SNAT",
      .options = {{.name = "to-source",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "[ADDRESS[-ADDRESS]][:PORT[-PORT]]",
                   .parse = parse_nat_range,
                   .print = print_nat_range_without_base},
                  {.name = "random"},
                  {.name = "random-fully"},
                  {.name = "persistent"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Postrouting) | hook_bit(Hook::Input),
      .summary = "gives the connection another source",
  };
}

}  // namespace sallyport
