// -j MASQUERADE: gives the connection the address of the interface that it leaves by. Counterpart of
// net/netfilter/xt_MASQUERADE.c.

#include "sallyport/host.h"
#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {
namespace {

// The address that the machine has on the way out: IPv4's first one in the next hop's network, else the first.
IpAddress address_of(const Packet& packet, const HookContext& context) {
  const IpAddress destination = packet.destination();
  if (packet.family == Family::Ipv6) return context.router->source_address(destination, context.out);
  const Route route = context.router->route({.destination = destination, .out = context.out, .mark = packet.mark});
  const IpAddress next = route.gateway.is_unspecified() ? destination : route.gateway;
  IpAddress first;
  for (const InterfaceAddress& own : context.router->interface(context.out).addresses) {
    if (own.address.family != Family::Ipv4) continue;
    const IpAddress mask = prefix_mask(Family::Ipv4, own.prefix_bits);
    if ((next & mask) == (own.address & mask)) return own.address;
    if (first.is_unspecified()) first = own.address;
  }
  return first;
}

class MasqueradeTarget final : public Target {
 public:
  explicit MasqueradeTarget(const NatRequest& request) : request_(request) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.nat == nullptr || packet.source().is_unspecified()) return Action::accept();
    NatRequest request = request_;
    request.has_addresses = true;
    request.low = request.high = address_of(packet, context);
    if (request.low.is_unspecified()) return Action::drop();
    context.nat->bind(packet, context.out);
    context.nat->map(packet, context, NatEnd::Source, request);
    return Action::accept();
  }

 private:
  NatRequest request_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  NatRequest request = nat_request(options, "to-ports");
  request.has_base = false;
  return std::make_unique<MasqueradeTarget>(request);
}

}  // namespace

TargetType masquerade_target() {
  return {
      .name = "MASQUERADE",
      .options = {{.name = "to-ports",
                   .kind = OptionKind::Custom,
                   .hint = "PORT[-PORT]",
                   .parse = parse_nat_ports,
                   .print = print_nat_ports},
                  {.name = "random"},
                  {.name = "random-fully"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Postrouting),
      .create = create,
      .summary = "gives the connection the address of the interface that it leaves by",
  };
}

}  // namespace sallyport
