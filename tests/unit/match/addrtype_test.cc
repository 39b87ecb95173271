#include "sallyport/host.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// Knows 192.0.2.1 and 2001:db8::1 on interface 1, 192.0.2.2 and 2001:db8::2 on interface 2, an anycast address, and
// that there is no way to 203.0.113.0/24 and 2001:db8:dead::/48.
class SmallHost final : public Router {
 public:
  Route route(const RouteQuery& query) const override {
    Route route;
    route.type = type_of(query.destination);
    return route;
  }
  RouteType address_type(const IpAddress& address, InterfaceId on) const override {
    const RouteType type = type_of(address);
    if (type != RouteType::Local || on == kNoInterface) return type;
    return address.view().back() == on ? type : RouteType::Unicast;
  }
  const Interface& interface(InterfaceId) const override { return interface_; }
  size_t interface_count() const override { return 2; }
  std::optional<InterfaceId> find_interface(std::string_view) const override { return std::nullopt; }
  InterfaceId pair_of(InterfaceId) const override { return kNoInterface; }
  bool pair_is_bridge(InterfaceId) const override { return false; }
  int64_t sysctl(std::string_view) const override { return 0; }

 private:
  static RouteType type_of(const IpAddress& address) {
    const std::string text = address.text();
    if (text == "192.0.2.1" || text == "192.0.2.2") return RouteType::Local;
    if (text == "2001:db8::1" || text == "2001:db8::2") return RouteType::Local;
    if (text == "192.0.2.255") return RouteType::Broadcast;
    if (text == "224.0.0.1") return RouteType::Multicast;
    if (text == "2001:db8::") return RouteType::Anycast;
    if (text.starts_with("203.0.113.") || text.starts_with("2001:db8:dead:")) return RouteType::Unreachable;
    return RouteType::Unicast;
  }

  Interface interface_;
};

struct AddrtypeCase {
  std::string_view rule;
  std::string_view destination;
  Judged judged;
};

constexpr AddrtypeCase kIpv4[] = {
    {"-m addrtype --dst-type LOCAL", "192.0.2.1", kYes},
    {"-m addrtype --dst-type LOCAL", "192.0.2.9", kNo},
    {"-m addrtype ! --dst-type LOCAL", "192.0.2.9", kYes},
    {"-m addrtype --dst-type UNICAST,LOCAL", "192.0.2.9", kYes},
    {"-m addrtype --dst-type BROADCAST", "192.0.2.255", kYes},
    {"-m addrtype --dst-type MULTICAST", "224.0.0.1", kYes},
    {"-m addrtype --dst-type MULTICAST", "192.0.2.1", kNo},
    {"-m addrtype --dst-type UNREACHABLE", "203.0.113.5", kYes},
    {"-m addrtype --src-type LOCAL --dst-type UNICAST", "192.0.2.9", kNo},
    {"-m addrtype --src-type UNICAST --dst-type LOCAL", "192.0.2.2", kYes},
    {"-m addrtype --dst-type LOCAL --limit-iface-in", "192.0.2.1", kYes},
    {"-m addrtype --dst-type LOCAL --limit-iface-in", "192.0.2.2", kNo},
    {"-m addrtype ! --dst-type LOCAL --limit-iface-in", "192.0.2.2", kYes},
};

constexpr AddrtypeCase kIpv6[] = {
    {"-m addrtype --dst-type LOCAL", "2001:db8::1", kYes},
    {"-m addrtype --dst-type LOCAL", "2001:db8::9", kNo},
    {"-m addrtype --dst-type LOCAL --limit-iface-in", "2001:db8::1", kYes},
    {"-m addrtype --dst-type LOCAL --limit-iface-in", "2001:db8::2", kNo},
    {"-m addrtype --dst-type ANYCAST", "2001:db8::", kYes},
    {"-m addrtype --dst-type UNREACHABLE", "2001:db8:dead::1", kYes},
    {"-m addrtype --dst-type UNREACHABLE", "2001:db8::9", kNo},
    {"-m addrtype --dst-type MULTICAST", "ff02::1", kYes},
    {"-m addrtype --dst-type MULTICAST", "2001:db8::9", kNo},
    {"-m addrtype --dst-type UNICAST", "2001:db8::9", kYes},
    {"-m addrtype --dst-type UNICAST", "ff02::1", kNo},
    {"-m addrtype --dst-type UNICAST", "::ffff:192.0.2.1", kNo},
    // Several types are several conditions here: no address is both.
    {"-m addrtype --dst-type UNICAST,MULTICAST", "2001:db8::9", kNo},
    {"-m addrtype --dst-type UNICAST,LOCAL", "2001:db8::1", kYes},
    {"-m addrtype ! --dst-type UNICAST,MULTICAST", "2001:db8::9", kYes},
};

TEST(AddrtypeMatch, AsksTheRoutes) {
  const SmallHost host;
  for (const AddrtypeCase& one : kIpv4) {
    const std::string flow = "198.51.100.7 > " + std::string(one.destination);
    EXPECT_EQ(RuleCase(one.rule, Family::Ipv4, &host).judge(icmp4(flow, 8, 0)), one.judged)
        << one.rule << " " << one.destination;
  }
  for (const AddrtypeCase& one : kIpv6) {
    const std::string flow = "2001:db8:7::7 > " + std::string(one.destination);
    EXPECT_EQ(RuleCase(one.rule, Family::Ipv6, &host).judge(icmp6(flow, 128, 0)), one.judged)
        << one.rule << " " << one.destination;
  }
}

}  // namespace
}  // namespace sallyport::test
