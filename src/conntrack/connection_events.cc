// Events of connections. Counterpart of net/netfilter/nf_conntrack_ecache.c and of ctnetlink_conntrack_event() in
// nf_conntrack_netlink.c.
//
// What happens to a connection while a packet is on its way gathers as bits in it. Behind the last hook they become one
// event: NEW where it was confirmed, else UPDATE. A packet that is dropped before leaves its bits to the next one. What
// the line of an event holds depends on the bits, as in the kernel: the state of the protocol only where it changed.

#include "conntrack/connection_events.h"

#include <algorithm>
#include <array>

#include "conntrack/mapping_sides.h"
#include "conntrack/record_words.h"
#include "conntrack/tuple.h"
#include "sallyport/helper.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

constexpr uint16_t kBegins = kEventNew | kEventRelated;

// Members of one object of an event.
using Members = EventFields<20>;

// What -j CT chose of its events.
uint16_t wanted_events(const Connection& connection) {
  const ConnectionExtra* const extra = connection.extra;
  return extra != nullptr && extra->events.chosen() ? extra->events.connection : uint16_t{0xffff};
}

std::string_view event_word(ListedEvent event) {
  constexpr std::string_view kWords[] = {"", "NEW", "UPDATE", "DESTROY"};
  return kWords[static_cast<size_t>(event)];
}

// EVE's words for how far a flow has come.
std::string_view flow_state(const Connection& connection) {
  const bool closed = connection.protocol == kTcp &&
                      (connection.tcp.state == TcpState::TimeWait || connection.tcp.state == TcpState::Close);
  if (closed) return "closed";
  return connection.has(kStatusSeenReply) ? "established" : "new";
}

// What ran out ended at its deadline, whenever that was found.
void add_stop(Timestamp stop, ConnectionRecord& record) {
  record.fields |= Field::Stop;
  record.stop_ns = static_cast<uint64_t>(stop);
  record.delta_time_s = record.stop_ns > record.start_ns ? (record.stop_ns - record.start_ns) / kSecond : 0;
}

}  // namespace

void ConnectionEvents::deliver(Connection& connection, Timestamp now) {
  const uint16_t bits = connection.pending_events;
  connection.pending_events = 0;
  if (!connection.has(kStatusConfirmed) || connection.has(kStatusDying)) return;
  if ((bits & wanted_events(connection)) == 0) return;
  const bool begins = (bits & kBegins) != 0;
  if (begins) tell_nat(connection, "begin", now);
  tell(connection, begins ? ListedEvent::New : ListedEvent::Update, bits, now);
}

void ConnectionEvents::ended(const Connection& connection, Timestamp now) {
  if ((wanted_events(connection) & kEventDestroy) == 0) return;
  tell(connection, ListedEvent::Destroy, kEventDestroy, now);
  tell_nat(connection, "end", now);
}

void ConnectionEvents::tell_expectation(const Expectation& expectation, const Connection& master, ListedEvent event,
                                        Timestamp deadline, Timestamp now) {
  // The kernel's bits: 0 for NEW, 1 for DESTROY.
  const int bit = event == ListedEvent::New ? 0 : 1;
  const EventChoice& chosen = master.extra->events;
  if (listener_ == nullptr || (chosen.chosen() && (chosen.expectations >> bit & 1) == 0)) return;
  ExpectationRecord record = expectation_record(expectation, master);
  record.event = event;
  record.event_us = static_cast<uint64_t>(now / kMicrosecond);
  record.timeout_s = static_cast<uint32_t>(deadline > now ? (deadline - now) / kSecond : 0);
  listener_->emit_expectation(record);
}

void ConnectionEvents::tell(const Connection& connection, ListedEvent event, uint16_t bits, Timestamp now) {
  if (listener_ != nullptr) {
    ConnectionRecord record = record_of(connection, now, timeouts_);
    record.event = event;
    record.event_us = static_cast<uint64_t>(now / kMicrosecond);
    record.fields |= Field::EventTime;
    record.fields &= ~static_cast<uint32_t>(Field::Use);
    if (event == ListedEvent::Destroy) {
      // What was killed says how long it would have lived.
      if (record.timeout_s == 0) record.fields &= ~static_cast<uint32_t>(Field::Timeout);
      record.fields &= ~static_cast<uint32_t>(Field::Helper);
      if (record.has(Field::Start)) add_stop(std::min(now, connection.deadline), record);
    } else {
      record.fields &= ~static_cast<uint32_t>(Field::Counts | Field::DeltaTime | Field::Start);
      if ((bits & kEventProtocolInfo) == 0) record.state = ListedState::Absent;
    }
    if ((bits & kEventLabel) != 0) {
      labels_.clear();
      labels_text_(connection.extra->labels, labels_);
      record.labels = labels_;
      record.fields |= Field::Labels;
    }
    if (connection.mark == 0 && (bits & kEventMark) == 0) record.fields &= ~static_cast<uint32_t>(Field::Mark);
    listener_->emit(record);
  }
  if (sink_ != nullptr) tell_flow(connection, event, now);
}

void ConnectionEvents::tell_flow(const Connection& connection, ListedEvent event, Timestamp now) {
  const bool over = event == ListedEvent::Destroy;
  Members flow;
  if (over && timeouts_.accounting && connection.extra != nullptr) {
    const auto& counts = connection.extra->counts;
    flow.add("pkts_toserver", counts[0].packets);
    flow.add("pkts_toclient", counts[1].packets);
    flow.add("bytes_toserver", counts[0].bytes);
    flow.add("bytes_toclient", counts[1].bytes);
  }
  if (connection.extra != nullptr && connection.extra->created != 0) {
    const Timestamp created = connection.extra->created;
    flow.add_moment("start", created);
    if (over) flow.add("age", (now - created) / kSecond);
  }
  if (over) flow.add_moment("end", now);
  flow.add("state", flow_state(connection));
  if (over) flow.add("reason", connection.deadline <= now ? "timeout" : "forced");
  Members netfilter;
  netfilter.add("event", event_word(event));
  const bool sctp = connection.protocol == kSctp;
  if (connection.protocol == kTcp || sctp) {
    const auto number = sctp ? static_cast<uint8_t>(connection.sctp.state) : static_cast<uint8_t>(connection.tcp.state);
    netfilter.add("protocol_state", state_text(state_of_number(connection.protocol, number)));
  }
  if (!over) netfilter.add("timeout", connection.seconds_left(now));
  netfilter.add("replied", connection.has(kStatusSeenReply));
  netfilter.add("assured", connection.has(kStatusAssured));
  if (connection.extra != nullptr && connection.extra->helper != nullptr) {
    netfilter.add("helper", connection.extra->helper->name);
  }
  sink_->emit({.type = "flow",
               .time = now,
               .connection = &connection,
               .fields = flow.view(),
               .netfilter = netfilter.view(),
               .ours = !over});
}

// What a packet of the original direction looks like on either side of the machine.
void ConnectionEvents::tell_nat(const Connection& connection, std::string_view event, Timestamp now) {
  if (sink_ == nullptr || (connection.status & (kStatusSourceNat | kStatusDestinationNat)) == 0) return;
  const auto after = inverted(connection.tuple(Direction::Reply));
  if (!after) return;
  Members nat;
  nat.add("event", event);
  nat.add("source", connection.has(kStatusSourceNat));
  nat.add("destination", connection.has(kStatusDestinationNat));
  add_side(kSideBefore, connection.tuple(Direction::Original), nat);
  add_side(kSideAfter, *after, nat);
  sink_->emit({.type = "nat", .time = now, .connection = &connection, .fields = nat.view()});
}

}  // namespace sallyport
