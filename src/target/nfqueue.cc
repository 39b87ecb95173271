// -j NFQUEUE: gives the packet to user space, which decides. Counterpart of net/netfilter/xt_NFQUEUE.c.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sallyport/random.h"
#include "target/targets.h"
#include "wire/siphash.h"

namespace sallyport {
namespace {

// Several queues share the work by address: both directions of a conversation meet the same one. Which that is, is a
// secret in the kernel as here. By processor (--queue-cpu-fanout) it is always the first: one thread runs the engine.
class NfqueueTarget final : public Target {
 public:
  NfqueueTarget(uint16_t first, uint16_t count, bool bypass) : first_(first), count_(count), bypass_(bypass) {}

  Action apply(Packet& packet, HookContext& context) override {
    const uint16_t step = count_ == 1 ? uint16_t{0} : step_for(packet, context);
    return {.kind = Action::Kind::Queue, .bypass = bypass_, .queue = static_cast<uint16_t>(first_ + step)};
  }

 private:
  uint16_t step_for(const Packet& packet, HookContext& context) {
    if (key_ == SipHashKey{}) key_ = {context.random->next64(), context.random->next64()};
    const size_t length = packet.family == Family::Ipv4 ? 4 : 16;
    const uint8_t *low = packet.source_bytes(), *high = packet.destination_bytes();
    if (std::memcmp(low, high, length) > 0) std::swap(low, high);
    std::array<uint8_t, 32> pair = {};
    std::copy_n(low, length, pair.data());
    std::copy_n(high, length, pair.data() + 16);
    return static_cast<uint16_t>(siphash(pair, key_) % count_);
  }

  uint16_t first_;
  uint16_t count_;
  bool bypass_;
  SipHashKey key_ = {};
};

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

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  const OptionValue& balance = options["queue-balance"];
  const bool bypass = options.has("queue-bypass");
  if (!balance.present) {
    return std::make_unique<NfqueueTarget>(static_cast<uint16_t>(options.number("queue-num")), uint16_t{1}, bypass);
  }
  const auto first = static_cast<uint16_t>(balance.number);
  const auto count = static_cast<uint16_t>(balance.upper - balance.number + 1);
  return std::make_unique<NfqueueTarget>(first, options.has("queue-cpu-fanout") ? uint16_t{1} : count, bypass);
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
      .create = create,
      .summary = "gives the packet to user space, which decides",
  };
}

}  // namespace sallyport
