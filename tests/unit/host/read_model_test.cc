#include <gtest/gtest.h>

#include <string>

#include "sallyport/host.h"

namespace sallyport {
namespace {

constexpr std::string_view kFull = R"([host]
answers = true
spared_by_nat = ["udp 1194", "tcp 8000-8010", "sctp 65535"]

[[interface]]
name = "wan"
address = ["192.0.2.1/24", "192.0.2.2/32", "2001:db8::1/64"]
mtu = 1500
group = 7
mac = "02:00:00:00:00:0a"

[[interface]]
name = "lan"
address = ["10.0.0.1/8"]

[[interface]]
name = "tun0"
mtu = 1400
point_to_point = true

[[interface]]
name = "eth0.100"

[[interface]]
name = "lo"
address = ["127.0.0.1/8", "::1/128"]

[[pair]]
between = ["tun0", "eth0.100"]
bridge = true

[[route]]
to = "0.0.0.0/0"
via = "192.0.2.254"
dev = "wan"
src = "192.0.2.2"
metric = 100
mtu = 1400
realm = 3

[[route]]
to = "::/0"
via = "fe80::1"
dev = "wan"
realm = "2/3"

[[route]]
to = "198.51.100.0/24"
type = "blackhole"
table = 100

[[route]]
to = "0.0.0.0/0"
type = "local"
dev = "lo"
table = 101

[[route]]
to = "203.0.113.9/32"
type = "local"
dev = "lo"

[[rule]]
priority = 32765
from = "10.0.0.0/8"
iif = "lan"
fwmark = "0x1/0xff"
tos = 0x10
table = 100

[[rule]]
priority = 32766
iif = "lo"
oif = "wan"
type = "prohibit"

[[rule]]
priority = 40000
fwmark = "0x0/0xffffffff"
table = "main"
family = "ipv6"

[[timeout]]
name = "dns"
family = "ipv4"
protocol = "udp"
unreplied = 5
replied = 10

[[timeout]]
name = "slow"
family = "ipv6"
protocol = "tcp"
established = 600
unacknowledged = 0

[sysctl]
"net.ipv4.conf.eth0.100.rp_filter" = 1
"net.ipv4.ip_forward" = 0
"net.ipv6.icmp.ratemask" = "0-1,3-62"
)";

TEST(ReadHostModel, TakesEveryKeyAndWritesItBack) {
  std::vector<std::string> warnings;
  const auto model = read_host_model(kFull, "host.toml", warnings);
  ASSERT_TRUE(model.has_value()) << model.error()[0].text();
  EXPECT_EQ(warnings, std::vector<std::string>{});
  EXPECT_EQ(host_model_text(*model), kFull);
  EXPECT_TRUE(model->answers());
  EXPECT_EQ(model->spared_by_nat(),
            (std::vector<ListeningPorts>{{kUdp, 1194, 1194}, {kTcp, 8000, 8010}, {kSctp, 65535, 65535}}));
  EXPECT_EQ(model->interface_count(), 5u);
  EXPECT_EQ(model->pair_of(*model->find_interface("tun0")), *model->find_interface("eth0.100"));
  EXPECT_TRUE(model->pair_is_bridge(*model->find_interface("tun0")));
  EXPECT_TRUE(model->has_pairs());
  EXPECT_EQ(model->sysctl("net.ipv4.conf.eth0.100.rp_filter"), 1);
  EXPECT_EQ(model->sysctl("net.ipv4.conf.wan.rp_filter"), 0);
}

TEST(ReadHostModel, WritesLettersOutsideAsciiByTheirNumbers) {
  std::vector<std::string> warnings;
  const auto model =
      read_host_model("[[interface]]\nname = \"b\\u00fcro\\U0001F525\\\"\\\\\"\n", "host.toml", warnings);
  ASSERT_TRUE(model.has_value()) << model.error()[0].text();
  EXPECT_EQ(model->interface(1).name_text(), "b\xc3\xbcro\xf0\x9f\x94\xa5\"\\");
  const std::string text = host_model_text(*model);
  EXPECT_TRUE(text.contains("name = \"b\\u00FCro\\U0001F525\\\"\\\\\"\n")) << text;
  EXPECT_TRUE(read_host_model(text, "host.toml", warnings).has_value());
}

TEST(ReadHostModel, FillsInWhatIsLeftOut) {
  constexpr std::string_view kText = R"(
[[interface]]
name = "a"
address = "10.0.0.1"
[[interface]]
name = "lo"
[[route]]
to = "default"
via = "10.0.0.9"
dev = "a"
[[route]]
to = "10.1.0.0/16"
type = "local"
[[rule]]
table = "main"
[[rule]]
table = 100
[sysctl]
net.ipv4.ip_forward = 0
net.netfilter.nf_conntrack_max = 7
)";
  std::vector<std::string> warnings;
  const auto model = read_host_model(kText, "", warnings);
  ASSERT_TRUE(model.has_value()) << model.error()[0].text();
  EXPECT_EQ(warnings, std::vector<std::string>{});
  EXPECT_EQ(model->interface(1).addresses[0].prefix_bits, 32);
  EXPECT_EQ(model->interface(1).mtu, 65535u);
  EXPECT_TRUE(model->interface(2).loopback);
  EXPECT_EQ(model->interface(2).mtu, 65536u);
  EXPECT_EQ(model->routes()[0].to.text(), "0.0.0.0/0");
  EXPECT_EQ(model->routes()[0].table, 254u);
  EXPECT_EQ(model->routes()[1].table, 255u);
  EXPECT_EQ(model->rules()[0].priority, 32765u);
  EXPECT_EQ(model->rules()[1].priority, 32764u);
  EXPECT_EQ(model->sysctl("net.ipv4.ip_forward"), 0);
  EXPECT_EQ(model->sysctl("net.netfilter.nf_conntrack_max"), 7);
}

