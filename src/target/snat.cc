// -j SNAT: gives the connection another source. Counterpart of net/netfilter/xt_nat.c.

#include "target/nat_range.h"
#include "target/targets.h"

namespace sallyport {
namespace {

class SnatTarget final : public Target {
 public:
  explicit SnatTarget(const NatRequest& request) : request_(request) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.nat != nullptr) context.nat->map(packet, context, NatEnd::Source, request_);
    return Action::accept();
  }

 private:
  NatRequest request_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  NatRequest request = nat_request(options, "to-source");
  request.has_base = false;
  return std::make_unique<SnatTarget>(request);
}

}  // namespace

TargetType snat_target() {
  return {
      .name = "SNAT",
      .options = {{.name = "to-source",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "[ADDRESS[-ADDRESS]][:PORT[-PORT]]",
                   .parse = parse_nat_range,
                   .print = print_nat_range_without_base},
                  {.name = "random"},
                  {.name = "random-fully"},
                  {.name = "persistent"}},
      .tables = {"nat"},
      .hooks = hook_bit(Hook::Postrouting) | hook_bit(Hook::Input),
      .create = create,
      .summary = "gives the connection another source",
  };
}

}  // namespace sallyport
