// Fragments joined before any rule sees them. Counterparts: net/ipv4/netfilter/nf_defrag_ipv4.c,
// net/ipv6/netfilter/nf_defrag_ipv6_hooks.c.

#include "defrag/defrag_module.h"

#include "sallyport/clock.h"

namespace sallyport {
namespace {

// Most packets have no fragment field and no extension header.
bool is_plainly_whole(const Packet& packet) {
  constexpr uint16_t kIpv6Header = 40;
  if (packet.transport_state != Transport::Present || packet.more_fragments) return false;
  return packet.family == Family::Ipv4 || packet.transport_offset == kIpv6Header;
}

}  // namespace

DefragModule::DefragModule(Family family, const ReassemblyLimits& limits, const std::array<uint64_t, 2>& key)
    : reassembly_(family, limits, key) {}

Verdict DefragModule::handle(Packet& packet, HookContext& context) {
  if (is_plainly_whole(packet) || packet.connection != nullptr) [[likely]]
    return Verdict::accept();
  switch (reassembly_.add(packet, static_cast<uint32_t>(context.hook), context.now())) {
    case Gathered::Whole:
    case Gathered::Passed:
      return Verdict::accept();
    case Gathered::Held:
      return Verdict::stolen();
    case Gathered::Dropped:
      return Verdict::drop();
  }
  return Verdict::drop();
}

}  // namespace sallyport
