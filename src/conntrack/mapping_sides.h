// What a connection's packets look like on either side of a mapping, as members of an event.
#pragma once

#include "conntrack/tuple.h"
#include "sallyport/event.h"

namespace sallyport {

// The members' names.
struct MappingSide {
  std::string_view source, source_port, destination, destination_port;
};
constexpr MappingSide kSideBefore = {"before.src_ip", "before.src_port", "before.dest_ip", "before.dest_port"};
constexpr MappingSide kSideAfter = {"after.src_ip", "after.src_port", "after.dest_ip", "after.dest_port"};

template <size_t most>
void add_side(const MappingSide& names, const Tuple& tuple, EventFields<most>& members) {
  members.add(names.source, tuple.source_address());
  if (has_ports(tuple.protocol)) members.add(names.source_port, tuple.source_id);
  members.add(names.destination, tuple.destination_address());
  if (has_ports(tuple.protocol)) members.add(names.destination_port, tuple.destination_id);
}

}  // namespace sallyport
