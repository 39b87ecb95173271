// ICMP and ICMPv6 queries and their answers. Counterpart of net/netfilter/nf_conntrack_proto_icmp{,v6}.c. Errors never
// come here: they belong to the connection that they quote (icmp_error.h).

#include "conntrack/tracker.h"
#include "conntrack/tuple.h"

namespace sallyport {
namespace {

// The queries that may begin a connection: echo, timestamp, information and address mask; echo and node information.
bool begins(Family family, uint8_t type) {
  if (family == Family::Ipv4) return type == 8 || type == 13 || type == 15 || type == 17;
  return type == 128 || type == 139;
}

}  // namespace

Tracked track_icmp(Connection& connection, const Packet& packet, TrackContext& context) {
  const bool v4 = packet.family == Family::Ipv4;
  if (!connection.has(kStatusConfirmed)) {
    const uint8_t type = icmp_type(connection.tuple(Direction::Original));
    if (!begins(packet.family, type)) return refuse(context, RefusalReason::IcmpNoBeginning, 0, 0, type);
  }
  connection.deadline = context.now + (v4 ? context.timeouts->icmp : context.timeouts->icmp6);
  return Tracked::Accept;
}

}  // namespace sallyport
