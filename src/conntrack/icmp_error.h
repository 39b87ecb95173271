// ICMP errors and the connections that they are about.
#pragma once

#include "conntrack/connection_table.h"
#include "sallyport/hook.h"

namespace sallyport {

// What an ICMP packet is before any tracker sees it.
enum class IcmpJudgement : uint8_t {
  Query,      // for the tracker
  Related,    // an error: the packet now carries the connection that it quotes
  Untracked,  // neighbour discovery, multicast listeners
  Invalid,
};
// Marks the packet where it is an error or needs no tracking. `verify`: wrong checksums are Invalid.
IcmpJudgement judge_icmp(Packet& packet, ConnectionTable& table, Zone zone, Timestamp now, bool verify);

}  // namespace sallyport
