// -j TTL and -j HL: set, raise or lower the IPv4 time to live and the IPv6 hop limit; neither passes 0 or 255.
// Counterpart of net/netfilter/xt_HL.c.

#include <algorithm>

#include "target/targets.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

enum class Step : uint8_t { Set, Raise, Lower };

class TtlTarget final : public Target {
 public:
  TtlTarget(Step step, uint8_t value) : step_(step), value_(value) {}
  Action apply(Packet& packet, HookContext&) override {
    const uint8_t old = packet.ttl();
    const uint8_t ttl = changed(old);
    if (ttl != old) set_ttl(packet, ttl);
    return Action::go_on();
  }

 private:
  uint8_t changed(uint8_t old) const {
    switch (step_) {
      case Step::Raise:
        return static_cast<uint8_t>(std::min(old + value_, 255));
      case Step::Lower:
        return static_cast<uint8_t>(std::max(old - value_, 0));
      case Step::Set:
        break;
    }
    return value_;
  }

  Step step_;
  uint8_t value_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  constexpr Step kSteps[] = {Step::Set, Step::Lower, Step::Raise};  // in the order of the options
  for (size_t i = 0; i < options.values().size(); ++i) {
    const OptionValue& value = options.values()[i];
    if (value.present) return std::make_unique<TtlTarget>(kSteps[i], static_cast<uint8_t>(value.number));
  }
  return fail("no change is given", "one of the options");
}

}  // namespace

TargetType ttl_target() {
  return {
      .name = "TTL",
      .families = Families::Ipv4Only,
      .options = {{.name = "ttl-set", .kind = OptionKind::U8, .summary = "to N"},
                  {.name = "ttl-dec", .kind = OptionKind::U8, .min = 1, .summary = "down by N"},
                  {.name = "ttl-inc", .kind = OptionKind::U8, .min = 1, .summary = "up by N"}},
      .exactly_one = true,
      .tables = {"mangle"},
      .create = create,
      .summary = "changes the time to live",
  };
}

TargetType hl_target() {
  return {
      .name = "HL",
      .families = Families::Ipv6Only,
      .options = {{.name = "hl-set", .kind = OptionKind::U8, .summary = "to N"},
                  {.name = "hl-dec", .kind = OptionKind::U8, .min = 1, .summary = "down by N"},
                  {.name = "hl-inc", .kind = OptionKind::U8, .min = 1, .summary = "up by N"}},
      .exactly_one = true,
      .tables = {"mangle"},
      .create = create,
      .summary = "changes the hop limit",
  };
}

}  // namespace sallyport
