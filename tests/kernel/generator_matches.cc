// The matches, one maker each. Values come from the pools that packets are made of.

#include <fmt/format.h>

#include <algorithm>

#include "kernel/generator_options.h"
#include "sallyport/packet.h"

namespace sallyport::kernel {
namespace {

template <class T, size_t N>
std::string range_of(Draw& draw, const T (&values)[N], char between = ':') {
  const uint64_t a = draw.pick(values), b = draw.pick(values);
  if (draw.chance(50)) return std::to_string(a);
  return fmt::format("{}{}{}", std::min(a, b), between, std::max(a, b));
}

// Both ends equal are refused for ports.
std::string port_range(Draw& draw) {
  const uint16_t a = draw.pick(pool::kPorts), b = draw.pick(pool::kPorts);
  if (a == b || draw.chance(50)) return std::to_string(a);
  return fmt::format("{}:{}", std::min(a, b), std::max(a, b));
}

std::string option(Draw& draw, std::string_view name, std::string_view value) {
  return fmt::format(" {}--{} {}", draw.maybe_not(), name, value);
}

std::string ports(Draw& draw) {
  std::string out;
  const uint32_t which = draw.between(1, 3);
  if (which & 1) out += option(draw, "sport", port_range(draw));
  if (which & 2) out += option(draw, "dport", port_range(draw));
  return out;
}

std::string tcp(Draw& draw, const Place&) {
  constexpr std::string_view kMasks[] = {"SYN,RST,ACK,FIN", "SYN", "ALL", "ACK,URG", "FIN,SYN,RST,PSH,ACK,URG", "RST"};
  constexpr std::string_view kSets[] = {"SYN", "NONE", "ACK", "SYN,ACK", "ALL", "RST", "ACK,PSH", "FIN,ACK"};
  std::string out = draw.chance(50) ? ports(draw) : "";
  switch (draw.below(4)) {
    case 0:
      out += fmt::format(" {}--syn", draw.maybe_not());
      break;
    case 1:
      out += option(draw, "tcp-flags", fmt::format("{} {}", draw.pick(kMasks), draw.pick(kSets)));
      break;
    case 2:
      out += option(draw, "tcp-option", std::to_string(draw.pick(pool::kTcpOptions)));
      break;
    default:
      break;
  }
  return out.empty() ? ports(draw) : out;
}

std::string udp(Draw& draw, const Place&) { return ports(draw); }

std::string icmp(Draw& draw, const Place&) {
  if (draw.chance(15)) {
    return option(draw, "icmp-type",
                  draw.pick<std::string_view>({"any", "echo-request", "host-unreachable", "redirect"}));
  }
  std::string type = std::to_string(draw.chance(50) ? draw.pick({0, 3, 5, 8, 11}) : static_cast<int>(draw.below(19)));
  if (draw.chance(30)) type += fmt::format("/{}", draw.below(4));
  return option(draw, "icmp-type", type);
}

std::string icmp6(Draw& draw, const Place&) {
  if (draw.chance(15)) {
    return option(draw, "icmpv6-type",
                  draw.pick<std::string_view>({"echo-request", "time-exceeded", "neighbour-solicitation", "no-route"}));
  }
  std::string type = std::to_string(draw.pick({1, 2, 3, 4, 128, 129, 130, 133, 134, 135, 136, 137, 143}));
  if (draw.chance(30)) type += fmt::format("/{}", draw.below(3));
  return option(draw, "icmpv6-type", type);
}

std::string sctp(Draw& draw, const Place&) {
  constexpr std::string_view kChunks[] = {"DATA",
                                          "INIT",
                                          "DATA,INIT",
                                          "DATA:UBe",
                                          "HEARTBEAT,COOKIE_ECHO",
                                          "ABORT",
                                          "SACK,INIT_ACK",
                                          "DATA,INIT,HEARTBEAT,ABORT"};
  if (draw.chance(40)) return ports(draw);
  return option(draw, "chunk-types",
                fmt::format("{} {}", draw.pick<std::string_view>({"all", "any", "only"}), draw.pick(kChunks)));
}

std::string dccp(Draw& draw, const Place&) {
  constexpr std::string_view kTypes[] = {
      "REQUEST", "RESPONSE,DATA", "ACK,DATAACK,SYNC", "CLOSEREQ,CLOSE,RESET", "INVALID", "REQUEST,RESPONSE,DATA,ACK"};
  const uint32_t kind = draw.pick({0u, 0u, 1u, 1u, 2u, 2u, 2u, 2u});
  if (kind == 0) return ports(draw);
  if (kind == 1) return option(draw, "dccp-types", draw.pick(kTypes));
  return option(draw, "dccp-option", std::to_string(draw.pick(pool::kDccpOptions)));
}

std::string multiport(Draw& draw, const Place&) {
  std::string list;
  for (uint32_t i = draw.between(1, 4); i > 0; --i) {
    if (!list.empty()) list += ',';
    list += port_range(draw);
  }
  return option(draw, draw.pick<std::string_view>({"sports", "dports", "ports"}), list);
}

std::string iprange(Draw& draw, const Place&) {
  std::string out;
  const uint32_t which = draw.between(1, 3);
  for (const uint32_t side : {1u, 2u}) {
    if (!(which & side)) continue;
    IpAddress a = draw.pick(pool::all(draw.family())), b = draw.pick(pool::all(draw.family()));
    if (b.bytes < a.bytes) std::swap(a, b);
    out += option(draw, side == 1 ? "src-range" : "dst-range", fmt::format("{}-{}", a.text(), b.text()));
  }
  return out;
}

std::string length(Draw& draw, const Place&) { return option(draw, "length", range_of(draw, pool::kLengths)); }

std::string ttl(Draw& draw, const Place&) {
  const std::string value = std::to_string(draw.pick(pool::kTtls));
  const std::string_view name = draw.v6() ? "hl" : "ttl";
  if (draw.chance(40)) return option(draw, fmt::format("{}-eq", name), value);
  return fmt::format(" --{}-{} {}", name, draw.pick<std::string_view>({"lt", "gt"}), value);
}

std::string tos(Draw& draw, const Place&) {
  const uint8_t mask = draw.pick<uint8_t>({0xff, 0x3f, 0x1e, 0xfc, 0x03, 0xe0, 0x00});
  return option(draw, "tos",
                fmt::format("{:#04x}/{:#04x}", draw.pick(pool::kTos) & (draw.chance(90) ? mask : 0xff), mask));
}

std::string dscp(Draw& draw, const Place&) {
  if (draw.chance(70)) return option(draw, "dscp", fmt::format("{:#04x}", draw.pick(pool::kTos) >> 2));
  return option(draw, "dscp-class", draw.pick<std::string_view>({"BE", "EF", "CS1", "CS7", "AF11", "AF22"}));
}

std::string ecn(Draw& draw, const Place& place) {
  std::string out;
  if (place.protocol != kTcp || draw.chance(50)) out = option(draw, "ecn-ip-ect", std::to_string(draw.below(4)));
  if (place.protocol != kTcp) return out;
  if (draw.chance(60)) out += fmt::format(" {}--ecn-tcp-cwr", draw.maybe_not());
  if (out.empty() || draw.chance(40)) out += fmt::format(" {}--ecn-tcp-ece", draw.maybe_not());
  return out;
}

std::string mark(Draw& draw, const Place&) {
  const uint32_t mask = draw.pick<uint32_t>({0xffffffff, 0xff, 0xf0, 1, 0x80000000});
  return option(draw, "mark", fmt::format("{:#x}/{:#x}", draw.pick(pool::kMarks) & mask, mask));
}

std::string mac(Draw& draw, const Place&) {
  return option(draw, "mac-source", fmt::format("{:02X}", fmt::join(draw.pick(pool::macs()), ":")));
}

std::string pkttype(Draw& draw, const Place&) {
  return option(draw, "pkt-type", draw.pick<std::string_view>({"unicast", "broadcast", "multicast"}));
}

std::string comment(Draw& draw, const Place&) {
  return fmt::format(" --comment {}",
                     draw.pick<std::string_view>({"word", "\"two words\"", "\"a \\\"quoted\\\" one\""}));
}

std::string addrtype(Draw& draw, const Place& place) {
  constexpr std::string_view kTypes4[] = {"UNICAST",     "LOCAL",  "BROADCAST",     "MULTICAST",           "ANYCAST",
                                          "UNREACHABLE", "UNSPEC", "LOCAL,UNICAST", "BROADCAST,MULTICAST", "BLACKHOLE"};
  constexpr std::string_view kTypes6[] = {"UNICAST",     "LOCAL",  "MULTICAST",     "ANYCAST",
                                          "UNREACHABLE", "UNSPEC", "LOCAL,UNICAST", "ANYCAST,MULTICAST"};
  const auto types = [&] { return draw.v6() ? draw.pick(kTypes6) : draw.pick(kTypes4); };
  std::string out;
  const uint32_t which = draw.between(1, 3);
  if (which & 1) out += option(draw, "src-type", types());
  if (which & 2) out += option(draw, "dst-type", types());
  constexpr uint8_t kIncoming = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward);
  constexpr uint8_t kOutgoing = hook_bit(Hook::Postrouting) | hook_bit(Hook::Output) | hook_bit(Hook::Forward);
  if (draw.chance(25) && (place.hooks & ~kIncoming) == 0) {
    out += " --limit-iface-in";
  } else if (draw.chance(25) && (place.hooks & ~kOutgoing) == 0) {
    out += " --limit-iface-out";
  }
  return out;
}

std::string esp(Draw& draw, const Place&) { return option(draw, "espspi", range_of(draw, pool::kSpis)); }

std::string ah(Draw& draw, const Place&) {
  if (!draw.v6()) return option(draw, "ahspi", range_of(draw, pool::kSpis));
  std::string out;
  if (draw.chance(60)) out += option(draw, "ahspi", range_of(draw, pool::kSpis));
  if (draw.chance(30)) out += option(draw, "ahlen", std::to_string(draw.pick({16, 24, 0})));
  if (out.empty() || draw.chance(20)) out += " --ahres";
  return out;
}

std::string u32(Draw& draw, const Place&) {
  constexpr std::string_view kTests4[] = {"0&0xFFFF=0x28:0x3c",
                                          "6&0xFF=6",
                                          "6&0xFF=1,17",
                                          "0>>22&0x3C@0>>16=0x50,0x1bb",
                                          "4&0x1FFF=0",
                                          "16=0xa010101:0xa01ffff",
                                          "5&0xff=0x40",
                                          "0>>22&0x3C@12>>26&0x3C@0=0:0x7fffffff",
                                          "200=0",
                                          "0>>24=0x45&&8>>24=0x40:0x80",
                                          "6&0xFF=17&&0>>22&0x3C@4>>16=8:100",
                                          "0<<8>>24=0:0x10",
                                          "1480&0xff=0:0x80"};
  constexpr std::string_view kTests6[] = {"4>>16=0x14:0x100",
                                          "6>>24=6",
                                          "6>>24=0x3a,0x11",
                                          "40>>16=0x50,0x1bb",
                                          "7>>24=0x40",
                                          "0>>20&0xff=0:0x10",
                                          "4&0xff00=0x600&&7>>24=0x40:0x80",
                                          "200=0",
                                          "52>>26&0x3C@40=0:0x7fffffff"};
  const std::string_view test = draw.v6() ? draw.pick(kTests6) : draw.pick(kTests4);
  return option(draw, "u32", fmt::format("\"{}\"", test));
}

std::string tcpmss(Draw& draw, const Place&) { return option(draw, "mss", range_of(draw, pool::kSegmentSizes)); }

// By chance would not do: both sides must count alike.
std::string statistic(Draw& draw, const Place&) {
  const uint32_t every = draw.between(1, 6);
  return fmt::format(" --mode nth{} --packet {}", option(draw, "every", std::to_string(every)), draw.below(every));
}

// What lists and tables keep must not depend on how fast either side is: the clock suite does the rest.
std::string recent(Draw& draw, const Place&) {
  const uint32_t action = draw.below(13);
  // What looks is often inverted, else that would seldom be false.
  std::string out = fmt::format(" {}--{}", draw.chance(action < 4 ? 15 : 45) ? "! " : "",
                                action < 4    ? "set"
                                : action < 7  ? "rcheck"
                                : action < 10 ? "update"
                                              : "remove");
  if (action >= 4 && action < 10) {
    if (draw.chance(50)) out += fmt::format(" --hitcount {}", draw.pick({1, 2, 3, 5, 9, 33, 65}));
    if (draw.chance(35)) out += " --rttl";
    if (draw.chance(30)) out += fmt::format(" --seconds 3600{}", draw.chance(50) ? " --reap" : "");
  }
  out += fmt::format(" --name {}", draw.pick<std::string_view>({"a", "a", "b"}));
  if (draw.chance(25)) {
    out +=
        fmt::format(" --mask {}", draw.v6() ? draw.pick<std::string_view>({"ffff:ffff:ffff::", "::ff", "::"})
                                            : draw.pick<std::string_view>({"255.255.255.0", "0.0.0.255", "0.0.0.0"}));
  }
  out += draw.pick<std::string_view>({"", " --rsource", " --rdest"});
  return out;
}

std::string hashlimit(Draw& draw, const Place&) {
  constexpr std::string_view kModes[] = {"srcip", "dstip", "srcip,dstport", "srcport", "dstip,dstport", "srcip,dstip"};
  const bool rate_match = draw.chance(40);
  const bool of_bytes = rate_match && draw.chance(40);
  std::string out(draw.pick<std::string_view>(
      {" --hashlimit-upto", " --hashlimit-above", " ! --hashlimit-upto", " ! --hashlimit-above"}));
  out += of_bytes ? fmt::format(" {}b/s", draw.pick({16, 100, 900, 4096}))
                  : fmt::format(" {}/{}", draw.pick({1, 2, 6}), rate_match ? "sec" : "hour");
  if (!of_bytes && draw.chance(70)) out += fmt::format(" --hashlimit-burst {}", draw.pick({1, 2, 7, 20}));
  if (draw.chance(85)) out += fmt::format(" --hashlimit-mode {}", draw.pick(kModes));
  // Kinds that the kernel mixes up in one table have names of their own.
  out += fmt::format(" --hashlimit-name {}{}", rate_match ? "r" : "p", draw.below(3));
  const int longest = draw.v6() ? 128 : 32;
  for (const std::string_view side : {"src", "dst"}) {
    if (draw.chance(25)) out += fmt::format(" --hashlimit-{}mask {}", side, draw.pick({0, 9, 24, 31, longest}));
  }
  if (draw.chance(20)) {
    const uint32_t size = draw.between(1, 3);
    out += fmt::format(" --hashlimit-htable-size {}", size);
    if (draw.chance(50)) out += fmt::format(" --hashlimit-htable-max {}", draw.between(1, 9));
  }
  if (draw.chance(15)) out += " --hashlimit-htable-gcinterval 60000";
  if (rate_match) out += " --hashlimit-htable-expire 86400000 --hashlimit-rate-match --hashlimit-rate-interval 3600";
  return out;
}

// No packet here is bridged.
std::string physdev(Draw& draw, const Place& place) {
  const bool leaves = (place.hooks & hook_bit(Hook::Output)) == 0;
  std::string out;
  if (draw.chance(40)) out += fmt::format(" {}--physdev-is-in", draw.maybe_not());
  if (draw.chance(40)) out += option(draw, "physdev-in", draw.pick<std::string_view>({"ta", "t+", "eth0"}));
  if (leaves && draw.chance(40)) out += fmt::format(" {}--physdev-is-out", draw.maybe_not());
  if (leaves && draw.chance(40)) out += option(draw, "physdev-out", draw.pick<std::string_view>({"tb", "t+"}));
  if (out.empty() || draw.chance(40)) out += fmt::format(" {}--physdev-is-bridged", draw.maybe_not());
  return out;
}

// There is no IPsec in the world.
std::string policy(Draw& draw, const Place& place) {
  constexpr uint8_t kComing = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input);
  constexpr uint8_t kGoing = hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);
  const bool in = (place.hooks & kGoing) == 0 && ((place.hooks & kComing) != 0 || draw.chance(50));
  std::string out = fmt::format(" --dir {}", in ? "in" : "out");
  if (draw.chance(50)) return out + " --pol none";
  out += " --pol ipsec";
  if (draw.chance(30)) out += " --strict";
  out += option(draw, "proto", draw.pick<std::string_view>({"esp", "ah"}));
  if (draw.chance(40)) out += option(draw, "reqid", "7");
  if (draw.chance(40)) out += option(draw, "spi", "0x100");
  return out;
}

