// -j ECN: works round hosts that cannot stand Explicit Congestion Notification (RFC 3168): writes the two ECN bits of
// the IP header and the ECE and CWR flags of TCP. Counterpart of net/ipv4/netfilter/ipt_ECN.c.
//
// --ecn-tcp-remove is --ecn-tcp-ece 0 --ecn-tcp-cwr 0.

#include <fmt/format.h>

#include <optional>

#include "target/targets.h"
#include "wire/checksum.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

constexpr uint16_t kEce = 0x0040, kCwr = 0x0080;  // of the TCP header's seventh word
constexpr uint32_t kFlagsOffset = 12, kChecksumOffset = 16, kTcpBytes = 20;

struct Change {
  uint16_t tcp_mask = 0;  // which of kEce, kCwr are written
  uint16_t tcp_value = 0;
  std::optional<uint8_t> ect = {};
};

class EcnTarget final : public Target {
 public:
  explicit EcnTarget(const Change& change) : change_(change) {}
  Action apply(Packet& packet, HookContext&) override {
    if (change_.ect) {
      const auto tos = static_cast<uint8_t>((packet.tos() & ~3) | *change_.ect);
      if (tos != packet.tos()) set_tos(packet, tos);
    }
    if (change_.tcp_mask != 0 && packet.protocol == kTcp && !change_flags(packet)) return Action::drop();
    return Action::go_on();
  }

 private:
  // False: the header is not all there. As in the kernel, a later fragment's bytes are taken for a header too.
  bool change_flags(Packet& packet) const {
    uint8_t* const tcp = packet.at(packet.transport_offset, kTcpBytes);
    if (tcp == nullptr) return false;
    const uint16_t before = load_be16(tcp + kFlagsOffset);
    const auto after = static_cast<uint16_t>((before & ~change_.tcp_mask) | change_.tcp_value);
    if (after == before) return true;
    store_be16(tcp + kFlagsOffset, after);
    store_be16(tcp + kChecksumOffset, checksum_update(load_be16(tcp + kChecksumOffset), before, after));
    return true;
  }

  Change change_;
};

Change change_of(const Options& options) {
  Change change;
  if (options.has("ecn-tcp-remove")) change.tcp_mask = kEce | kCwr;
  const auto flag = [&](std::string_view name, uint16_t bit) {
    if (!options.has(name)) return;
    change.tcp_mask |= bit;
    if (options.number(name) != 0) change.tcp_value |= bit;
  };
  flag("ecn-tcp-ece", kEce);
  flag("ecn-tcp-cwr", kCwr);
  if (options.has("ecn-ip-ect")) change.ect = static_cast<uint8_t>(options.number("ecn-ip-ect"));
  return change;
}

Result<void> check(Options& options, const RuleContext& rule) {
  const bool tcp_only = options.has("ecn-tcp-remove") || options.has("ecn-tcp-ece") || options.has("ecn-tcp-cwr");
  if (tcp_only && (rule.protocol != kTcp || rule.protocol_inverted)) {
    return fail("ECN changes TCP flags in a rule for other protocols too", "-p tcp");
  }
  if (options.has("ecn-tcp-remove") && (options.has("ecn-tcp-ece") || options.has("ecn-tcp-cwr"))) {
    return fail("--ecn-tcp-remove excludes --ecn-tcp-ece and --ecn-tcp-cwr", "one way to say it");
  }
  return {};
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const Change change = change_of(options);
  if (change.tcp_mask == (kEce | kCwr) && change.tcp_value == 0 && !change.ect) {
    out += " --ecn-tcp-remove";
    return;
  }
  if (change.tcp_mask & kEce) out += fmt::format(" --ecn-tcp-ece {}", change.tcp_value & kEce ? 1 : 0);
  if (change.tcp_mask & kCwr) out += fmt::format(" --ecn-tcp-cwr {}", change.tcp_value & kCwr ? 1 : 0);
  if (change.ect) out += fmt::format(" --ecn-ip-ect {}", *change.ect);
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<EcnTarget>(change_of(options));
}

}  // namespace

TargetType ecn_target() {
  return {
      .name = "ECN",
      .families = Families::Ipv4Only,
      .options = {{.name = "ecn-tcp-remove", .summary = "clear ECE and CWR"},
                  {.name = "ecn-tcp-ece", .kind = OptionKind::U8, .max = 1, .summary = "the ECE flag"},
                  {.name = "ecn-tcp-cwr", .kind = OptionKind::U8, .max = 1, .summary = "the CWR flag"},
                  {.name = "ecn-ip-ect", .kind = OptionKind::U8, .max = 3, .summary = "the two bits of the IP header"}},
      .at_least_one = true,
      .tables = {"mangle"},
      .check = check,
      .save = save,
      .create = create,
      .summary = "takes Explicit Congestion Notification away",
  };
}

}  // namespace sallyport
