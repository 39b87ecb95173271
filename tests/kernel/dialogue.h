// Conversations of two hosts through the world's router, mostly as hosts talk, often as they should not.
#pragma once

#include <vector>

#include "kernel/draw.h"
#include "kernel/observed.h"

namespace sallyport::kernel {

// The packets of one conversation, in the order in which the router meets them: TCP with lost, repeated, displaced and
// forged segments, UDP, UDP-Lite, ICMP queries, errors true and spoofed, GRE, protocols without a tracker.
// `number` makes its ports its own.
std::vector<Input> random_dialogue(Draw& draw, uint32_t number);

}  // namespace sallyport::kernel
