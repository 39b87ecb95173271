// The connections of an engine, for a match that asks for others than the packet's own.
#pragma once

#include <optional>
#include <string_view>

#include "sallyport/clock.h"
#include "sallyport/connection.h"
#include "sallyport/result.h"

namespace sallyport {

// Outlives the rules that ask. One thread.
class ConnectionFinder {
 public:
  virtual ~ConnectionFinder() = default;
  // The live, confirmed connection that has this tuple in one of its directions, in that zone; the tuple's own zone
  // does not matter. Null: none.
  virtual const Connection* find_connection(const Tuple& tuple, Zone zone, Timestamp now) const = 0;
  // By which a packet without a connection would be looked up. None: it shows none (a later fragment, a header cut
  // off).
  virtual std::optional<Tuple> tuple_for(const Packet& packet) const = 0;
  // How many connections there can be.
  virtual uint64_t most_connections() const = 0;
  // What the timeout policy of that name says, for connections of that family and protocol; or why it cannot be had.
  virtual Result<const Timeouts*> find_timeouts(std::string_view policy, Family family, uint8_t protocol) const = 0;
};

}  // namespace sallyport
