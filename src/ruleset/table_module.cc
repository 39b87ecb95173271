// A table on its hooks. The mangle table at OUTPUT has the packet routed again when it changed what routes are chosen
// by. Counterpart of net/ipv4/netfilter/iptable_*.c.

#include "ruleset/table_module.h"

namespace sallyport {

Verdict TableModule::handle(Packet& packet, HookContext& context) {
  if (reroutes_ && context.hook == Hook::Output) [[unlikely]]
    return handle_rerouting(packet, context);
  return table_->walk(packet, context);
}

Verdict TableModule::handle_rerouting(Packet& packet, HookContext& context) {
  const uint32_t mark = packet.mark;
  const uint8_t tos = packet.tos();
  const uint8_t ttl = packet.ttl();
  const IpAddress source = packet.source();
  const IpAddress destination = packet.destination();
  const Verdict verdict = table_->walk(packet, context);
  if (verdict.kind != Verdict::Kind::Accept && verdict.kind != Verdict::Kind::Queue) return verdict;
  // IPv6 takes the hop limit for a reason too.
  const bool changed = packet.mark != mark || packet.tos() != tos || packet.source() != source ||
                       packet.destination() != destination || (packet.family == Family::Ipv6 && packet.ttl() != ttl);
  if (changed && !context.output->reroute(packet)) return Verdict::drop();
  return verdict;
}

}  // namespace sallyport
