// What an engine has counted, as an event.
#pragma once

#include "sallyport/connection_counters.h"
#include "sallyport/engine.h"

namespace sallyport {

// `connections` may be null: nobody tracks any. `since` is when the counting began.
void tell_statistics(const EngineCounters& counters, const ConnectionCounters* connections, Timestamp since,
                     Timestamp now, EventSink& events);

}  // namespace sallyport
