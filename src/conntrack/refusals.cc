// Counts and events of packets that connection tracking refused or ignored: anomaly of type stream, with the numbers of
// the test that the packet failed.

#include "conntrack/refusals.h"

#include <array>

#include "conntrack/record_words.h"
#include "conntrack/tracker.h"
#include "sallyport/clock.h"

namespace sallyport {
namespace {

using enum RefusalReason;

// Members of the event's `netfilter` object. 20 at most: those of TCP's window.
using Members = EventFields<20>;

bool is_window_test(RefusalReason reason) { return reason >= TcpSeqOver && reason <= TcpAckUnder; }

bool has_state(RefusalReason reason) {
  const bool tcp = reason >= TcpInvalidState && reason <= TcpAckUnder;
  return tcp || reason == SctpInvalidState || reason == SctpTag || reason == SctpChunkTag;
}

void add_window(const Refusal& refusal, Members& members) {
  members.add("invalid.seq", refusal.sequence);
  members.add("invalid.end", refusal.end);
  members.add("invalid.ack", refusal.acknowledgement);
  members.add("invalid.sack", refusal.sack);
  members.add("invalid.win", refusal.window);
  members.add("invalid.sender_end", refusal.sender.end);
  members.add("invalid.sender_maxend", refusal.sender.max_end);
  members.add("invalid.sender_maxwin", refusal.sender.max_window);
  members.add("invalid.sender_scale", refusal.sender.scale);
  members.add("invalid.receiver_end", refusal.receiver.end);
  members.add("invalid.receiver_maxend", refusal.receiver.max_end);
  members.add("invalid.receiver_maxwin", refusal.receiver.max_window);
  members.add("invalid.receiver_scale", refusal.receiver.scale);
}

}  // namespace

Tracked refuse(TrackContext& context, RefusalReason reason, uint32_t found, uint32_t bound, uint8_t flags) {
  *context.refusal = {.reason = reason, .direction = context.direction, .flags = flags, .found = found, .bound = bound};
  return Tracked::Invalid;
}

void Refusals::add(const Refusal& refusal, const Packet& packet, const HookContext& context) {
  RefusalCount& count = counts_[static_cast<size_t>(refusal.reason)];
  if (count.packets++ == 0) {
    count.first_packet = packet.number;
    count.first = refusal;
  }
  if (context.events == nullptr) return;
  std::array<char, kRefusalWords> room;
  std::array<char, kFlagWords> flag_room;
  const EventField fields[] = {{"type", "stream"}, {"event", reason_name(refusal.reason)}};
  Members members;
  if (packet.connection == nullptr && is_invalid(refusal.reason)) members.add("state", "INVALID");
  members.add("invalid.words", refusal_words(refusal, room));
  if (has_state(refusal.reason)) {
    members.add("invalid.state", state_text(state_of_number(packet.protocol, refusal.state)));
  }
  if (refusal.reason >= TcpFlags && refusal.reason <= TcpAckUnder) {
    members.add("invalid.flags", flag_words(refusal.flags, flag_room));
  }
  if (refusal.reason >= SctpChunks && refusal.reason <= SctpInvalidState) {
    members.add("invalid.chunk", refusal.flags);
    members.add("invalid.chunk_number", refusal.chunk_number);
  }
  if (is_window_test(refusal.reason)) add_window(refusal, members);
  if (refusal.reason == TcpRst) members.add("invalid.seq", refusal.sequence);
  if (refusal.lowered_timeout_s != 0) members.add("invalid.lowered_timeout", refusal.lowered_timeout_s);
  if (refusal.found != 0) members.add("invalid.found", refusal.found);
  if (refusal.bound != 0) members.add("invalid.bound", refusal.bound);
  context.events->emit({.type = "anomaly",
                        .time = context.now(),
                        .packet = &packet,
                        .context = &context,
                        .fields = fields,
                        .netfilter = members.view()});
}

}  // namespace sallyport
