// Random rules of connbytes, connlabel, cluster, connlimit.

#include "kernel/connection_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::kernel {
namespace {

std::string random_connbytes(Draw& draw) {
  const auto mode = draw.pick<std::string_view>({"packets", "bytes", "avgpkt"});
  const auto amount = [&]() -> uint32_t {
    if (mode == "packets") return draw.below(8);
    return mode == "bytes" ? draw.below(600) : draw.between(20, 120);
  };
  const uint32_t one = amount(), other = amount();
  std::string range;
  if (draw.chance(30)) {
    range = fmt::format("{}{}", one, draw.chance(50) ? ":" : "");
  } else if (draw.chance(20)) {
    range = fmt::format(":{}", one);
  } else {
    range = fmt::format("{}:{}", std::min(one, other), std::max(one, other));
  }
  return fmt::format("-m connbytes {}--connbytes {} --connbytes-mode {} --connbytes-dir {}", draw.maybe_not(), range,
                     mode, draw.pick<std::string_view>({"original", "reply", "both"}));
}

std::string random_connlabel(Draw& draw) {
  return fmt::format("-m connlabel {}--label {}{}", draw.maybe_not(), draw.pick<uint32_t>({0, 1, 63, 64, 127}),
                     draw.chance(40) ? " --set" : "");
}

std::string random_cluster(Draw& draw) {
  const uint32_t nodes = draw.chance(50) ? draw.between(1, 4) : draw.between(1, 32);
  std::string own;
  if (draw.chance(60)) {
    own = fmt::format("node {}", draw.between(1, nodes));
  } else {
    own = fmt::format("nodemask {}", draw.between(1, nodes >= 6 ? 32 : (1u << nodes) - 1));
  }
  return fmt::format("-m cluster --cluster-total-nodes {} {}--cluster-local-{} --cluster-hash-seed {}", nodes,
                     draw.maybe_not(), own, draw.word());
}

std::string random_connlimit(Draw& draw) {
  const uint32_t longest = draw.v6() ? 128 : 32;
  std::string rule = fmt::format("-m connlimit {}--connlimit-{} {}", draw.maybe_not(),
                                 draw.chance(50) ? "upto" : "above", draw.below(4));
  if (draw.chance(60))
    rule += fmt::format(" --connlimit-mask {}", draw.chance(30) ? 0 : draw.between(longest / 2, longest));
  if (draw.chance(60)) rule += draw.chance(50) ? " --connlimit-saddr" : " --connlimit-daddr";
  return rule;
}

// What may stand before it. A connection limit is mostly asked of what begins one.
std::string random_condition(Draw& draw) {
  return std::string(draw.pick<std::string_view>({"", "", "-p tcp ", "-p tcp -m tcp --syn ", "-p udp ",
                                                  "-m conntrack --ctstate NEW ", "-m conntrack ! --ctstate INVALID "}));
}

std::string random_match(Draw& draw) {
  switch (draw.below(4)) {
    case 0:
      return random_connbytes(draw);
    case 1:
      return random_connlabel(draw);
    case 2:
      return random_cluster(draw);
    default:
      return random_connlimit(draw);
  }
}

}  // namespace

std::string random_connection_rules(Draw& draw) {
  std::string rules = "*mangle\n";
  uint32_t bit = 1;
  const auto add = [&](std::string_view chain) {
    rules += fmt::format("-A {} {}{}", chain, random_condition(draw), random_match(draw));
    if (draw.chance(20)) rules += " " + random_match(draw);
    rules += fmt::format(" -j MARK --set-xmark {:#x}/{:#x}\n", bit, bit);
    bit <<= 1;
  };
  for (uint32_t i = draw.between(2, 8); i != 0; --i) add(draw.chance(50) ? "PREROUTING" : "FORWARD");
  for (uint32_t i = draw.between(0, 3); i != 0; --i) add(draw.chance(50) ? "POSTROUTING" : "INPUT");
  return rules + "COMMIT\n*filter\nCOMMIT\n";
}

}  // namespace sallyport::kernel
