// Connections' events: told once a packet has passed all hooks, and when a connection ends.
#pragma once

#include <string>
#include <utility>

#include "conntrack/connection_table.h"
#include "conntrack/listing.h"
#include "conntrack/timeouts.h"
#include "sallyport/connection_text.h"
#include "sallyport/event.h"
#include "sallyport/helper.h"

namespace sallyport {

// Tells both sinks; either may be null. Labels have the names that `labels_text` gives them. What it points to outlives
// it. One thread.
class ConnectionEvents {
 public:
  ConnectionEvents(const Timeouts& timeouts, EventSink* sink, ConnectionEventSink* listener, LabelsText labels_text)
      : timeouts_(timeouts), sink_(sink), listener_(listener), labels_text_(std::move(labels_text)) {}

  // What has gathered in connection.pending_events, and a mapping with the first of it.
  void deliver(Connection& connection, Timestamp now);
  // It ends: now, whether a packet killed it or its time was up.
  void ended(const Connection& connection, Timestamp now);
  // `master` expects a connection, or does so no more.
  void tell_expectation(const Expectation& expectation, const Connection& master, ListedEvent event, Timestamp deadline,
                        Timestamp now);

 private:
  void tell(const Connection& connection, ListedEvent event, uint16_t bits, Timestamp now);
  void tell_flow(const Connection& connection, ListedEvent event, Timestamp now);
  void tell_nat(const Connection& connection, std::string_view event, Timestamp now);

  const Timeouts& timeouts_;
  EventSink* sink_;
  ConnectionEventSink* listener_;
  LabelsText labels_text_;
  std::string labels_;  // of the record that is told
};

}  // namespace sallyport
