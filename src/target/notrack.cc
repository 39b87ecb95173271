// -j NOTRACK: keeps the packet out of connection tracking. Counterpart of net/netfilter/xt_CT.c.

#include "target/targets.h"
#include "target/untracked.h"

namespace sallyport {

TargetType notrack_target() {
  return {.name = "NOTRACK",
          .tables = {"raw"},
          .create = create_untracked,
          .summary = "keeps the packet out of connection tracking"};
}

}  // namespace sallyport