struct Maker {
  std::string_view name;
  std::string (*make)(Draw&, const Place&);
  std::vector<uint8_t> protocols = {};  // of -p; empty: any or none
  uint8_t hooks = kAllHooks;
  Families families = Families::Both;
};

constexpr uint8_t kArriving = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward);

const std::vector<Maker>& makers() {
  static const std::vector<Maker> kMakers = {
      {"tcp", tcp, {kTcp}},
      {"udp", udp, {kUdp}},
      {"icmp", icmp, {kIcmp}, kAllHooks, Families::Ipv4Only},
      {"icmp6", icmp6, {kIcmp6}, kAllHooks, Families::Ipv6Only},
      {"sctp", sctp, {kSctp}},
      {"dccp", dccp, {kDccp}},
      {"multiport", multiport, {kTcp, kUdp, kUdplite, kSctp, kDccp}},
      {"iprange", iprange},
      {"length", length},
      {"ttl", ttl, {}, kAllHooks, Families::Ipv4Only},
      {"hl", ttl, {}, kAllHooks, Families::Ipv6Only},
      {"tos", tos},
      {"dscp", dscp},
      {"ecn", ecn},
      {"mark", mark},
      {"mac", mac, {}, kArriving},
      {"pkttype", pkttype},
      {"comment", comment},
      {"addrtype", addrtype},
      {"esp", esp, {kEsp}},
      {"ah", ah, {kAh}, kAllHooks, Families::Ipv4Only},
      {"ah", ah, {}, kAllHooks, Families::Ipv6Only},
      {"u32", u32},
      {"tcpmss", tcpmss, {kTcp}},
      {"statistic", statistic},
      {"recent", recent},
      {"hashlimit", hashlimit},
      {"physdev", physdev},
      {"policy", policy, {}, hook_bit(Hook::Prerouting) | hook_bit(Hook::Input)},
      {"policy", policy, {}, hook_bit(Hook::Output) | hook_bit(Hook::Postrouting)},
      {"policy", policy, {}, hook_bit(Hook::Forward)},
  };
  return kMakers;
}

