// Random rules of the matches that look at a connection and at others beside it.
#pragma once

#include <string>

#include "kernel/draw.h"

namespace sallyport::kernel {

// Rules for the mangle table; each sets a bit of the packet's mark, by which it is seen to match. All let
// the packet go on.
std::string random_connection_rules(Draw& draw);

}  // namespace sallyport::kernel
