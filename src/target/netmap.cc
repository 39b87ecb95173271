// -j NETMAP: maps one network to another, host by host. Counterpart of net/netfilter/xt_NETMAP.c.

#include <fmt/format.h>

#include "sallyport/nat.h"
#include "sallyport/option_pieces.h"
#include "target/targets.h"

namespace sallyport {
namespace {

class NetmapTarget final : public Target {
 public:
  NetmapTarget(const IpAddress& network, const IpAddress& mask) : network_(network), mask_(mask) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.nat == nullptr) return Action::accept();
    const bool destination = context.hook == Hook::Prerouting || context.hook == Hook::Output;
    IpAddress mapped = destination ? packet.destination() : packet.source();
    for (size_t i = 0; i < mapped.bytes.size(); ++i) {
      mapped.bytes[i] = static_cast<uint8_t>((mapped.bytes[i] & ~mask_.bytes[i]) | network_.bytes[i]);
    }
    const NatRequest request = {.has_addresses = true, .low = mapped, .high = mapped};
    context.nat->map(packet, context, destination ? NatEnd::Destination : NatEnd::Source, request);
    return Action::accept();
  }

 private:
  IpAddress network_;
  IpAddress mask_;
};

Result<void> parse_network(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto host = parse_host_mask(rule.family, text);
  if (!host) return std::unexpected(host.error());
  value.address = host->address & host->mask;
  value.upper_address = host->mask;
  return {};
}

void print_network(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}/{}", value.address.text(), prefix_length(value.upper_address));
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  const OptionValue& to = options["to"];
  return std::make_unique<NetmapTarget>(to.address, to.upper_address);
}

}  // namespace

TargetType netmap_target() {
  return {
      .name = "NETMAP",
      .options = {{.name = "to",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "ADDRESS[/BITS]",
                   .parse = parse_network,
                   .print = print_network}},
      .tables = {"nat"},
      .hooks = kAllHooks & ~hook_bit(Hook::Forward),
      .create = create,
      .summary = "maps one network to another, host by host",
  };
}

}  // namespace sallyport