struct WrongCase {
  std::string_view text;
  std::string_view error;
};

constexpr WrongCase kWrongCases[] = {
    {"[\x17]", "f:1:2: a control character; expected text"},
    {"[[ =]]", "f:1:4: Error while parsing key: expected bare key starting character or string delimiter, saw '='"},
    {"# \xef\xbb\xbb\n\xef\xbb\xbb = 1",
     "f:2:1: a letter outside ASCII; expected it in a comment, or in a string by its number, such as \\u00e9"},
    {"a = \"caf\xc3\xa9\"",
     "f:1:9: a letter outside ASCII; expected it in a comment, or in a string by its number, such as \\u00e9"},
    {"a = 5[\"\\\xd2\x92\"]",
     "f:1:9: a letter outside ASCII; expected it in a comment, or in a string by its number, such as \\u00e9"},
    {"\xef\xbb\xbf\"\\ufefb\" = 1",
     "f:1:1: a host model has no key \"\xef\xbb\xbb\"; expected one of host, interface, pair, route, rule, timeout, "
     "sysctl, "
     "socket"},
    {"a = ", "f:1:5: Error while parsing key-value pair: encountered end-of-file"},
    {"[[interface]]\nnam = 'a'",
     "f:1:1: [[interface]] without \"name\"; expected name = \"eth0\"\n"
     "f:2:1: [[interface]] has no key \"nam\"; expected \"name\""},
    {"[[iface]]\nname = 'a'",
     "f:1:3: a host model has no key \"iface\"; expected one of host, interface, pair, route, rule, timeout, sysctl, "
     "socket"},
    {"[[routes]]", "f:1:3: a host model has no key \"routes\"; expected \"route\""},
    {"[[socket]]\nport = 80",
     "f:1:1: sockets are not part of the model yet; expected no [[socket]]: no local user owns a port, and rules that "
     "ask for one do not match"},
    {"interface = 3", "f:1:13: interface is a whole number; expected [[interface]]"},
    {"interface = [3]", "f:1:14: interface holds a whole number; expected [[interface]]"},
    {"host = 3", "f:1:8: host is a whole number; expected [host]"},
    {"sysctl = 3", "f:1:10: sysctl is a whole number; expected [sysctl]"},
    {"[host]\nanswers = 1", "f:2:11: answers is a whole number; expected true or false"},
    {"[host]\nspared_by_nat = 1194", "f:2:17: spared_by_nat is a whole number; expected a string or a list of strings"},
    {"[host]\nspared_by_nat = ['udp 1194', 1194]", "f:2:30: spared_by_nat holds a whole number; expected strings only"},
    {"[host]\nspared_by_nats = 'udp 1194'", "f:2:1: [host] has no key \"spared_by_nats\"; expected \"spared_by_nat\""},
    {"[host]\nspared_by_nat = ['icmp 8', '1194', 'udp', 'udp ', 'udp 0', 'udp 65536', 'tcp 1-', 'tcp 2-x', 'tcp 1 2',\n"
     "'tcp 8010-8000', 'tcp 80', 'tcp 80']",
     "f:2:18: \"icmp\" is no protocol with ports; expected tcp, udp, udplite or sctp\n"
     "f:2:28: \"1194\" is no protocol with ports; expected tcp, udp, udplite or sctp\n"
     "f:2:36: \"udp\" names no port of 1 to 65535; expected \"udp PORT\" or \"udp LOW-HIGH\"\n"
     "f:2:43: \"udp \" names no port of 1 to 65535; expected \"udp PORT\" or \"udp LOW-HIGH\"\n"
     "f:2:51: \"udp 0\" names no port of 1 to 65535; expected \"udp PORT\" or \"udp LOW-HIGH\"\n"
     "f:2:60: \"udp 65536\" names no port of 1 to 65535; expected \"udp PORT\" or \"udp LOW-HIGH\"\n"
     "f:2:73: \"tcp 1-\" names no port of 1 to 65535; expected \"tcp PORT\" or \"tcp LOW-HIGH\"\n"
     "f:2:83: \"tcp 2-x\" names no port of 1 to 65535; expected \"tcp PORT\" or \"tcp LOW-HIGH\"\n"
     "f:2:94: \"tcp 1 2\" names no port of 1 to 65535; expected \"tcp PORT\" or \"tcp LOW-HIGH\"\n"
     "f:3:1: \"tcp 8010-8000\" ends before it begins; expected \"tcp 8000-8010\"\n"
     "f:3:28: \"tcp 80\" is there twice; expected each once"},
    {"[[interface]]\nname = 'a b'",
     "f:2:8: \"a b\" cannot be an interface's name; expected at most 15 characters, no blank, slash or colon; not "
     "\"all\" or \"default\""},
    {"[[interface]]\nname = '1234567890123456'",
     "f:2:8: \"1234567890123456\" cannot be an interface's name; expected at most 15 characters, no blank, slash or "
     "colon; not \"all\" or \"default\""},
    {"[[interface]]\nname = 'a'\n[[interface]]\nname = 'a'", "f:4:8: there is an interface \"a\" already"},
    {"[[interface]]\nname = 'a'\nmtu = 67", "f:3:7: mtu = 67; expected a whole number from 68 to 2147483647"},
    {"[[interface]]\nname = 'a'\nmtu = '1500'",
     "f:3:7: mtu is a string; expected a whole number from 68 to 2147483647"},
    {"[[interface]]\nname = 'a'\nmac = '02:00:00:00:00'",
     "f:3:7: \"02:00:00:00:00\" is not a MAC address; expected 02:00:00:00:00:01"},
    {"[[interface]]\nname = 'a'\nmac = '02-00-00-00-00-01'",
     "f:3:7: \"02-00-00-00-00-01\" is not a MAC address; expected 02:00:00:00:00:01"},
    {"[[interface]]\nname = 'a'\naddress = ['1.2.3.4/33', 5, '1.2.3', '::1/129', '1.2.3.4', '1.2.3.4/32']",
     "f:3:12: \"1.2.3.4/33\" has a wrong prefix length; expected /0 to /32\n"
     "f:3:26: address holds a whole number; expected strings only\n"
     "f:3:29: \"1.2.3\" is not an IPv4 address; expected ADDRESS/BITS, such as 192.0.2.1/24\n"
     "f:3:38: \"::1/129\" has a wrong prefix length; expected /0 to /128\n"
     "f:3:60: 1.2.3.4/32 is there twice; expected each address once"},
    {"[[interface]]\nname = 'a'\n[[pair]]\nbetween = ['a', 'b']",
     "f:4:11: there is no interface \"b\"; expected the name of an [[interface]]"},
    {"[[interface]]\nname = 'a'\n[[pair]]\nbetween = ['a', 'a']",
     "f:4:11: \"a\" paired with itself; expected two interfaces"},
    {"[[pair]]\nbetween = ['a']", "f:2:11: a pair of 1; expected two interfaces"},
    {"[[pair]]", "f:1:1: [[pair]] without \"between\"; expected between = [\"wan\", \"lan\"]"},
    {"[[route]]\nto = '10.0.0.1/8'\ndev = 'a'", "f:2:6: 10.0.0.1/8 has bits beyond its prefix; expected 10.0.0.0/8"},
    {"[[route]]\nto = '10.0.0.0/255.0.255.0'\ndev = 'a'",
     "f:2:6: 10.0.0.0/255.0.255.0 has bits beyond its prefix; expected 10.0.0.0/255.0.255.0"},
    {"[[route]]\nto = '10.0.0.0/33'", "f:2:6: \"33\" is not a mask; expected ADDRESS/BITS, such as 192.0.2.0/24"},
    {"[[route]]\nto = 'default'\ndev = 'a'", "f:2:6: \"default\" of which family; expected 0.0.0.0/0 or ::/0"},
    {"[[route]]\nto = '10.0.0.0/8'\ndev = 'a'",
     "f:2:6: there is no interface \"a\"; expected the name of an [[interface]]"},
    {"[[route]]\nto = '10.0.0.0/8'", "f:2:6: the route to 10.0.0.0/8 leads nowhere; expected \"dev\" or \"via\""},
    {"[[route]]\nto = '10.0.0.0/8'\ntype = 'nat'",
     "f:3:8: there is no type \"nat\"; expected unicast, local, broadcast, anycast, multicast, blackhole, prohibit, "
     "unreachable, throw"},
    {"[[route]]\nto = '10.0.0.0/8'\nvia = '1.1.1.1'",
     "f:2:6: the gateway 1.1.1.1 is on no interface's network; expected \"dev\" as well, or a gateway that an "
     "interface's address or an earlier route without gateway leads to"},
    {"[[interface]]\nname='a'\naddress='fe80::1/64'\n[[route]]\nto = '::/0'\ndev='a'\nvia = 'fe80::1'",
     "f:5:6: the gateway fe80::1 is an address of \"a\" itself; expected a neighbour's address"},
    {"[[interface]]\nname='a'\n[[route]]\nto = '::/0'\nvia = '1.1.1.1'\ndev = 'a'",
     "f:4:6: the gateway 1.1.1.1 is of the other family; expected a gateway of the destination's family, or for IPv4 "
     "an IPv6 gateway together with \"dev\""},
    {"[[route]]\nto = '10.0.0.0/8'\ntype = 'prohibit'\n[[route]]\nto = '10.0.0.0/8'\ntype = 'blackhole'",
     "f:5:6: there is a route to 10.0.0.0/8 with this metric in this table already; expected another metric"},
    {"[[route]]\nto = '10.0.0.0/8'\ntable = 'mine'",
     "f:3:9: there is no table \"mine\"; expected a number, or one of local, main, default"},
    {"[[route]]\nto = '10.0.0.0/8'\ntable = 0", "f:3:9: table = 0; expected a whole number from 1 to 4294967295"},
    {"[[route]]\nto = '10.0.0.0/8'\nrealm = '1'", "f:3:9: realm = \"1\"; expected a number, or \"FROM/TO\""},
    {"[[rule]]\nfrom = '10.0.0.0/8'", "f:1:1: a rule without a table; expected \"table\", or \"type\" blackhole ..."},
    {"[[rule]]\nfrom = '10.0.0.0/8'\nto = '::/0'\ntable = 3",
     "f:4:9: addresses of both families in one rule; expected one family a rule"},
    {"[[rule]]\nfwmark = '0xfg'\ntable = 3", "f:2:10: fwmark = \"0xfg\"; expected a number, or \"VALUE/MASK\""},
    {"[[rule]]\nfamily = 'inet'\ntable = 3",
     "f:2:10: there is no family \"inet\"; expected \"ipv4\" or \"ipv6\"; without the key, both"},
    {"[[rule]]\ntos = 3\ntable = 3", "f:3:9: a rule for TOS 0x03; expected a TOS without its two lowest bits"},
    {"[[rule]]\ntype = 'local'\ntable = 3",
     "f:3:9: a rule of this type; expected unicast, blackhole, unreachable or prohibit"},
    {"[[timeout]]\nname = 'a'\nprotocol = 'dccp'",
     "f:3:12: \"dccp\" is no protocol that has timeout policies; expected tcp, udp, udplite, sctp, icmp, icmpv6, gre, "
     "generic"},
    {"[[timeout]]\nname = 'a'\nprotocol = 'udp'\nestablished = 3",
     "f:2:8: udp has no state \"established\" that lasts for a time; expected unreplied, replied"},
    {"[[timeout]]\nname = 'a'\nprotocol = 'gre'",
     "f:2:8: a timeout policy without a timeout; expected unreplied, replied"},
    {"[[timeout]]\nname = 'a'\nprotocol = 'icmp'\ntimeout = 8589935",
     "f:2:8: 8589935 seconds are too many for timeout; expected at most 8589934"},
    {"[[timeout]]\nname = 'a'\nprotocol = 'icmp'\ntimeout = 1\n[[timeout]]\nname = 'a'\nprotocol = 'icmp'\ntimeout = 1",
     "f:6:8: there is a timeout policy \"a\" already; expected each name once"},
    {"[sysctl]\n'net.ipv4.ip_forward' = true", "f:2:25: net.ipv4.ip_forward is true or false; expected a whole number"},
    {"[sysctl]\n'net.ipv6.icmp.ratemask' = '0-x'",
     "f:2:28: \"x\" in a set of types; expected numbers and ranges, such as 0-1,3-127"},
    {"a = \"\"\"x\ny\"\"\"", "f:1:5: a string of several lines; expected a string of one"},
};

