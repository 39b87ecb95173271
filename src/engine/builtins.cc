// Names every built-in match and target once; nothing registers itself.

#include "engine/builtins.h"

#include "match/matches.h"
#include "target/targets.h"

namespace sallyport {

void add_builtin_matches(Registry& registry) {
  for (MatchType (*make)() : {
           ttl_match,
       }) {
    registry.add(make());
  }
}

void add_builtin_targets(Registry& registry) {
  for (TargetType (*make)() : {
           accept_target,
           checksum_target,
           drop_target,
           dscp_target,
           ecn_target,
           hl_target,
           log_target,
           mark_target,
           nflog_target,
           queue_target,
           reject_target,
           return_target,
           tcpmss_target,
           tos_target,
           trace_target,
           ttl_target,
       }) {
    registry.add(make());
  }
}

const Registry& builtin_registry() {
  static const Registry kRegistry = [] {
    Registry registry;
    add_builtin_matches(registry);
    add_builtin_targets(registry);
    return registry;
  }();
  return kRegistry;
}

}  // namespace sallyport
