// -j MASQUERADE: gives the connection the address of the interface that it leaves by. Counterpart of
// net/netfilter/xt_MASQUERADE.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {

TargetType masquerade_target() {
  return {
      .name = "MASQUERADE",
      .options = {{.name = "to-ports",
                   .kind = OptionKind::Custom,
                   .hint = "PORT[-PORT]",
                   .parse = parse_nat_ports,
                   .print = print_nat_ports},
                  {.name = "random"},
                  {.name = "random-fully"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Postrouting),
      .summary = "gives the connection the address of the interface that it leaves by",
  };
}

}  // namespace sallyport