TEST(ReadHostModel, SaysWhatIsWrongAndWhatWouldBeRight) {
  for (const WrongCase& c : kWrongCases) {
    std::vector<std::string> warnings;
    const auto model = read_host_model(c.text, "f", warnings);
    ASSERT_FALSE(model.has_value()) << c.text;
    std::string text;
    for (const Error& error : model.error()) text += (text.empty() ? "" : "\n") + error.text();
    EXPECT_EQ(text, c.error) << c.text;
  }
}

TEST(ReadHostModel, ReportsMistakesOfAllSectionsInOneRun) {
  std::vector<std::string> warnings;
  const auto model = read_host_model(
      "[[rule]]\ntable = -1\n[[route]]\nto = 'x'\n[[interface]]\nname = 'a'\nmtu = 1\n[sysctl]\na = 1.5\n", "",
      warnings);
  ASSERT_FALSE(model.has_value());
  ASSERT_EQ(model.error().size(), 4u);
  EXPECT_EQ(model.error()[0].line, 2u);
  EXPECT_EQ(model.error()[1].line, 4u);
  EXPECT_EQ(model.error()[2].line, 7u);
  EXPECT_EQ(model.error()[3].line, 9u);
}

TEST(ReadHostModel, WarnsOfWhatHasNoMeaning) {
  std::vector<std::string> warnings;
  const auto model = read_host_model(
      "[[rule]]\niif = 'gone'\ntable = 3\n[sysctl]\n'net.ipv4.ip_forwad' = 1\n'net.ipv4.conf.gone.rp_filter' = 1\n"
      "'kernel.panic' = 1\n",
      "f", warnings);
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(warnings,
            (std::vector<std::string>{
                "f:2:7: the model has no interface \"gone\": this rule never holds",
                "f:5:1: \"net.ipv4.ip_forwad\" is no sysctl that has a meaning here; \"net.ipv4.ip_forward\" is one",
                "f:6:1: \"net.ipv4.conf.gone.rp_filter\" is no sysctl that has a meaning here",
                "f:7:1: \"kernel.panic\" is no sysctl that has a meaning here",
            }));
  EXPECT_EQ(model->sysctl("kernel.panic"), 1);
}

// Depth is what a hostile file attacks a recursive parser with.
TEST(ReadHostModel, RefusesDepth) {
  std::string dotted = "a";
  for (int i = 0; i < 200000; ++i) dotted += ".a";
  std::string hidden = "x = ['a', \"b\\\"\", {" + dotted + " = 1}]";
  const std::string nested(200000, '[');
  for (const std::string& text : {dotted + " = 1", "[" + dotted + "]", hidden, "a = " + nested}) {
    std::vector<std::string> warnings;
    EXPECT_FALSE(read_host_model(text, "", warnings).has_value());
  }
}

}  // namespace
}  // namespace sallyport
