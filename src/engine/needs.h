// What a ruleset needs beside its tables.
#pragma once

#include "sallyport/ruleset.h"

namespace sallyport {

// Whether a rule asks for connection tracking, which runs only in a family that needs it, as in the kernel.
bool needs_conntrack(const Ruleset& ruleset);

}  // namespace sallyport
