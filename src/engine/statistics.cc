// Events of type stats: EVE's names where it has them, ours in the netfilter object.

#include "engine/statistics.h"

#include <array>

namespace sallyport {

void tell_statistics(const EngineCounters& counters, const ConnectionCounters* connections, Timestamp since,
                     Timestamp now, EventSink& events) {
  const auto fate = [&](Fate of) { return counters.fates[static_cast<size_t>(of)]; };
  const EventField fields[] = {{"uptime", (now - since) / kSecond},
                               {"decoder.pkts", counters.packets},
                               {"decoder.bytes", counters.bytes},
                               {"decoder.invalid", fate(Fate::Malformed)}};
  std::array<EventField, 18> own;
  size_t size = 0;
  const auto add = [&](std::string_view name, uint64_t value) { own[size++] = {name, value}; };
  add("left", fate(Fate::Left));
  add("delivered", fate(Fate::Delivered));
  add("dropped", fate(Fate::Dropped));
  add("unroutable", fate(Fate::Unroutable));
  add("held", fate(Fate::Held));
  add("generated", counters.generated);
  if (connections != nullptr) {
    add("conntrack.entries", connections->entries);
    add("conntrack.found", connections->found);
    add("conntrack.invalid", connections->invalid);
    add("conntrack.insert", connections->insert);
    add("conntrack.insert_failed", connections->insert_failed);
    add("conntrack.drop", connections->drop);
    add("conntrack.early_drop", connections->early_drop);
    add("conntrack.chaintoolong", connections->chain_too_long);
  }
  events.emit({.type = "stats", .time = now, .fields = fields, .netfilter = std::span(own).first(size)});
}

}  // namespace sallyport
