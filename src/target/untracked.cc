// What NOTRACK and CT --notrack do. Counterpart of notrack_tg() in net/netfilter/xt_CT.c.

#include "target/untracked.h"

#include "sallyport/connection.h"

namespace sallyport {
namespace {

class UntrackedTarget final : public Target {
 public:
  Action apply(Packet& packet, HookContext&) override {
    // A -j CT before this one counts.
    const bool settled = packet.connection != nullptr || packet.connection_template != nullptr;
    if (!settled) set_packet_state(packet, PacketState::Untracked, Direction::Original);
    return Action::go_on();
  }
};

}  // namespace

Result<std::unique_ptr<Target>> create_untracked(const Options&, const RuleContext&) {
  return std::make_unique<UntrackedTarget>();
}

}  // namespace sallyport
