// -j TOS: writes the TOS byte, or IPv6's traffic class. Counterpart of net/netfilter/xt_DSCP.c.
//
// All spellings mean: clear the bits of MASK, then XOR VALUE. A name stands for a value under the mask 0x3f.

#include <fmt/format.h>

#include "target/targets.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

class TosTarget final : public Target {
 public:
  TosTarget(uint8_t value, uint8_t mask) : value_(value), mask_(mask) {}
  Action apply(Packet& packet, HookContext&) override {
    const auto tos = static_cast<uint8_t>((packet.tos() & ~mask_) ^ value_);
    if (tos != packet.tos()) set_tos(packet, tos);
    return Action::go_on();
  }

 private:
  uint8_t value_;
  uint8_t mask_;
};

struct TosName {
  std::string_view name;
  uint8_t value;
};
constexpr TosName kNames[] = {{"Minimize-Delay", 0x10},
                              {"Maximize-Throughput", 0x08},
                              {"Maximize-Reliability", 0x04},
                              {"Minimize-Cost", 0x02},
                              {"Normal-Service", 0x00}};
constexpr uint8_t kNameMask = 0x3f;
constexpr uint8_t kWholeMask = 0xff;

bool same_name(std::string_view text, std::string_view name) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
  };
  if (text.size() != name.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower(name[i])) return false;
  }
  return true;
}

Result<void> parse_tos(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const TosName& known : kNames) {
    if (!same_name(text, known.name)) continue;
    value.number = known.value;
    value.mask = kNameMask;
    return {};
  }
  const size_t slash = text.find('/');
  const auto number = parse_number(text.substr(0, slash));
  const auto mask =
      slash == std::string_view::npos ? std::optional<uint64_t>(kWholeMask) : parse_number(text.substr(slash + 1));
  if (!number || !mask || *number > UINT8_MAX || *mask > UINT8_MAX) {
    return fail(fmt::format("\"{}\" is not a value for --set-tos", text),
                "VALUE or VALUE/MASK, each from 0 to 255, or a name such as Minimize-Delay");
  }
  value.number = *number;
  value.mask = *mask;
  return {};
}

struct Change {
  uint8_t value;
  uint8_t mask;
};

Change change_of(const Options& options) {
  const auto bits = [&](std::string_view name) { return static_cast<uint8_t>(options.number(name)); };
  if (options.has("and-tos")) return {0, static_cast<uint8_t>(~bits("and-tos"))};
  if (options.has("or-tos")) return {bits("or-tos"), bits("or-tos")};
  if (options.has("xor-tos")) return {bits("xor-tos"), 0};
  return {bits("set-tos"), static_cast<uint8_t>(options["set-tos"].mask)};
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const Change change = change_of(options);
  out += fmt::format(" --set-tos {:#04x}/{:#04x}", change.value, change.mask);
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  const Change change = change_of(options);
  return std::make_unique<TosTarget>(change.value, change.mask);
}

}  // namespace

TargetType tos_target() {
  return {
      .name = "TOS",
      .options =
          {{.name = "set-tos", .kind = OptionKind::Custom, .parse = parse_tos, .summary = "VALUE[/MASK] or NAME"},
           {.name = "and-tos", .kind = OptionKind::U8},
           {.name = "or-tos", .kind = OptionKind::U8},
           {.name = "xor-tos", .kind = OptionKind::U8}},
      .exactly_one = true,
      .tables = {"mangle"},
      .save = save,
      .create = create,
      .summary = "writes the TOS byte or traffic class",
  };
}

}  // namespace sallyport
