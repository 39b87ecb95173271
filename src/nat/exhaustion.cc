// Event of a connection that got no mapping: `nat` with `exhausted`. No counterpart in the kernel, which only counts it
// (insert_failed and drop of `conntrack -S`).

#include "nat/exhaustion.h"

#include "conntrack/mapping_sides.h"
#include "sallyport/clock.h"

namespace sallyport {
namespace {

using Members = EventFields<20>;

void add_range(const NatAttempt& attempt, Members& members) {
  const NatRequest& request = attempt.request;
  members.add("range.end", attempt.end == NatEnd::Source ? "source" : "destination");
  if (request.has_addresses) {
    members.add("range.low_ip", request.low);
    members.add("range.high_ip", request.high);
  }
  if (request.has_ids) {
    members.add("range.low_port", request.low_id);
    members.add("range.high_port", request.high_id);
  }
  members.add("range.tried", attempt.looks);
}

}  // namespace

void tell_exhausted(const Packet& packet, const HookContext& context, const NatAttempt& attempt) {
  const Connection& connection = *packet.connection;
  Members members;
  members.add("event", "exhausted");
  members.add("source", connection.has(kStatusSourceNat));
  members.add("destination", connection.has(kStatusDestinationNat));
  add_side(kSideBefore, connection.tuple(Direction::Original), members);
  if (const auto after = inverted(connection.tuple(Direction::Reply))) add_side(kSideAfter, *after, members);
  if (attempt.connection == connection.sequence) add_range(attempt, members);
  context.events->emit(
      {.type = "nat", .time = context.now(), .packet = &packet, .context = &context, .fields = members.view()});
}

}  // namespace sallyport
