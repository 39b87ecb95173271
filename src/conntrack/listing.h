// Connections as text.
#pragma once

#include <string>

#include "conntrack/timeouts.h"
#include "sallyport/connection.h"

namespace sallyport {

// One line of /proc/net/nf_conntrack without its end; with accounting on, packets and bytes of each direction.
std::string proc_line(const Connection& connection, Timestamp now, const Timeouts& timeouts);

}  // namespace sallyport
