// -j NFQUEUE: gives the packet to user space, which decides. Counterpart of net/netfilter/xt_NFQUEUE.c.

#include <fmt/format.h>

#include "target/targets.h"

namespace sallyport {
namespace {

Result<void> check(Options& options, const RuleContext&) {
  const OptionValue& balance = options["queue-balance"];
  if (!balance.present) {
    if (options.has("queue-cpu-fanout")) return fail("--queue-cpu-fanout has no queues", "--queue-balance with it");
    return {};
  }
  if (balance.number >= balance.upper) {
    return fail(fmt::format("{} should be less than {}", balance.number, balance.upper), "the smaller queue first");
  }
  // 65,536 queues are more than the kernel can count.
  if (balance.number == 0 && balance.upper == UINT16_MAX) return fail("too many queues", "at most 65535");
  return {};
}

Result<void> parse_queues(std::string_view text, const RuleContext& rule, OptionValue& value) {
  if (text.find(':') == std::string_view::npos) return fail(fmt::format("Bad range \"{}\"", text), "FIRST:LAST");
  return parse_option({.name = "queue-balance", .kind = OptionKind::U16Range}, text, rule, value);
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const OptionValue& balance = options["queue-balance"];
  if (balance.present) {
    out += fmt::format(" --queue-balance {}:{}", balance.number, balance.upper);
  } else {
    out += fmt::format(" --queue-num {}", options.number("queue-num"));
  }
  if (options.has("queue-bypass")) out += " --queue-bypass";
  if (options.has("queue-cpu-fanout")) out += " --queue-cpu-fanout";
}

}  // namespace

TargetType nfqueue_target() {
  return {
      .name = "NFQUEUE",
      .options = {{.name = "queue-num", .kind = OptionKind::U16, .group = 1},
                  {.name = "queue-balance",
                   .kind = OptionKind::Custom,
                   .group = 1,
                   .hint = "FIRST:LAST",
                   .parse = parse_queues},
                  {.name = "queue-bypass"},
                  {.name = "queue-cpu-fanout"}},
      .check = check,
      .save = save,
      .summary = "gives the packet to user space, which decides",
  };
}

}  // namespace sallyport
