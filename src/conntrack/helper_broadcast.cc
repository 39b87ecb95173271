// NetBIOS name service and SNMP: this machine asks a whole network by broadcast, and any host of it may answer.
// Counterpart of net/netfilter/nf_conntrack_broadcast.c, _netbios_ns.c, _snmp.c.

#include "conntrack/helpers.h"
#include "sallyport/host.h"

namespace sallyport {
namespace {

constexpr uint16_t kNetbiosNs = 137, kSnmp = 161;

// How long the network's part of this machine's address is whose broadcast address that is; 0: of none.
uint8_t broadcast_bits(const Interface& interface, uint32_t destination) {
  for (const InterfaceAddress& own : interface.addresses) {
    // Two addresses have no broadcast.
    if (own.address.family != Family::Ipv4 || own.prefix_bits == 0 || own.prefix_bits > 30) continue;
    const uint32_t host_part = ~0u >> own.prefix_bits;
    if ((load_be32(own.address.bytes.data()) | host_part) == destination) return own.prefix_bits;
  }
  return 0;
}

// What answers comes from that port of any host of the network, for so long.
bool expect_answers(const Packet& packet, Connection& connection, const HelperContext& context, uint16_t port,
                    Duration lasts) {
  const HookContext& hook = *context.hook;
  const bool own = hook.hook == Hook::Postrouting && packet.in == kNoInterface;
  if (!own || context.direction != Direction::Original || hook.out == kNoInterface) return true;
  const uint8_t bits = broadcast_bits(hook.router->interface(hook.out), load_be32(packet.destination_bytes()));
  if (bits == 0) return true;
  Expectation expected = {
      .tuple = connection.tuple(Direction::Reply), .source_bits = bits, .any_source_port = false, .permanent = true};
  expected.tuple.source_id = port;
  context.expecter->expect(connection, expected, context.now);
  connection.deadline = context.now + lasts;
  return true;
}

}  // namespace

bool look_at_netbios_ns(Packet& packet, Connection& connection, const HelperContext& context) {
  constexpr Duration kLasts = 3 * kSecond;
  return expect_answers(packet, connection, context, kNetbiosNs, kLasts);
}

bool look_at_snmp(Packet& packet, Connection& connection, const HelperContext& context) {
  constexpr Duration kLasts = 30 * kSecond;
  return expect_answers(packet, connection, context, kSnmp, kLasts);
}

}  // namespace sallyport
