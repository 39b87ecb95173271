// Random rulesets in iptables-save text, from the whole option table.
#pragma once

#include <string>

#include "kernel/draw.h"

namespace sallyport::kernel {

// All tables but nat, all built-in chains, user chains that call each other without loops.
std::string random_ruleset(Draw& draw);

}  // namespace sallyport::kernel
