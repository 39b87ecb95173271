// Makes a failing case small.
#pragma once

#include <functional>

#include "kernel/lockstep.h"

namespace sallyport::kernel {

// A case that still fails by `fails` and from which no packet, rule, condition or trailing byte can be taken. `found`
// is how `test` failed.
Case shrink(Case test, const Difference& found, const std::function<bool(const Case&)>& fails);

}  // namespace sallyport::kernel
