// -m physdev: the bridge ports that a bridged packet came by and leaves by. Counterpart of
// net/netfilter/xt_physdev.c.
//
// Bridged is what passes a [[pair]] of the host model that is a bridge; its two interfaces are the ports. Where a
// packet is not bridged, "!" holds of whatever is asked, and nothing else does.

#include <fmt/format.h>

#include "match/matches.h"
#include "sallyport/host.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

struct PortTest {
  bool asked = false;
  bool inverted = false;
  std::string name = {};  // as given: "eth+" stands for all that begin so

  bool allows(std::string_view port) const {
    const bool fits =
        name.ends_with('+') ? port.starts_with(std::string_view(name).substr(0, name.size() - 1)) : port == name;
    return fits != inverted;
  }
};

struct PhysdevRule {
  PortTest is_in = {};
  PortTest is_out = {};
  PortTest is_bridged = {};
  PortTest in = {};
  PortTest out = {};

  bool asks_plainly() const {
    const auto plain = [](const PortTest& test) { return test.asked && !test.inverted; };
    return plain(is_in) || plain(is_out) || plain(is_bridged) || plain(in) || plain(out);
  }
};

class PhysdevMatch final : public Match {
 public:
  explicit PhysdevMatch(PhysdevRule rule) : rule_(std::move(rule)) {}

  bool matches(const Packet& packet, HookContext& context) override {
    if (!packet.paired || !context.router->pair_is_bridge(packet.in)) return !rule_.asks_plainly();
    // The port of departure is known from FORWARD on; that of arrival everywhere.
    const bool leaves = context.out != kNoInterface;
    if (rule_.is_bridged.asked && leaves == rule_.is_bridged.inverted) return false;
    if (rule_.is_in.asked && rule_.is_in.inverted) return false;
    if (rule_.is_out.asked && leaves == rule_.is_out.inverted) return false;
    if (rule_.in.asked && !rule_.in.allows(name_of(packet.in, context))) return false;
    return !rule_.out.asked || (leaves && rule_.out.allows(name_of(context.out, context)));
  }

 private:
  static std::string_view name_of(InterfaceId id, const HookContext& context) {
    return context.router->interface(id).name_text();
  }

  PhysdevRule rule_;
};

Result<void> parse_port_name(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.size() > 15) return fail(fmt::format("interface name `{}' is too long", text), "at most 15 characters");
  value.text = text;
  return {};
}

// In OUTPUT the port of departure is known of packets only that are sure to be bridged.
uint8_t hooks_for(const Options& options) {
  const bool asks_out = options.has("physdev-out") || options.has("physdev-is-out");
  const OptionValue& bridged = options["physdev-is-bridged"];
  const bool anywhere = !asks_out || (bridged.present && !bridged.inverted);
  return anywhere ? kAllHooks : kAllHooks & ~hook_bit(Hook::Output);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const auto test = [&](std::string_view name) {
    const OptionValue& value = options[name];
    return PortTest{.asked = value.present, .inverted = value.inverted, .name = value.text};
  };
  return std::make_unique<PhysdevMatch>(PhysdevRule{.is_in = test("physdev-is-in"),
                                                    .is_out = test("physdev-is-out"),
                                                    .is_bridged = test("physdev-is-bridged"),
                                                    .in = test("physdev-in"),
                                                    .out = test("physdev-out")});
}

}  // namespace

MatchType physdev_match() {
  const OptionSpec port = {.kind = OptionKind::Custom,
                           .invertible = true,
                           .hint = "a bridge port, eth+ for all that begin so",
                           .parse = parse_port_name,
                           .print = print_plain};
  OptionSpec in = port;
  in.name = "physdev-in";
  OptionSpec out = port;
  out.name = "physdev-out";
  return {
      .name = "physdev",
      .options = {{.name = "physdev-is-in", .invertible = true},
                  in,
                  {.name = "physdev-is-out", .invertible = true},
                  out,
                  {.name = "physdev-is-bridged", .invertible = true}},
      .at_least_one = true,
      .hooks_for = hooks_for,
      .create = create,
      .summary = "compares the bridge ports of the packet",
  };
}

}  // namespace sallyport
