// -j MARK: writes the packet's mark. Counterpart of net/netfilter/xt_mark.c.
//
// All five spellings mean: clear the bits of MASK, then XOR VALUE. iptables-save prints --set-xmark.

#include <fmt/format.h>

#include "target/targets.h"

namespace sallyport {
namespace {

class MarkTarget final : public Target {
 public:
  MarkTarget(uint32_t value, uint32_t mask) : value_(value), mask_(mask) {}
  Action apply(Packet& packet, HookContext&) override {
    packet.mark = (packet.mark & ~mask_) ^ value_;
    return Action::go_on();
  }

 private:
  uint32_t value_;
  uint32_t mask_;
};

struct Change {
  uint32_t value;
  uint32_t mask;
};

Change change_of(const Options& options) {
  const auto given = [&](std::string_view name) {
    const OptionValue& value = options[name];
    return Change{static_cast<uint32_t>(value.number), static_cast<uint32_t>(value.mask)};
  };
  if (options.has("set-mark")) {
    const Change change = given("set-mark");
    return {change.value, change.value | change.mask};
  }
  if (options.has("and-mark")) return {0, ~given("and-mark").value};
  if (options.has("or-mark")) return {given("or-mark").value, given("or-mark").value};
  if (options.has("xor-mark")) return {given("xor-mark").value, 0};
  return given("set-xmark");
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const Change change = change_of(options);
  out += fmt::format(" --set-xmark {:#x}/{:#x}", change.value, change.mask);
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  const Change change = change_of(options);
  return std::make_unique<MarkTarget>(change.value, change.mask);
}

}  // namespace

TargetType mark_target() {
  return {
      .name = "MARK",
      .options = {{.name = "set-xmark", .kind = OptionKind::MaskedHex32},
                  {.name = "set-mark", .kind = OptionKind::MaskedHex32},
                  {.name = "and-mark", .kind = OptionKind::Hex32},
                  {.name = "or-mark", .kind = OptionKind::Hex32},
                  {.name = "xor-mark", .kind = OptionKind::Hex32}},
      .exactly_one = true,
      .save = save,
      .create = create,
      .summary = "sets the packet's mark",
  };
}

}  // namespace sallyport
