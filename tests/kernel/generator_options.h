// Random matches and targets as rule text, each where it may stand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/draw.h"
#include "sallyport/hook.h"
#include "sallyport/match.h"

namespace sallyport::kernel {

// Where a rule stands: from which hooks it can be reached, in which table, for which -p.
struct Place {
  std::string_view table;
  uint8_t hooks = 0;      // hook_bit()s
  uint8_t protocol = 0;   // of a plain -p; 0: none, or inverted
  bool built_in = false;  // a built-in chain, where -i and -o are not always allowed
};

// " [! ]-s ADDRESS ..." and its like, without -p.
std::string random_selectors(Draw& draw, const Place& place);
// " -m NAME --OPTION ...": at most `count` different matches that may stand there.
std::string random_matches(Draw& draw, const Place& place, uint32_t count);
// " -j NAME --OPTION ...": a target that lets the walk go on; and one that ends it.
std::string random_modifier(Draw& draw, const Place& place);
std::string random_reject(Draw& draw, const Place& place);

}  // namespace sallyport::kernel
