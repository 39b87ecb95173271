// -m rpfilter: does an answer to the packet's source leave where the packet came in. Counterpart of
// net/ipv4/netfilter/ipt_rpfilter.c; RFC 3704.

#include "match/matches.h"

namespace sallyport {

MatchType rpfilter_match() {
  return {
      .name = "rpfilter",
      .options = {{.name = "loose"}, {.name = "validmark"}, {.name = "accept-local"}, {.name = "invert"}},
      .tables = {"mangle", "raw"},
      .hooks = hook_bit(Hook::Prerouting),
      .summary = "tests the way back to the packet's source",
  };
}

}  // namespace sallyport
