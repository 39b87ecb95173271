// -j NOTRACK: keeps the packet out of connection tracking. Counterpart of net/netfilter/xt_CT.c.

#include "target/targets.h"

namespace sallyport {

TargetType notrack_target() {
  return {.name = "NOTRACK", .tables = {"raw"}, .summary = "keeps the packet out of connection tracking"};
}

}  // namespace sallyport
