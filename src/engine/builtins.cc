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
           drop_target,
           mark_target,
           return_target,
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
