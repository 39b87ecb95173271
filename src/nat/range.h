// Finds the tuple that a connection is mapped to.
#pragma once

#include "nat/by_source.h"
#include "nat/spared_ports.h"
#include "sallyport/nat.h"
#include "sallyport/random.h"

namespace sallyport {

// What the search may look at and use, and what it took.
struct NatSearch {
  ConnectionTable& table;
  const BySource& by_source;
  const SparedPorts& spared;
  Random& random;
  Timestamp now = 0;
  uint32_t looks = 0;  // tuples that it looked up in the table
};

// The original tuple as it will be behind the mapping: `current`, with one end in the request's range. Where nothing
// free was found the answer is taken, and the connection will not be confirmed: its packet is dropped there. Or it is
// spared (SparedPorts): then the caller drops the packet.
Tuple unique_tuple(const Tuple& current, const Connection& connection, NatEnd end, const NatRequest& request,
                   NatSearch& search);

}  // namespace sallyport
