// Connections of the engine's own table as listings hold them, and back.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "conntrack/timeouts.h"
#include "sallyport/connection.h"
#include "sallyport/connection_text.h"
#include "sallyport/helper.h"

namespace sallyport {

// What `master`, which has a helper, expects. No event yet, no time.
ExpectationRecord expectation_record(const Expectation& expectation, const Connection& master);
// With packets and bytes where they are counted. `use` is what conntrack(8) shows.
ConnectionRecord record_of(const Connection& connection, Timestamp now, const Timeouts& timeouts);
// Appends the names of the labels whose bits are set, with commas between them.
using LabelsText = std::function<void(const std::array<uint64_t, 2>& labels, std::string& out)>;
// All live connections, oldest first, a line each but for XML. Without `labels_text`, without labels.
std::string list_connections(const ConnectionTable& table, Timestamp now, const Timeouts& timeouts,
                             const ConnectionStyle& style, const LabelsText& labels_text = {});

// What restoring takes beside the listing.
struct RestoreContext {
  Timestamp now = 0;
  const Timeouts& timeouts;
  HelperFinder find_helper;
};
// Puts what `listing` holds into an empty table, with so much time left as it says; see Engine::restore_connections.
Results<uint64_t> restore_connections(ConnectionTable& table, std::string_view listing, std::string_view file,
                                      const RestoreContext& context);

// What helpers expect, as /proc/net/nf_conntrack_expect lists it.
std::string list_expectations(const ExpectationTable& expectations, Timestamp now);

}  // namespace sallyport
