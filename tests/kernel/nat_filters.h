// The filters -n, -g and -j of conntrack(8) and ours, on the same table.
#pragma once

#include <string>

#include "kernel/nat_talk.h"

namespace sallyport::kernel {

// Which connections of the kernel's table of that family one of the two chooses and the other does not. Empty: none.
// Counts under "listed with -n" and so on what was chosen.
std::string nat_filter_difference(Family family, Tally& tally);

}  // namespace sallyport::kernel