bool fits(const Maker& maker, const Draw& draw, const Place& place) {
  if (!exists_in(maker.families, draw.family()) || (place.hooks & ~maker.hooks) != 0) return false;
  return maker.protocols.empty() || std::ranges::find(maker.protocols, place.protocol) != maker.protocols.end();
}

}  // namespace

std::string random_selectors(Draw& draw, const Place& place) {
  const auto address = [&] {
    const IpAddress& host = draw.pick(pool::all(draw.family()));
    if (draw.v6()) return fmt::format("{}/{}", host.text(), draw.pick({128, 64, 48, 36, 8, 0}));
    return fmt::format("{}/{}", host.text(),
                       draw.pick<std::string_view>({"32", "24", "16", "8", "255.255.0.255", "0"}));
  };
  const auto device = [&] { return draw.pick<std::string_view>({"ta", "tb", "tc", "t+", "lo", "absent"}); };
  std::string out;
  if (draw.chance(12)) out += fmt::format(" {}-s {}", draw.maybe_not(), address());
  if (draw.chance(12)) out += fmt::format(" {}-d {}", draw.maybe_not(), address());
  constexpr uint8_t kIn = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward);
  constexpr uint8_t kOut = hook_bit(Hook::Postrouting) | hook_bit(Hook::Output) | hook_bit(Hook::Forward);
  if (draw.chance(10) && (!place.built_in || (place.hooks & kIn) != 0)) {
    out += fmt::format(" {}-i {}", draw.maybe_not(), device());
  }
  if (draw.chance(10) && (!place.built_in || (place.hooks & kOut) != 0)) {
    out += fmt::format(" {}-o {}", draw.maybe_not(), device());
  }
  if (!draw.v6() && draw.chance(4)) out += fmt::format(" {}-f", draw.maybe_not());
  return out;
}

std::string random_matches(Draw& draw, const Place& place, uint32_t count) {
  std::vector<const Maker*> fitting;
  for (const Maker& maker : makers()) {
    if (!fits(maker, draw, place)) continue;
    // What asks for a protocol gets its share, although there are few rules with it.
    const bool ecn_of_tcp = maker.make == ecn && place.protocol == kTcp;
    const bool own = maker.protocols.size() == 1;
    const int weight = own ? 16 : ecn_of_tcp ? 4 : !maker.protocols.empty() ? 4 : 1;
    for (int i = 0; i < weight; ++i) fitting.push_back(&maker);
  }
  std::string out;
  for (; count > 0 && !fitting.empty(); --count) {
    const Maker* const chosen = draw.pick(std::span<const Maker* const>(fitting));
    out += fmt::format(" -m {}{}", chosen->name, chosen->make(draw, place));
    std::erase(fitting, chosen);
  }
  return out;
}

}  // namespace sallyport::kernel
