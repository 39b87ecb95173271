// Random cases: a ruleset and packets for it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/lockstep.h"

namespace sallyport::kernel {

// Every other seed is IPv6's.
Family family_for(uint64_t seed);
Case random_case(uint64_t seed, Family family, size_t packets);

}  // namespace sallyport::kernel
