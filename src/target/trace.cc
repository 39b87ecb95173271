// -j TRACE: every rule that the packet meets from here on is logged, by the walk. Counterpart of
// net/netfilter/xt_TRACE.c.

#include "target/targets.h"

namespace sallyport {
namespace {

class TraceTarget final : public Target {
 public:
  Action apply(Packet& packet, HookContext&) override {
    packet.traced = true;
    return Action::go_on();
  }
};

Result<std::unique_ptr<Target>> create(const Options&, const RuleContext&) { return std::make_unique<TraceTarget>(); }

}  // namespace

TargetType trace_target() {
  return {.name = "TRACE", .tables = {"raw"}, .create = create, .summary = "logs each rule that the packet meets"};
}

}  // namespace sallyport
