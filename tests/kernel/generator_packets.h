// Random packets: ordinary ones, and everything that a header can be made of.
#pragma once

#include "kernel/draw.h"
#include "kernel/observed.h"

namespace sallyport::kernel {

Input random_packet(Draw& draw);

}  // namespace sallyport::kernel
