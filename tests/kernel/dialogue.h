// Conversations of two hosts through the world's router, mostly as hosts talk, often as they should not.
#pragma once

#include <vector>

#include "kernel/draw.h"
#include "kernel/observed.h"

namespace sallyport::kernel {

// The packets of one conversation, in the order in which the router meets them: one of the kinds in talks.h, with what
// befalls packets on their way, and ICMP errors true and spoofed.
// `number` makes its ports its own.
std::vector<Input> random_dialogue(Draw& draw, uint32_t number);

}  // namespace sallyport::kernel
