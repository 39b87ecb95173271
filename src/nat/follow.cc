// Recorded answers follow their connection. No counterpart in the kernel, which never meets answers to what it did not
// let out.
//
// A capture holds the answers of the server that was really asked. Where the rules send the question elsewhere, or give
// it another source, nobody would know these answers; so they are given the addresses and ports that the answers to the
// mapped question have, and ICMP errors quote the mapped question. What fits a connection as it stands is left alone.

#include "nat/follow.h"

#include "conntrack/tuple.h"
#include "nat/rewrite.h"
#include "sallyport/host.h"

namespace sallyport {
namespace {

constexpr uint32_t kIcmpHeader = 8;

void rewrite_both(Packet& packet, const Tuple& target) {
  rewrite(packet, target, NatEnd::Source);
  rewrite(packet, target, NatEnd::Destination);
}

// It comes in where the new peer is.
void move_to_peer(Packet& packet, HookContext& context, const IpAddress& peer) {
  const Route route = context.router->route({.destination = peer});
  if (route.type == RouteType::Unicast && route.out != kNoInterface) packet.in = context.in = route.out;
}

}  // namespace

Verdict FollowModule::handle(Packet& packet, HookContext& context) {
  if (packet.connection == nullptr && packet.transport_state == Transport::Present) {
    followed_ += follow_answer(packet, context) || follow_error(packet, context);
  }
  return Verdict::accept();
}

// The connection that asked so, unless `answer` is known already as it stands.
const Connection* FollowModule::mapped_by(const Tuple& asked, const Tuple& answer, Timestamp now) {
  if (table_.taken(answer, now)) return nullptr;
  Direction direction = Direction::Reply;
  const Connection* const connection = table_.find(asked, now, direction);
  if (connection == nullptr || direction != Direction::Original) return nullptr;
  return (connection->status & (kStatusSourceNat | kStatusDestinationNat)) != 0 ? connection : nullptr;
}

bool FollowModule::follow_answer(Packet& packet, HookContext& context) {
  const auto answer = tuple_of(packet, 0);
  const auto asked = answer ? inverted(*answer) : std::nullopt;
  const Connection* const connection = asked ? mapped_by(*asked, *answer, context.now()) : nullptr;
  if (connection == nullptr) return false;
  const Tuple reply = connection->tuple(Direction::Reply);
  rewrite_both(packet, reply);
  move_to_peer(packet, context, reply.source_address());
  return true;
}

bool FollowModule::follow_error(Packet& packet, HookContext& context) {
  const auto asked = is_icmp(packet) ? quoted_tuple(packet, packet.transport_offset + kIcmpHeader, 0) : std::nullopt;
  const auto answer = asked ? inverted(*asked) : std::nullopt;
  const Connection* const connection = answer ? mapped_by(*asked, *answer, context.now()) : nullptr;
  if (connection == nullptr) return false;
  const Tuple original = connection->tuple(Direction::Original), reply = connection->tuple(Direction::Reply);
  const Tuple sent = inverted(reply).value_or(original);
  if (!rewrite_quoted(packet, sent, NatEnd::Source) || !rewrite_quoted(packet, sent, NatEnd::Destination)) return false;
  if (packet.source() == original.destination_address()) rewrite(packet, reply, NatEnd::Source);
  rewrite(packet, reply, NatEnd::Destination);
  return true;
}

}  // namespace sallyport
