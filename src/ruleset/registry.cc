// Finding a match or a target by name.

#include "sallyport/registry.h"

#include <algorithm>

namespace sallyport {

const MatchType* Registry::match(std::string_view name, Family family) const {
  for (const MatchType& type : matches_) {
    if (type.name == name && exists_in(type.families, family)) return &type;
  }
  return nullptr;
}

const TargetType* Registry::target(std::string_view name, Family family) const {
  for (const TargetType& type : targets_) {
    if (type.name == name && exists_in(type.families, family)) return &type;
  }
  return nullptr;
}

const MatchType* Registry::match_for_protocol(uint8_t protocol, Family family) const {
  for (const MatchType& type : matches_) {
    if (type.implied && exists_in(type.families, family) &&
        std::ranges::find(type.protocols, protocol) != type.protocols.end()) {
      return &type;
    }
  }
  return nullptr;
}

}  // namespace sallyport
