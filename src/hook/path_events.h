// What the packet's path tells of a packet that ended on it.
#pragma once

#include <string_view>

#include "sallyport/event.h"

namespace sallyport {

// The packet was dropped at context.hook; context.decision says by which rule. context.events is not null.
void tell_drop(const Packet& packet, const HookContext& context);
// The bytes are no IP packet; `reason` says why.
void tell_malformed(const Packet& packet, std::string_view reason, Timestamp time, EventSink& events);

}  // namespace sallyport
