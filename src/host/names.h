// The words of the host model's text: one list for the reader and the writer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/host.h"

namespace sallyport {

struct NamedRouteType {
  std::string_view name = {};
  RouteType type = RouteType::None;
};
constexpr NamedRouteType kRouteTypeNames[] = {
    {"unicast", RouteType::Unicast},     {"local", RouteType::Local},
    {"broadcast", RouteType::Broadcast}, {"anycast", RouteType::Anycast},
    {"multicast", RouteType::Multicast}, {"blackhole", RouteType::Blackhole},
    {"prohibit", RouteType::Prohibit},   {"unreachable", RouteType::Unreachable},
    {"throw", RouteType::Throw},
};

struct NamedTable {
  std::string_view name = {};
  uint32_t id = 0;
};
constexpr NamedTable kTableNames[] = {{"local", 255}, {"main", 254}, {"default", 253}};

// The table that a stated route goes to where it names none, as `ip route` chooses it.
inline uint32_t table_for(RouteType type) {
  return type == RouteType::Local || type == RouteType::Broadcast || type == RouteType::Anycast ? 255 : 254;
}

// "udp 1194", "tcp 8000-8010".
Result<ListeningPorts> parse_listening_ports(std::string_view text);
std::string listening_ports_text(const ListeningPorts& ports);

// The set of ICMPv6 types that is a number in the model and "0-1,3-127" in the kernel.
constexpr std::string_view kIcmp6Ratemask = "net.ipv6.icmp.ratemask";
Result<int64_t> parse_bitmap(std::string_view text);
std::string bitmap_text(int64_t bits);

}  // namespace sallyport
