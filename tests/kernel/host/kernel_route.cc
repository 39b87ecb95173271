#include "kernel/host/kernel_route.h"

#include <net/if.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "support/route_text.h"

namespace sallyport {
namespace {

class Request {
 public:
  explicit Request(const rtmsg& header) { append(&header, sizeof header); }
  void attribute(uint16_t number, const void* data, size_t length) {
    const rtattr attribute = {static_cast<uint16_t>(sizeof(rtattr) + length), number};
    append(&attribute, sizeof attribute);
    append(data, length);
  }
  void number(uint16_t name, uint32_t value) { attribute(name, &value, sizeof value); }
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  void append(const void* data, size_t length) {
    const auto* const begin = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + length);
    bytes_.resize(RTA_ALIGN(bytes_.size()));
  }
  std::vector<uint8_t> bytes_;
};

uint32_t kernel_index(const HostModel& model, InterfaceId id) {
  return if_nametoindex(std::string(model.interface(id).name_text()).c_str());
}

Request request_of(const HostModel& model, const RouteQuery& query) {
  const bool ipv4 = query.destination.family == Family::Ipv4;
  const auto bits = static_cast<uint8_t>(ipv4 ? 32 : 128);
  const bool has_source = query.in != kNoInterface || !query.source.is_unspecified();
  Request request({.rtm_family = static_cast<uint8_t>(ipv4 ? AF_INET : AF_INET6),
                   .rtm_dst_len = bits,
                   .rtm_src_len = static_cast<uint8_t>(has_source ? bits : 0),
                   .rtm_tos = query.tos,
                   .rtm_table = 0,
                   .rtm_protocol = 0,
                   .rtm_scope = 0,
                   .rtm_type = 0,
                   .rtm_flags = 0});
  request.attribute(RTA_DST, query.destination.bytes.data(), bits / 8);
  if (has_source) request.attribute(RTA_SRC, query.source.bytes.data(), bits / 8);
  if (query.in != kNoInterface) request.number(RTA_IIF, kernel_index(model, query.in));
  if (query.out != kNoInterface) request.number(RTA_OIF, kernel_index(model, query.out));
  request.number(RTA_MARK, query.mark);
  return request;
}

std::string refusal(int error) {
  switch (error) {
    case ENETUNREACH:
      return "none";
    case EHOSTUNREACH:
      return "unreachable";
    case EACCES:
      return "prohibit";
    case EINVAL:
      return "blackhole";
    default:
      return std::string("error ") + std::strerror(error);
  }
}

RouteType type_of(uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return RouteType::Unicast;
    case RTN_LOCAL:
      return RouteType::Local;
    case RTN_BROADCAST:
      return RouteType::Broadcast;
    case RTN_ANYCAST:
      return RouteType::Anycast;
    case RTN_MULTICAST:
      return RouteType::Multicast;
    default:
      return RouteType::None;
  }
}

bool wants_source(const RouteQuery& query) { return query.in == kNoInterface && query.source.is_unspecified(); }

}  // namespace

std::string kernel_route_text(Netlink& netlink, const HostModel& model, const RouteQuery& query) {
  Route route;
  const auto asked = netlink.ask(RTM_GETROUTE, request_of(model, query).bytes(), [&](const NetlinkMessage& message) {
    const auto header = message.header<rtmsg>();
    const auto family = header.rtm_family == AF_INET ? Family::Ipv4 : Family::Ipv6;
    route.type = type_of(header.rtm_type);
    char name[IF_NAMESIZE] = {};
    const uint32_t out = netlink_u32(message.attribute<rtmsg>(RTA_OIF)).value_or(0);
    if (if_indextoname(out, name) != nullptr) route.out = model.find_interface(name).value_or(kNoInterface);
    if (const auto via = netlink_address(family, message.attribute<rtmsg>(RTA_GATEWAY))) route.gateway = *via;
    const auto source = netlink_address(family, message.attribute<rtmsg>(RTA_PREFSRC));
    if (wants_source(query) && source) route.preferred_source = *source;
    route.mtu = netlink_u32(NetlinkMessage::nested(message.attribute<rtmsg>(RTA_METRICS), RTAX_MTU)).value_or(0);
    route.realm = netlink_u32(message.attribute<rtmsg>(RTA_FLOW)).value_or(0);
  });
  return asked ? route_text(model, route) : refusal(asked.error());
}

std::string comparable_route_text(const HostModel& model, const RouteQuery& query) {
  Route route = model.route(query);
  route.martian = false;
  if (!wants_source(query)) route.preferred_source = {};
  if (route.mtu == model.interface(route.out).mtu) route.mtu = 0;
  return route_text(model, route);
}

std::string joined_ipv6_groups() {
  std::ifstream file("/proc/net/igmp6");
  std::string index;
  std::string name;
  std::string address;
  std::string rest;
  std::ostringstream lines;
  while (file >> index >> name >> address && std::getline(file, rest)) {
    IpAddress group = {.family = Family::Ipv6};
    for (size_t i = 0; i < 16; ++i) {
      group.bytes[i] = static_cast<uint8_t>(std::stoul(address.substr(i * 2, 2), nullptr, 16));
    }
    lines << name << ' ' << group.text() << '\n';
  }
  return lines.str();
}

}  // namespace sallyport
