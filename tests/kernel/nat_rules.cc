// The rulesets of nat_lockstep.

#include "kernel/nat_rules.h"

#include <utility>

namespace sallyport::kernel {
namespace {

constexpr NatRules kRules[] = {
    {"-A POSTROUTING -o tb -j MASQUERADE"},
    {"-A POSTROUTING -o tb -j SNAT --to-source N2:50-N2:60"},
    {"-A POSTROUTING -o tb -j SNAT --to-source N2:50-N2:60 --persistent"},
    {"-A PREROUTING -i ta -j DNAT --to-destination N2:20-N2:9f"},
    {"-A PREROUTING -i ta -j DNAT --to-destination N2:20-N2:9f --persistent"},
    {R"(-A PREROUTING -i ta -p tcp -j DNAT --to-destination [N2:7]:8080
-A PREROUTING -i ta -p udp -j DNAT --to-destination [N2:8]:5353
-A PREROUTING -i ta -p sctp -j DNAT --to-destination [N2:8]:53)"},
    {R"(-A PREROUTING -i ta -p tcp -j REDIRECT --to-ports 8080
-A PREROUTING -i ta -j REDIRECT)"},
    {"-A PREROUTING -i ta -j NETMAP --to N2:0/NET"},
    {"-A POSTROUTING -o tb -j NETMAP --to N2:a0/NET"},
    {"-A PREROUTING -i ta -p tcp -j DNAT --to-destination [N2:7]:2000-62000/1000"},
    {R"(-A PREROUTING -i ta -j DNAT --to-destination N1:77
-A POSTROUTING -o ta -j MASQUERADE)"},
    {R"(-A PREROUTING -i ta -j DNAT --to-destination N1:1
-A INPUT -j SNAT --to-source N1:99)"},
    {R"(-A PREROUTING -i ta -p udp -j ACCEPT
-A PREROUTING -j DNAT --to-destination N2:7
-A POSTROUTING -p tcp -j SNAT --to-source N2:60
-A POSTROUTING -o tb -j MASQUERADE)"},
    {"-A PREROUTING -i ta -m connmark --mark 0 -j ACCEPT"},
    // A packet whose route changed is dropped with its connection.
    {.rules = R"(-A POSTROUTING -o tb -j MASQUERADE
*mangle
-A PREROUTING -i ta -m length --length 120:400 -j MARK --set-mark 0x40)",
     .cuts_off = true},
    // One port for everybody: what is closing makes room.
    {"-A POSTROUTING -o tb -p tcp -j SNAT --to-source [N2:60]:7000", Ports::Own, 7000, 7000, true},
    // What is outside the prefix would get a wrong checksum, of the kernel too.
    {.rules = R"(*mangle
-A POSTROUTING -s 2001:db8:1::/48 -o tb -j SNPT --src-pfx 2001:db8:1::/48 --dst-pfx 2001:db8:2::/48
-A PREROUTING -d 2001:db8:2::/48 -i tb -j DNPT --src-pfx 2001:db8:2::/48 --dst-pfx 2001:db8:1::/48)",
     .ipv6_only = true},
    {.rules = R"(*mangle
-A POSTROUTING -s 2001:db8:1::/64 -o tb -j SNPT --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:20::/56
-A PREROUTING -d 2001:db8:20::/64 -i tb -j DNPT --src-pfx 2001:db8:20::/64 --dst-pfx 2001:db8:1::/60)",
     .ipv6_only = true},
    // Chance from here on.
    {"-A POSTROUTING -o tb -j MASQUERADE", Ports::Clashing},
    {"-A POSTROUTING -o tb -j SNAT --to-source N2:60", Ports::Clashing},
    {R"(-A POSTROUTING -o tb -p tcp -j SNAT --to-source [N2:60]:3000-3999
-A POSTROUTING -o tb -p udp -j SNAT --to-source [N2:60]:3000-3999
-A POSTROUTING -o tb -p icmp -j SNAT --to-source [N2:60]:3000-3999)",
     Ports::Clashing, 3000, 3999},
    // More connections than ports. Not TCP's, of which one that is closing would be chosen by chance to make room.
    {R"(-A POSTROUTING -o tb -p sctp -j SNAT --to-source [N2:60]:3000-3004
-A POSTROUTING -o tb -p udp -j MASQUERADE --to-ports 3000-3002)",
     Ports::Own, 3000, 3019},
    {"-A POSTROUTING -o tb -j MASQUERADE --random", Ports::Own},
    {"-A POSTROUTING -o tb -j SNAT --to-source N2:60 --random-fully", Ports::Clashing},
    {R"(-A PREROUTING -i ta -p tcp -j DNAT --to-destination [N2:7]:6000-6999 --random
-A PREROUTING -i ta -p udp -j DNAT --to-destination [N2:7]:6000-6999 --random)",
     Ports::Own, 6000, 6999},
};

// Ports that no other conversation goes to.
constexpr std::string_view kHelpers =
    "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp\n"
    "-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\n"
    "-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip\n"
    "-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip\n";
constexpr std::string_view kIpv4Helpers =
    "-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\n"
    "-A PREROUTING -p tcp -m tcp --dport 1723 -j CT --helper pptp\n";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::span<const NatRules> nat_rules() { return kRules; }

std::string nat_rules_text(const NatRules& rules, Family family) {
  std::string text = "*raw\n" + std::string(kHelpers);
  if (family == Family::Ipv4) text += kIpv4Helpers;
  text += "COMMIT\n*nat\n" + std::string(rules.rules) + "\nCOMMIT\n";
  replace_all(text, "\n*mangle", "\nCOMMIT\n*mangle");
  // The tables of the ruleset before must not stay.
  if (!text.contains("*mangle")) text += "*mangle\nCOMMIT\n";
  if (family == Family::Ipv6) {
    replace_all(text, "N1:", "2001:db8:1::");
    replace_all(text, "N2:", "2001:db8:2::");
    replace_all(text, "/NET", "/120");
    // Which ip6tables refuses.
    replace_all(text, "\n-A POSTROUTING -o tb -p icmp -j SNAT --to-source [2001:db8:2::60]:3000-3999", "");
    return text;
  }
  for (const auto& [from, to] : {std::pair{"N2:9f", "10.2.3.200"},
                                 {"N2:a0", "10.2.5.0"},
                                 {"N1:", "10.1.0."},
                                 {"N2:", "10.2.0."},
                                 {"[", ""},
                                 {"]", ""},
                                 {"/NET", "/24"}}) {
    replace_all(text, from, to);
  }
  return text;
}

}  // namespace sallyport::kernel
