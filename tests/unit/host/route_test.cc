#include <gtest/gtest.h>

#include "sallyport/host.h"
#include "support/route_text.h"

namespace sallyport {
namespace {

HostModel model_of(std::string_view toml) {
  std::vector<std::string> warnings;
  auto model = read_host_model(toml, "", warnings);
  if (!model) {
    ADD_FAILURE() << model.error()[0].text();
    return {};
  }
  return std::move(*model);
}

struct RouteCase {
  std::string_view query;
  std::string_view answer;
};

void check(const HostModel& model, std::span<const RouteCase> cases) {
  for (const RouteCase& c : cases)
    EXPECT_EQ(route_text(model, model.route(route_query(model, c.query))), c.answer) << c.query;
}

constexpr std::string_view kGateway = R"(
[[interface]]
name = "lo"
address = ["127.0.0.1/8", "::1/128"]
[[interface]]
name = "wan"
address = ["192.0.2.1/24", "192.0.2.2/24", "2001:db8:1::1/64", "fe80::a/64"]
mtu = 1500
[[interface]]
name = "lan"
address = ["10.0.0.1/8", "10.255.0.1/31", "2001:db8:2::1/64", "fe80::b/64"]
mtu = 1400
[[route]]
to = "0.0.0.0/0"
via = "192.0.2.254"
[[route]]
to = "198.51.100.0/24"
via = "10.0.0.9"
mtu = 1300
src = "192.0.2.1"
[[route]]
to = "198.51.100.128/25"
dev = "lan"
metric = 5
[[route]]
to = "198.51.100.128/25"
dev = "wan"
metric = 4
[[route]]
to = "203.0.113.0/25"
type = "blackhole"
[[route]]
to = "203.0.113.128/26"
type = "unreachable"
[[route]]
to = "203.0.113.192/26"
type = "prohibit"
[[route]]
to = "203.0.112.0/24"
type = "throw"
[[route]]
to = "::/0"
via = "2001:db8:1::ff"
[[route]]
to = "2001:db8:9::/48"
type = "prohibit"
)";

constexpr RouteCase kGatewayCases[] = {
    {"8.8.8.8", "unicast dev wan via 192.0.2.254 src 192.0.2.1 mtu 1500"},
    {"192.0.2.77", "unicast dev wan src 192.0.2.1 mtu 1500"},
    {"10.1.2.3", "unicast dev lan src 10.0.0.1 mtu 1400"},
    {"10.255.0.0", "unicast dev lan src 10.255.0.1 mtu 1400"},
    {"192.0.2.1", "local dev lo src 192.0.2.1 mtu 65536"},
    {"192.0.2.2", "local dev lo src 192.0.2.1 mtu 65536"},
    {"127.5.5.5", "local dev lo src 127.0.0.1 mtu 65536"},
    {"192.0.2.255", "broadcast dev wan src 192.0.2.1 mtu 1500"},
    {"192.0.2.0", "unicast dev wan src 192.0.2.1 mtu 1500"},
    {"255.255.255.255", "broadcast dev wan src 192.0.2.1 mtu 1500"},
    {"255.255.255.255 from 10.0.0.1", "broadcast dev lan src 10.0.0.1 mtu 1400"},
    {"224.0.0.5", "multicast dev wan src 192.0.2.1 mtu 1500"},
    {"0.1.2.3", "unicast dev wan via 192.0.2.254 src 192.0.2.1 mtu 1500"},
    {"198.51.100.1", "unicast dev lan via 10.0.0.9 src 192.0.2.1 mtu 1300"},
    {"198.51.100.129", "unicast dev wan src 192.0.2.1 mtu 1500"},
    {"198.51.100.129 oif lan", "unicast dev lan src 10.0.0.1 mtu 1400"},
    {"8.8.8.8 oif lan", "unicast dev lan src 10.0.0.1 mtu 1400"},
    {"203.0.113.1", "blackhole"},
    {"203.0.113.129", "unreachable"},
    {"203.0.113.193", "prohibit"},
    {"203.0.112.1", "none"},
    {"8.8.8.8 from 127.0.0.1", "blackhole martian"},
    // Coming in.
    {"8.8.8.8 from 10.1.1.1 iif lan", "unicast dev wan via 192.0.2.254 src 192.0.2.1 mtu 1500"},
    {"8.8.8.8 from 10.1.1.1 iif wan", "unicast dev wan via 192.0.2.254 src 192.0.2.1 mtu 1500"},
    {"192.0.2.2 from 10.1.1.1 iif lan", "local dev lo mtu 65536"},
    {"10.0.0.1 from 10.1.1.1 iif wan", "local dev lo mtu 65536"},
    {"10.255.255.255 from 10.1.1.1 iif lan", "broadcast dev lo mtu 65536"},
    {"255.255.255.255 from 0.0.0.0 iif lan", "broadcast dev lo mtu 65536"},
    {"224.0.0.1 from 10.1.1.1 iif lan", "multicast dev lo mtu 65536"},
    {"224.0.0.9 from 10.1.1.1 iif lan", "blackhole"},
    {"8.8.8.8 from 10.0.0.1 iif lan", "blackhole martian"},
    {"8.8.8.8 from 224.0.0.1 iif lan", "blackhole martian"},
    {"8.8.8.8 from 127.0.0.1 iif lan", "blackhole martian"},
    {"127.0.0.1 from 10.1.1.1 iif lan", "blackhole martian"},
    {"203.0.113.129 from 10.1.1.1 iif lan", "unreachable"},
    {"203.0.112.1 from 10.1.1.1 iif lan", "none"},
    // IPv6.
    {"2001:db8:5::1", "unicast dev wan via 2001:db8:1::ff src 2001:db8:1::1 mtu 1500"},
    {"2001:db8:2::7", "unicast dev lan src 2001:db8:2::1 mtu 1400"},
    {"2001:db8:2::1", "local dev lo src 2001:db8:2::1 mtu 65536"},
    {"2001:db8:2::", "anycast dev lo src 2001:db8:2::1 mtu 65536"},
    {"2001:db8:9::1", "prohibit"},
    {"fe80::77", "unicast dev wan src fe80::a mtu 1500"},
    {"fe80::77 oif lan", "unicast dev lan src fe80::b mtu 1400"},
    {"ff02::1 oif lan", "multicast dev lan src fe80::b mtu 1400"},
    {"ff02::1 from fe80::77 iif lan", "multicast dev lan mtu 1400"},
    {"ff02::1:ff00:b from fe80::77 iif lan", "multicast dev lan mtu 1400"},
    {"ff02::1:ff00:c from fe80::77 iif lan", "blackhole"},
    {"2001:db8:1:: from 2001:db8:2::7 iif lan", "local dev lo mtu 65536"},
    {"2001:db8:1::9 from 2001:db8:2::7 iif lan", "unicast dev wan mtu 1500"},
};

TEST(HostModel, RoutesAsAGateway) { check(model_of(kGateway), kGatewayCases); }

constexpr std::string_view kPolicy = R"(
[[interface]]
name = "a"
address = ["10.0.0.1/24", "2001:db8:a::1/64"]
[[interface]]
name = "b"
address = ["10.1.0.1/24", "2001:db8:b::1/64"]
[[route]]
to = "9.0.0.0/8"
dev = "a"
[[route]]
to = "9.0.0.0/8"
dev = "b"
table = 100
realm = 4
[[route]]
to = "9.9.0.0/16"
type = "throw"
table = 100
[[route]]
to = "2001:db8:9::/48"
dev = "a"
[[route]]
to = "2001:db8:9::/48"
dev = "b"
table = 100
[[rule]]
priority = 10
fwmark = "0x1/0xf"
table = 100
[[rule]]
priority = 20
from = "10.1.0.0/24"
table = 100
[[rule]]
priority = 30
iif = "b"
to = "9.1.0.0/16"
type = "prohibit"
[[rule]]
priority = 40
iif = "lo"
to = "9.2.0.0/16"
type = "unreachable"
[[rule]]
priority = 50
tos = 0x10
table = 100
[[rule]]
priority = 60
oif = "b"
to = "9.3.0.0/16"
type = "blackhole"
family = "ipv4"
)";

