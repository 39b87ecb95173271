// Which option of a rule a long name means: one of iptables' own, or one of a match or target that the rule has loaded.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sallyport/match.h"
#include "sallyport/options.h"
#include "sallyport/result.h"
#include "sallyport/target.h"

namespace sallyport {

// A match or the target while its options are read.
struct Extension {
  const MatchType* match = nullptr;
  const TargetType* target = nullptr;
  Options options;
  uint32_t column = 0;
  uint16_t options_given = 0;

  std::string_view name() const { return match != nullptr ? match->name : target->name; }
};

struct FoundOption {
  char main = 0;                   // a main option's letter, or 0
  Extension* extension = nullptr;  // else whose
  const OptionSpec* spec = nullptr;
};

// Exact names first (the rule's own, then the latest extension's), then unambiguous beginnings. The extensions must
// outlive what is found. Errors: a name that is unknown ("unknown option ...", with what may be meant) or ambiguous.
Result<FoundOption> find_option(std::string_view name, std::span<Extension> extensions);

}  // namespace sallyport
