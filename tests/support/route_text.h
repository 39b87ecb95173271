// Route questions and answers as short texts, for tables of cases.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/host.h"

namespace sallyport {

// "10.0.0.1 from 10.0.0.2 iif wan oif lan mark 1 tos 16", all but the destination optional.
RouteQuery route_query(const HostModel& model, std::string_view text);
// "unicast dev wan via 10.0.0.1 src 10.0.0.2 mtu 1500 realm 5 martian", what is not there left out.
std::string route_text(const HostModel& model, const Route& route);
std::string_view route_type_text(RouteType type);

}  // namespace sallyport