constexpr RouteCase kPolicyCases[] = {
    {"9.0.0.1", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"9.0.0.1 mark 1", "unicast dev b src 10.1.0.1 mtu 65535 realm 4"},
    {"9.0.0.1 mark 0x21", "unicast dev b src 10.1.0.1 mtu 65535 realm 4"},
    {"9.0.0.1 mark 2", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"9.0.0.1 from 10.1.0.1", "unicast dev b src 10.1.0.1 mtu 65535 realm 4"},
    {"9.9.0.1 mark 1", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"9.0.0.1 tos 0x10", "unicast dev b src 10.1.0.1 mtu 65535 realm 4"},
    {"9.0.0.1 tos 0x12", "unicast dev b src 10.1.0.1 mtu 65535 realm 4"},
    {"9.0.0.1 tos 0x14", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"9.1.0.1 from 8.8.8.8 iif b", "prohibit"},
    {"9.1.0.1 from 8.8.8.8 iif a", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"9.2.0.1", "none"},
    {"9.2.0.1 from 8.8.8.8 iif a", "unicast dev a src 10.0.0.1 mtu 65535"},
    {"2001:db8:9::1", "unicast dev a src 2001:db8:a::1 mtu 65535"},
    {"2001:db8:9::1 mark 1", "unicast dev b src 2001:db8:b::1 mtu 65535"},
    {"10.0.0.1 mark 1", "local dev a src 10.0.0.1 mtu 65535"},
};

TEST(HostModel, AsksPolicyRules) { check(model_of(kPolicy), kPolicyCases); }

// Where no rule of one's own parts them, local and main are one table: the longer prefix wins.
TEST(HostModel, MergesLocalAndMain) {
  constexpr std::string_view kText =
      "[[interface]]\nname='lo'\naddress='127.0.0.1/8'\n[[interface]]\nname='a'\n"
      "address='10.0.0.1/24'\n[[route]]\nto='127.1.0.0/16'\ndev='a'\n";
  constexpr RouteCase kMerged[] = {{"127.1.2.3", "unicast dev a src 10.0.0.1 mtu 65535"}};
  check(model_of(kText), kMerged);
  constexpr RouteCase kParted[] = {{"127.1.2.3", "local dev lo src 127.0.0.1 mtu 65536"}};
  check(model_of(std::string(kText) + "[[rule]]\nfrom='1.2.3.4'\ntable=100\n"), kParted);
}

