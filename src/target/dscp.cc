// -j DSCP: writes the six DSCP bits of the TOS byte or traffic class (RFC 2474) and leaves the two ECN bits.
// Counterpart of net/netfilter/xt_DSCP.c.

#include <fmt/format.h>

#include <string>

#include "target/targets.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

class DscpTarget final : public Target {
 public:
  explicit DscpTarget(uint8_t dscp) : bits_(static_cast<uint8_t>(dscp << 2)) {}
  Action apply(Packet& packet, HookContext&) override {
    const auto tos = static_cast<uint8_t>(bits_ | (packet.tos() & 3));
    if (tos != packet.tos()) set_tos(packet, tos);
    return Action::go_on();
  }

 private:
  uint8_t bits_;
};

struct DscpClass {
  std::string_view name;
  uint8_t value;
};
// RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF).
constexpr DscpClass kClasses[] = {
    {"CS0", 0x00},  {"CS1", 0x08},  {"CS2", 0x10},  {"CS3", 0x18},  {"CS4", 0x20},  {"CS5", 0x28},
    {"CS6", 0x30},  {"CS7", 0x38},  {"BE", 0x00},   {"AF11", 0x0a}, {"AF12", 0x0c}, {"AF13", 0x0e},
    {"AF21", 0x12}, {"AF22", 0x14}, {"AF23", 0x16}, {"AF31", 0x1a}, {"AF32", 0x1c}, {"AF33", 0x1e},
    {"AF41", 0x22}, {"AF42", 0x24}, {"AF43", 0x26}, {"EF", 0x2e},
};

Result<void> parse_class(std::string_view text, const RuleContext&, OptionValue& value) {
  std::string name(text);
  for (char& letter : name) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - ('a' - 'A'));
  }
  for (const DscpClass& known : kClasses) {
    if (name == known.name) {
      value.number = known.value;
      return {};
    }
  }
  return fail(fmt::format("\"{}\" is not a DSCP class", text), "BE, EF, CS0 to CS7, or AF11 to AF43");
}

uint8_t dscp_of(const Options& options) {
  return static_cast<uint8_t>(options.number(options.has("set-dscp") ? "set-dscp" : "set-dscp-class"));
}

void save(const Options& options, const RuleContext&, std::string& out) {
  out += fmt::format(" --set-dscp {:#04x}", dscp_of(options));
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<DscpTarget>(dscp_of(options));
}

}  // namespace

TargetType dscp_target() {
  return {
      .name = "DSCP",
      .options = {{.name = "set-dscp", .kind = OptionKind::U8, .max = 63, .summary = "a number"},
                  {.name = "set-dscp-class", .kind = OptionKind::Custom, .parse = parse_class, .summary = "a class"}},
      .exactly_one = true,
      .tables = {"mangle"},
      .save = save,
      .create = create,
      .summary = "writes the DSCP bits",
  };
}

}  // namespace sallyport
