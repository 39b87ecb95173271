// -j ACCEPT, DROP, RETURN: verdicts without options. -j QUEUE is queue 0, dropped when nobody listens.

#include "target/targets.h"

namespace sallyport {
namespace {

template <Action::Kind kKind>
class StandardTarget final : public Target {
 public:
  Action apply(Packet&, HookContext&) override { return {.kind = kKind}; }
};

template <Action::Kind kKind>
Result<std::unique_ptr<Target>> create(const Options&, const RuleContext&) {
  return std::make_unique<StandardTarget<kKind>>();
}

}  // namespace

TargetType accept_target() {
  return {.name = "ACCEPT", .create = create<Action::Kind::Accept>, .summary = "lets the packet go on"};
}

TargetType drop_target() {
  return {.name = "DROP",
          .tables = {"raw", "mangle", "filter", "security"},  // iptables keeps nat free of filtering
          .create = create<Action::Kind::Drop>,
          .summary = "drops the packet"};
}

TargetType queue_target() {
  return {.name = "QUEUE", .create = create<Action::Kind::Queue>, .summary = "lets the listener of queue 0 decide"};
}

TargetType return_target() {
  return {.name = "RETURN", .create = create<Action::Kind::Return>, .summary = "goes back to the calling chain"};
}

}  // namespace sallyport
