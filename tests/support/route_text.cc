#include "support/route_text.h"

#include <charconv>
#include <sstream>

namespace sallyport {

RouteQuery route_query(const HostModel& model, std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  words >> word;
  RouteQuery query;
  query.destination = parse_address(word).value();
  query.source.family = query.destination.family;
  std::string value;
  while (words >> word >> value) {
    if (word == "from") query.source = parse_address(value).value();
    if (word == "iif") query.in = model.find_interface(value).value();
    if (word == "oif") query.out = model.find_interface(value).value();
    if (word == "mark") query.mark = static_cast<uint32_t>(std::stoul(value, nullptr, 0));
    if (word == "tos") query.tos = static_cast<uint8_t>(std::stoul(value, nullptr, 0));
  }
  return query;
}

std::string_view route_type_text(RouteType type) {
  constexpr std::string_view kNames[] = {"none",      "unicast",   "local",       "broadcast", "anycast",
                                         "multicast", "blackhole", "unreachable", "prohibit",  "throw"};
  return kNames[static_cast<size_t>(type)];
}

std::string route_text(const HostModel& model, const Route& route) {
  std::string text(route_type_text(route.type));
  if (route.out != kNoInterface) text += " dev " + std::string(model.interface(route.out).name_text());
  if (!route.gateway.is_unspecified()) text += " via " + route.gateway.text();
  if (!route.preferred_source.is_unspecified()) text += " src " + route.preferred_source.text();
  if (route.mtu != 0) text += " mtu " + std::to_string(route.mtu);
  if (route.realm != 0) text += " realm " + std::to_string(route.realm);
  if (route.martian) text += " martian";
  return text;
}

}  // namespace sallyport
