// -j NFLOG: hands the packet to whoever listens to a group. Counterpart of net/netfilter/xt_NFLOG.c.
//
// --nflog-threshold says how many packets the kernel gathers before it wakes the listener, and --nflog-range never had
// an effect: both are kept and change nothing.

#include <fmt/format.h>

#include <string>

#include "sallyport/event.h"
#include "target/targets.h"

namespace sallyport {
namespace {

constexpr size_t kLongestPrefix = 63;

class NflogTarget final : public Target {
 public:
  NflogTarget(uint16_t group, uint32_t copy_bytes, std::string prefix)
      : group_(group), copy_bytes_(copy_bytes), prefix_(std::move(prefix)) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.log != nullptr) context.log->packet(group_, prefix_, copy_bytes_, packet, context);
    return Action::go_on();
  }

 private:
  uint16_t group_;
  uint32_t copy_bytes_;
  std::string prefix_;
};

Result<void> parse_prefix(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.empty()) return fail("--nflog-prefix is empty", "1 to 63 characters");
  value.text = text.substr(0, kLongestPrefix);  // iptables cuts a longer one
  return {};
}

void print_prefix(const OptionValue& value, const RuleContext&, std::string& out) { print_quoted(value.text, out); }

// Zero is what the options stand at when they are not given: only a size is printed all the same.
void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    const bool unset = value.number == 0 && spec.name != "nflog-prefix" && spec.name != "nflog-size";
    if (value.present && !unset) print_option(spec, value, rule, out);
  }
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<NflogTarget>(static_cast<uint16_t>(options.number("nflog-group")),
                                       static_cast<uint32_t>(options.number("nflog-size", kWholePacket)),
                                       options["nflog-prefix"].text);
}

}  // namespace

TargetType nflog_target() {
  return {
      .name = "NFLOG",
      .options = {{.name = "nflog-prefix",
                   .kind = OptionKind::Custom,
                   .parse = parse_prefix,
                   .print = print_prefix,
                   .summary = "a text that goes with the packet"},
                  {.name = "nflog-group", .kind = OptionKind::U16, .summary = "who gets it; 0 unless given"},
                  {.name = "nflog-range", .kind = OptionKind::U32, .group = 1, .summary = "has no effect"},
                  {.name = "nflog-size", .kind = OptionKind::U32, .group = 1, .summary = "how many bytes are copied"},
                  {.name = "nflog-threshold", .kind = OptionKind::U16, .summary = "how many packets are gathered"}},
      .save = save,
      .create = create,
      .summary = "hands the packet to a logging program",
  };
}

}  // namespace sallyport
