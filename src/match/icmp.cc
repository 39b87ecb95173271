// -m icmp: type and code of ICMP (RFC 792). Counterpart of net/netfilter/xt_tcpudp.c. Type 255 stands for any.

#include "match/icmp_type.h"
#include "match/matches.h"

namespace sallyport {
namespace {

constexpr uint8_t kAnyType = 255;

constexpr IcmpTypeName kNames[] = {
    {"any", kAnyType},
    {"echo-reply", 0},
    {"pong", 0},
    {"destination-unreachable", 3},
    {"network-unreachable", 3, 0, 0},
    {"host-unreachable", 3, 1, 1},
    {"protocol-unreachable", 3, 2, 2},
    {"port-unreachable", 3, 3, 3},
    {"fragmentation-needed", 3, 4, 4},
    {"source-route-failed", 3, 5, 5},
    {"network-unknown", 3, 6, 6},
    {"host-unknown", 3, 7, 7},
    {"network-prohibited", 3, 9, 9},
    {"host-prohibited", 3, 10, 10},
    {"TOS-network-unreachable", 3, 11, 11},
    {"TOS-host-unreachable", 3, 12, 12},
    {"communication-prohibited", 3, 13, 13},
    {"host-precedence-violation", 3, 14, 14},
    {"precedence-cutoff", 3, 15, 15},
    {"source-quench", 4},
    {"redirect", 5},
    {"network-redirect", 5, 0, 0},
    {"host-redirect", 5, 1, 1},
    {"TOS-network-redirect", 5, 2, 2},
    {"TOS-host-redirect", 5, 3, 3},
    {"echo-request", 8},
    {"ping", 8},
    {"router-advertisement", 9},
    {"router-solicitation", 10},
    {"time-exceeded", 11},
    {"ttl-exceeded", 11},
    {"ttl-zero-during-transit", 11, 0, 0},
    {"ttl-zero-during-reassembly", 11, 1, 1},
    {"parameter-problem", 12},
    {"ip-header-bad", 12, 0, 0},
    {"required-option-missing", 12, 1, 1},
    {"timestamp-request", 13},
    {"timestamp-reply", 14},
    {"address-mask-request", 17},
    {"address-mask-reply", 18},
};

Result<void> parse_type(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_icmp_type(kNames, text, value);
}

void print_type(const OptionValue& value, const RuleContext&, std::string& out) {
  if (value.number == kAnyType) {
    out += " any";
  } else {
    print_icmp_type(value, out);
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& type = options["icmp-type"];
  return make_icmp_match(type, type.number == kAnyType);
}

}  // namespace

MatchType icmp_match() {
  return {
      .name = "icmp",
      .families = Families::Ipv4Only,
      .options = {{.name = "icmp-type",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "a name such as echo-request, or TYPE or TYPE/CODE",
                   .parse = parse_type,
                   .print = print_type,
                   .summary = "the ICMP type, and the code"}},
      .implied = true,
      .protocols = {kIcmp},
      .create = create,
      .summary = "judges type and code of ICMP",
  };
}

}  // namespace sallyport
