// -m icmp6: type and code of ICMPv6 (RFC 4443). Counterpart of net/netfilter/xt_tcpudp.c.

#include "match/icmp_type.h"
#include "match/matches.h"

namespace sallyport {
namespace {

constexpr IcmpTypeName kNames[] = {
    {"destination-unreachable", 1},
    {"no-route", 1, 0, 0},
    {"communication-prohibited", 1, 1, 1},
    {"beyond-scope", 1, 2, 2},
    {"address-unreachable", 1, 3, 3},
    {"port-unreachable", 1, 4, 4},
    {"failed-policy", 1, 5, 5},
    {"reject-route", 1, 6, 6},
    {"packet-too-big", 2},
    {"time-exceeded", 3},
    {"ttl-exceeded", 3},
    {"ttl-zero-during-transit", 3, 0, 0},
    {"ttl-zero-during-reassembly", 3, 1, 1},
    {"parameter-problem", 4},
    {"bad-header", 4, 0, 0},
    {"unknown-header-type", 4, 1, 1},
    {"unknown-option", 4, 2, 2},
    {"echo-request", 128},
    {"ping", 128},
    {"echo-reply", 129},
    {"pong", 129},
    {"router-solicitation", 133},
    {"router-advertisement", 134},
    {"neighbour-solicitation", 135},
    {"neighbor-solicitation", 135},
    {"neighbour-advertisement", 136},
    {"neighbor-advertisement", 136},
    {"redirect", 137},
};

Result<void> parse_type(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_icmp_type(kNames, text, value);
}

void print_type(const OptionValue& value, const RuleContext&, std::string& out) { print_icmp_type(value, out); }

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return make_icmp_match(options["icmpv6-type"], false);
}

}  // namespace

MatchType icmp6_match() {
  return {
      .name = "icmp6",
      .families = Families::Ipv6Only,
      .options = {{.name = "icmpv6-type",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "a name such as echo-request, or TYPE or TYPE/CODE",
                   .parse = parse_type,
                   .print = print_type,
                   .summary = "the ICMPv6 type, and the code"}},
      .implied = true,
      .protocols = {kIcmp6},
      .create = create,
      .summary = "judges type and code of ICMPv6",
  };
}

}  // namespace sallyport
