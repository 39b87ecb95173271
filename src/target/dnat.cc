// -j DNAT: gives the connection another destination. Counterpart of net/netfilter/xt_nat.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {
namespace {

class DnatTarget final : public Target {
 public:
  explicit DnatTarget(const NatRequest& request) : request_(request) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.nat != nullptr) context.nat->map(packet, context, NatEnd::Destination, request_);
    return Action::accept();
  }

 private:
  NatRequest request_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<DnatTarget>(nat_request(options, "to-destination"));
}

}  // namespace

TargetType dnat_target() {
  return {
      .name = "DNAT",
      .options = {{.name = "to-destination",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]",
                   .parse = parse_nat_range,
                   .print = print_nat_range},
                  {.name = "random"},
                  {.name = "persistent"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output),
      .create = create,
      .summary = "gives the connection another destination",
  };
}

}  // namespace sallyport
