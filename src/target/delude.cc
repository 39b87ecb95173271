// -j DELUDE: answers a SYN as if the port were open, and whatever follows by a reset; so a scan finds all ports open.
// The packet itself is dropped. Counterpart: xt_DELUDE.c of xtables-addons.

#include "sallyport/bytes.h"
#include "target/answer.h"
#include "target/targets.h"

namespace sallyport {
namespace {

using namespace tcp_flag;

class DeludeTarget final : public Target {
 public:
  Action apply(Packet& packet, HookContext& context) override {
    const uint8_t* const tcp = context.output != nullptr ? answerable_tcp(packet, context) : nullptr;
    if (tcp == nullptr) return Action::drop();
    TcpAnswer answer = reset_of(packet, tcp);
    const bool opens = (tcp[13] & (kSyn | kAck | kFin)) == kSyn;
    if (opens) answer.flags = kSyn | kAck;
    send_tcp(packet, context, answer);
    return Action::drop();
  }
};

Result<std::unique_ptr<Target>> create(const Options&, const RuleContext&) { return std::make_unique<DeludeTarget>(); }

}  // namespace

TargetType delude_target() {
  return {
      .name = "DELUDE",
      .families = Families::Ipv4Only,
      .protocols = {kTcp},
      .tables = {"filter"},
      .hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward),
      .create = create,
      .summary = "answers SYN by SYN-ACK, whatever follows by a reset",
  };
}

}  // namespace sallyport
