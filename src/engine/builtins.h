// Every built-in match and target, by name.
#pragma once

#include "sallyport/registry.h"

namespace sallyport {

void add_builtin_matches(Registry& registry);
void add_builtin_targets(Registry& registry);

}  // namespace sallyport
