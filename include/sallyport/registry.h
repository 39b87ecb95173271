// Every match and target that an engine knows. Registration is explicit: src/engine/builtins.cc names the built-in
// ones.
#pragma once

#include <deque>
#include <string_view>

#include "sallyport/match.h"
#include "sallyport/target.h"

namespace sallyport {

// Filled at start, read afterwards; entries stay where they are. Reading is safe from many threads.
class Registry {
 public:
  // A second entry with the name and an overlapping family takes precedence over the first.
  void add(MatchType type) { matches_.push_front(std::move(type)); }
  void add(TargetType type) { targets_.push_front(std::move(type)); }

  // Null where the family has none of that name.
  const MatchType* match(std::string_view name, Family family) const;
  const TargetType* target(std::string_view name, Family family) const;
  // The match that `-p PROTOCOL` loads by itself when one of its options is used.
  const MatchType* match_for_protocol(uint8_t protocol, Family family) const;

  const std::deque<MatchType>& matches() const { return matches_; }
  const std::deque<TargetType>& targets() const { return targets_; }

 private:
  std::deque<MatchType> matches_;
  std::deque<TargetType> targets_;
};

// With all built-in matches and targets.
const Registry& builtin_registry();

}  // namespace sallyport