TEST(HostModel, ChecksTheReversePath) {
  constexpr std::string_view kText =
      "[[interface]]\nname='a'\naddress='10.0.0.1/24'\n[[interface]]\nname='b'\n"
      "address='10.1.0.1/24'\n[[route]]\nto='0.0.0.0/0'\ndev='a'\n[sysctl]\n";
  constexpr RouteCase kStrict[] = {{"8.8.8.8 from 10.0.0.9 iif a", "unicast dev a src 10.0.0.1 mtu 65535"},
                                   {"8.8.8.8 from 10.0.0.9 iif b", "blackhole martian"}};
  check(model_of(std::string(kText) + "'net.ipv4.conf.all.rp_filter' = 1"), kStrict);
  constexpr RouteCase kLoose[] = {{"8.8.8.8 from 10.0.0.9 iif b", "unicast dev a src 10.0.0.1 mtu 65535"}};
  check(model_of(std::string(kText) + "'net.ipv4.conf.b.rp_filter' = 2"), kLoose);
}

TEST(HostModel, ForwardsOnlyWhereItMay) {
  constexpr std::string_view kText =
      "[[interface]]\nname='a'\naddress=['10.0.0.1/24','2001:db8::1/64']\n[[route]]\n"
      "to='0.0.0.0/0'\ndev='a'\n[[route]]\nto='::/0'\ndev='a'\n[sysctl]\n"
      "'net.ipv4.ip_forward' = 0\n'net.ipv6.conf.all.forwarding' = 0\n";
  constexpr RouteCase kCases[] = {{"8.8.8.8 from 10.0.0.9 iif a", "unreachable"},
                                  {"10.0.0.1 from 10.0.0.9 iif a", "local dev a mtu 65535"},
                                  {"2001:db8:1::1 from 2001:db8::9 iif a", "blackhole"},
                                  {"2001:db8::1 from 2001:db8::9 iif a", "local dev a mtu 65535"}};
  check(model_of(kText), kCases);
}

struct TypeCase {
  std::string_view address;
  std::string_view on;
  std::string_view type;
};

constexpr TypeCase kTypeCases[] = {
    {"192.0.2.2", "", "local"},
    {"192.0.2.2", "wan", "local"},
    {"192.0.2.2", "lan", "unicast"},
    {"127.0.0.2", "", "local"},
    {"192.0.2.255", "", "broadcast"},
    {"192.0.2.255", "lan", "unicast"},
    {"255.255.255.255", "", "broadcast"},
    {"0.0.0.0", "", "broadcast"},
    {"0.1.2.3", "", "unicast"},
    {"224.1.1.1", "", "multicast"},
    {"8.8.8.8", "", "unicast"},
    {"203.0.113.1", "", "unicast"},
    {"2001:db8:1::1", "", "local"},
    {"2001:db8:1::1", "wan", "local"},
    {"2001:db8:1::1", "lan", "unreachable"},
    {"2001:db8:1::", "", "anycast"},
    {"ff02::1", "", "multicast"},
    {"2001:db8:9::1", "", "unreachable"},
    {"2001:db8:5::1", "", "unicast"},
    {"::1", "", "local"},
};

TEST(HostModel, TellsTheTypesOfAddresses) {
  const HostModel model = model_of(kGateway);
  for (const TypeCase& c : kTypeCases) {
    const InterfaceId on = c.on.empty() ? kNoInterface : model.find_interface(c.on).value();
    EXPECT_EQ(route_type_text(model.address_type(parse_address(c.address).value(), on)), c.type)
        << c.address << " " << c.on;
  }
}

struct PairCase {
  std::string_view first, second, name1, name2;
};
constexpr PairCase kPairCases[] = {
    {"in0", "out0", "in0", "out0"},
    {"", "", "in0", "out0"},
    {"a", "a", "a", "a~2"},
    {"\\Device\\NPF_{123}", "\\Device\\NPF_{124}", "\\Device\\NPF_{12", "\\Device\\NPF_{~2"},
};

TEST(HostModel, PairsTwoInterfacesOfAnyName) {
  for (const PairCase& c : kPairCases) {
    const HostModel model = HostModel::pair(c.first, c.second);
    ASSERT_EQ(model.interface_count(), 2u);
    EXPECT_EQ(model.interface(1).name_text(), c.name1);
    EXPECT_EQ(model.interface(2).name_text(), c.name2);
    EXPECT_EQ(model.pair_of(1), 2);
    EXPECT_EQ(model.pair_of(2), 1);
    EXPECT_EQ(model.pair_of(0), kNoInterface);
    EXPECT_EQ(model.pair_of(3), kNoInterface);
    EXPECT_EQ(model.interface(9).name_text(), "");
  }
}

}  // namespace
}  // namespace sallyport
