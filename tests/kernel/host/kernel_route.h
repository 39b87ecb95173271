// The kernel's own answer to a route question, in the words of support/route_text.h.
#pragma once

#include <string>

#include "host/netlink.h"
#include "sallyport/host.h"

namespace sallyport {

// What `ip route get` would say, as "TYPE dev DEV via GATEWAY src SOURCE mtu MTU realm REALM"; `src` only where the
// question had no source and no input interface, `mtu` only where the route states one.
std::string kernel_route_text(Netlink& netlink, const HostModel& model, const RouteQuery& query);

// Ours, made comparable: what the kernel does not tell is left out.
std::string comparable_route_text(const HostModel& model, const RouteQuery& query);

// The groups that interfaces listen to, as "INTERFACE ADDRESS" lines.
std::string joined_ipv6_groups();

}  // namespace sallyport
