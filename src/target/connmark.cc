// -j CONNMARK: writes the connection's mark, or copies it from and to the packet's. Counterpart of
// net/netfilter/xt_connmark.c.
//
// Setting, in all its spellings: clear the bits of the mask, then XOR the value.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/connection.h"
#include "target/targets.h"

namespace sallyport {
namespace {

constexpr std::string_view kSetters[] = {"set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark"};

struct Change {
  uint32_t value;
  uint32_t mask;
};

// A mask that stands before the value is overridden by it.
Change change_of(const Options& options, std::string_view setter) {
  const OptionValue& given = options[setter];
  const auto value = static_cast<uint32_t>(given.number);
  Change change = {value, static_cast<uint32_t>(given.mask)};
  if (setter == "set-mark") change.mask |= value;
  if (setter == "and-mark") change = {0, ~value};
  if (setter == "or-mark") change.mask = value;
  if (setter == "xor-mark") change.mask = 0;
  for (const std::string_view name : {"ctmask", "mask"}) {
    if (options.has(name) && options[name].order > given.order) {
      change.mask = static_cast<uint32_t>(options[name].number);
    }
  }
  return change;
}

Result<void> check(Options& options, const RuleContext&) {
  if (options.has("mask") && (options.has("ctmask") || options.has("nfmask"))) {
    return fail("--mask says what --ctmask and --nfmask say", "one or the others");
  }
  const auto given = [&](std::string_view name) { return options.has(name); };
  if (options.has("save-mark") || options.has("restore-mark") || std::ranges::any_of(kSetters, given)) return {};
  return fail("CONNMARK target: No operation specified", "--set-mark, --save-mark or --restore-mark");
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const bool saves = options.has("save-mark");
  if (saves || options.has("restore-mark")) {
    const uint64_t both = options.number("mask", UINT32_MAX);
    out += fmt::format(" --{} --nfmask {:#x} --ctmask {:#x}", saves ? "save-mark" : "restore-mark",
                       options.number("nfmask", both), options.number("ctmask", both));
  } else {
    const auto setter = std::ranges::find_if(kSetters, [&](std::string_view name) { return options.has(name); });
    const Change change = change_of(options, *setter);
    out += fmt::format(" --set-xmark {:#x}/{:#x}", change.value, change.mask);
  }
  const OptionValue& left = options["left-shift-mark"];
  const OptionValue& right = options["right-shift-mark"];
  const bool is_left = left.present && (!right.present || left.order > right.order);
  const uint64_t bits = is_left ? left.number : right.number;
  if (bits != 0) out += fmt::format(" --{}-shift-mark {}", is_left ? "left" : "right", bits);
}

// A shift of the mark that is copied or set; negative: to the right.
uint32_t shifted(uint32_t mark, int bits) { return bits >= 0 ? mark << bits : mark >> -bits; }

class ConnmarkTarget final : public Target {
 public:
  enum class Mode : uint8_t { Set, Save, Restore };
  ConnmarkTarget(Mode mode, uint32_t value, uint32_t connection_mask, uint32_t packet_mask, int shift)
      : mode_(mode), value_(value), connection_mask_(connection_mask), packet_mask_(packet_mask), shift_(shift) {}

  Action apply(Packet& packet, HookContext&) override {
    Connection* connection = packet.connection;
    if (connection == nullptr) return Action::go_on();
    const uint32_t before = connection->mark;
    switch (mode_) {
      case Mode::Set:
        connection->mark = shifted((connection->mark & ~connection_mask_) ^ value_, shift_);
        break;
      case Mode::Save:
        connection->mark = (connection->mark & ~connection_mask_) ^ shifted(packet.mark & packet_mask_, shift_);
        break;
      case Mode::Restore:
        packet.mark = (packet.mark & ~packet_mask_) ^ shifted(connection->mark & connection_mask_, shift_);
        break;
    }
    if (connection->mark != before) connection->pending_events |= kEventMark;
    return Action::go_on();
  }

 private:
  Mode mode_;
  uint32_t value_;
  uint32_t connection_mask_;
  uint32_t packet_mask_;
  int shift_;
};

int shift_of(const Options& options) {
  const OptionValue& left = options["left-shift-mark"];
  const OptionValue& right = options["right-shift-mark"];
  const bool is_left = left.present && (!right.present || left.order > right.order);
  if (is_left) return static_cast<int>(left.number);
  return right.present ? -static_cast<int>(right.number) : 0;
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  using Mode = ConnmarkTarget::Mode;
  const bool saves = options.has("save-mark");
  if (saves || options.has("restore-mark")) {
    const uint64_t both = options.number("mask", UINT32_MAX);
    return std::make_unique<ConnmarkTarget>(saves ? Mode::Save : Mode::Restore, 0,
                                            static_cast<uint32_t>(options.number("ctmask", both)),
                                            static_cast<uint32_t>(options.number("nfmask", both)), shift_of(options));
  }
  const auto setter = std::ranges::find_if(kSetters, [&](std::string_view name) { return options.has(name); });
  const Change change = change_of(options, *setter);
  return std::make_unique<ConnmarkTarget>(Mode::Set, change.value, change.mask, 0, shift_of(options));
}

}  // namespace

TargetType connmark_target() {
  return {
      .name = "CONNMARK",
      .options = {{.name = "set-xmark", .kind = OptionKind::MaskedHex32, .group = 1},
                  {.name = "set-mark", .kind = OptionKind::MaskedHex32, .group = 1},
                  {.name = "and-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "or-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "xor-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "save-mark", .group = 1},
                  {.name = "restore-mark", .group = 1},
                  {.name = "left-shift-mark", .kind = OptionKind::U8, .max = 31},
                  {.name = "right-shift-mark", .kind = OptionKind::U8, .max = 31},
                  {.name = "ctmask", .kind = OptionKind::Hex32},
                  {.name = "nfmask", .kind = OptionKind::Hex32},
                  {.name = "mask", .kind = OptionKind::Hex32}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "writes the connection's mark, or copies it from and to the packet's",
  };
}

}  // namespace sallyport
