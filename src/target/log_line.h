// The lines of LOG and TRACE.
#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/event.h"
#include "sallyport/hook.h"
#include "wire/packet_dump.h"

namespace sallyport {

// Writes one line about `packet` to `log`: prefix, interfaces, link header where the packet came by an interface, and
// what `flags` (DumpFlag) want of the headers.
void log_packet(LogSink& log, uint8_t level, std::string_view prefix, uint8_t flags, const Packet& packet,
                const HookContext& context);

}  // namespace sallyport
