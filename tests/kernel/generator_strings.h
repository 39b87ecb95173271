// Rulesets of string rules, and packets that hold their patterns, nearly hold them, or hold them cut.
#pragma once

#include "kernel/draw.h"
#include "kernel/lockstep.h"

namespace sallyport::kernel {

// 1 to 50 string rules and about `packets` packets, drawn from the same patterns and places.
Case random_string_case(Draw& draw, size_t packets);

}  // namespace sallyport::kernel
