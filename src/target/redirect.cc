// -j REDIRECT: sends the connection to this machine. Counterpart of net/netfilter/xt_REDIRECT.c.

#include "sallyport/host.h"
#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {
namespace {

// Of the interface by which the packet came; a local sender's goes to the loopback address.
IpAddress own_address(const Packet& packet, const HookContext& context) {
  if (context.hook == Hook::Output) {
    IpAddress loopback = {.family = packet.family};
    if (packet.family == Family::Ipv4) return IpAddress::v4(0x7f000001);
    loopback.bytes[15] = 1;
    return loopback;
  }
  for (const InterfaceAddress& own : context.router->interface(context.in).addresses) {
    if (own.address.family == packet.family) return own.address;
  }
  return {.family = packet.family};
}

class RedirectTarget final : public Target {
 public:
  explicit RedirectTarget(const NatRequest& request) : request_(request) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.nat == nullptr) return Action::accept();
    NatRequest request = request_;
    request.has_addresses = true;
    request.low = request.high = own_address(packet, context);
    if (request.low.is_unspecified()) return Action::drop();
    context.nat->map(packet, context, NatEnd::Destination, request);
    return Action::accept();
  }

 private:
  NatRequest request_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  NatRequest request = nat_request(options, "to-ports");
  request.has_base = false;
  return std::make_unique<RedirectTarget>(request);
}

Result<void> parse_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  if (auto done = parse_nat_ports(text, rule, value); !done) return done;
  if (!nat_range(value).base) return {};
  return fail("Shifted portmap ranges not supported with this kernel", "PORT or PORT-PORT");
}

}  // namespace

TargetType redirect_target() {
  return {
      .name = "REDIRECT",
      .options = {{.name = "to-ports",
                   .kind = OptionKind::Custom,
                   .hint = "PORT[-PORT]",
                   .parse = parse_ports,
                   .print = print_nat_ports},
                  {.name = "random"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output),
      .create = create,
      .summary = "sends the connection to this machine",
  };
}

}  // namespace sallyport
