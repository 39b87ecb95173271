// The targets, one maker each.

#include <fmt/format.h>

#include <algorithm>

#include "kernel/generator_options.h"
#include "kernel/nf_observer.h"
#include "sallyport/packet.h"

namespace sallyport::kernel {
namespace {

std::string log(Draw& draw, const Place&) {
  std::string out;
  if (draw.chance(40)) out += fmt::format(" --log-level {}", draw.below(8));
  if (draw.chance(50))
    out += fmt::format(" --log-prefix {}", draw.pick<std::string_view>({"\"seen: \"", "x", "\"%s %n\""}));
  for (const std::string_view flag : {"tcp-sequence", "tcp-options", "ip-options", "uid", "macdecode"}) {
    if (draw.chance(20)) out += fmt::format(" --log-{}", flag);
  }
  return out;
}

std::string nflog(Draw& draw, const Place&) {
  std::string out = fmt::format(" --nflog-group {}", draw.below(kLogGroups));
  if (draw.chance(60))
    out += fmt::format(" --nflog-prefix {}", draw.pick<std::string_view>({"\"a b\"", "p1", "longer-prefix"}));
  if (draw.chance(30)) {
    out += fmt::format(" --nflog-size {}", draw.pick({1, 20, 64, 100, 2000}));
  } else if (draw.chance(15)) {
    out += fmt::format(" --nflog-range {}", draw.pick({1, 20, 64}));
  }
  if (draw.chance(20)) out += fmt::format(" --nflog-threshold {}", draw.pick({1, 5}));
  return out;
}

std::string mark(Draw& draw, const Place&) {
  const uint32_t value = draw.pick(pool::kMarks);
  switch (draw.below(5)) {
    case 0:
      return fmt::format(" --set-xmark {:#x}/{:#x}", value, draw.pick<uint32_t>({0xffffffff, 0xff, 0xf0, 0}));
    case 1:
      return fmt::format(" --set-mark {:#x}/{:#x}", value, draw.pick<uint32_t>({0xffffffff, 0xff, 0xf0}));
    case 2:
      return fmt::format(" --and-mark {:#x}", value);
    case 3:
      return fmt::format(" --or-mark {:#x}", value);
    default:
      return fmt::format(" --xor-mark {:#x}", value);
  }
}

std::string tos(Draw& draw, const Place&) {
  const uint8_t value = draw.pick(pool::kTos);
  if (draw.chance(60))
    return fmt::format(" --set-tos {:#04x}/{:#04x}", value, draw.pick<uint8_t>({0xff, 0x3f, 0x03, 0xfc}));
  return fmt::format(" --{}-tos {:#04x}", draw.pick<std::string_view>({"and", "or", "xor"}), value);
}

std::string dscp(Draw& draw, const Place&) {
  if (draw.chance(70)) return fmt::format(" --set-dscp {:#04x}", draw.pick(pool::kTos) >> 2);
  return fmt::format(" --set-dscp-class {}", draw.pick<std::string_view>({"BE", "EF", "CS1", "AF22"}));
}

std::string ttl(Draw& draw, const Place&) {
  const std::string_view name = draw.v6() ? "hl" : "ttl";
  if (draw.chance(40)) return fmt::format(" --{}-set {}", name, draw.pick(pool::kTtls));
  return fmt::format(" --{}-{} {}", name, draw.pick<std::string_view>({"dec", "inc"}), draw.pick({1, 2, 60, 255}));
}

std::string ecn(Draw& draw, const Place&) {
  if (draw.chance(50)) return " --ecn-tcp-remove";
  std::string out;
  const uint32_t which = draw.between(1, 7);
  if (which & 1) out += fmt::format(" --ecn-tcp-ece {}", draw.below(2));
  if (which & 2) out += fmt::format(" --ecn-tcp-cwr {}", draw.below(2));
  if (which & 4) out += fmt::format(" --ecn-ip-ect {}", draw.below(4));
  return out;
}

std::string checksum(Draw&, const Place&) { return " --checksum-fill"; }

std::string trace(Draw&, const Place&) { return ""; }

constexpr uint8_t kLeaving = hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);

struct Maker {
  std::string_view name;
  std::string (*make)(Draw&, const Place&);
  std::string_view table = {};  // empty: any
  uint8_t protocol = 0;         // that -p must name; 0: any
  Families families = Families::Both;
};

constexpr Maker kMakers[] = {
    {"LOG", log},
    {"NFLOG", nflog},
    {"MARK", mark},
    {"TOS", tos, "mangle"},
    {"DSCP", dscp, "mangle"},
    {"TTL", ttl, "mangle", 0, Families::Ipv4Only},
    {"HL", ttl, "mangle", 0, Families::Ipv6Only},
    {"ECN", ecn, "mangle", kTcp, Families::Ipv4Only},
    {"CHECKSUM", checksum, "mangle"},
    {"TRACE", trace, "raw"},
};

// TCPMSS must stand in a rule that asks for SYN, so it brings that with it.
std::string tcpmss(Draw& draw, const Place& place) {
  const bool may_clamp = (place.hooks & ~kLeaving) == 0;
  const std::string syn(
      draw.pick<std::string_view>({" -m tcp --syn", " -m tcp --tcp-flags SYN,RST SYN", " -m tcp --tcp-flags SYN SYN"}));
  if (may_clamp && draw.chance(85)) return syn + " -j TCPMSS --clamp-mss-to-pmtu";
  return fmt::format("{} -j TCPMSS --set-mss {}", syn, draw.pick({0, 1, 536, 1000, 1360, 1400, 1460, 65495}));
}

}  // namespace

std::string random_modifier(Draw& draw, const Place& place) {
  if (place.protocol == kTcp && place.table == "mangle" && draw.chance(60)) {
    return draw.v6() || draw.chance(50) ? tcpmss(draw, place) : fmt::format(" -j ECN{}", ecn(draw, place));
  }
  std::vector<const Maker*> fitting;
  for (const Maker& maker : kMakers) {
    const bool fits = exists_in(maker.families, draw.family()) && (maker.table.empty() || maker.table == place.table) &&
                      (maker.protocol == 0 || maker.protocol == place.protocol);
    if (fits) fitting.push_back(&maker);
  }
  const Maker* const chosen = draw.pick(std::span<const Maker* const>(fitting));
  return fmt::format(" -j {}{}", chosen->name, chosen->make(draw, place));
}

std::string random_reject(Draw& draw, const Place& place) {
  constexpr std::string_view kKinds4[] = {"icmp-net-unreachable",  "icmp-host-unreachable", "icmp-proto-unreachable",
                                          "icmp-port-unreachable", "icmp-net-prohibited",   "icmp-host-prohibited",
                                          "icmp-admin-prohibited"};
  constexpr std::string_view kKinds6[] = {"icmp6-no-route",         "icmp6-adm-prohibited", "icmp6-addr-unreachable",
                                          "icmp6-port-unreachable", "icmp6-policy-fail",    "icmp6-reject-route"};
  if (place.protocol == kTcp && draw.chance(40)) return " -j REJECT --reject-with tcp-reset";
  return fmt::format(" -j REJECT --reject-with {}", draw.v6() ? draw.pick(kKinds6) : draw.pick(kKinds4));
}

}  // namespace sallyport::kernel
