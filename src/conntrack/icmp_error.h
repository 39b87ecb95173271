// ICMP errors and the connections that they are about.
#pragma once

#include "conntrack/connection_table.h"
#include "conntrack/pptp_calls.h"
#include "sallyport/hook.h"
#include "sallyport/refusal.h"

namespace sallyport {

// What an ICMP packet is before any tracker sees it.
enum class IcmpJudgement : uint8_t {
  Query,      // for the tracker
  Related,    // an error: the packet now carries the connection that it quotes
  Untracked,  // neighbour discovery, multicast listeners
  Invalid,
};
struct IcmpContext {
  ConnectionTable& table;
  const PptpCalls& calls;
  Zone zone = {};
  Timestamp now = 0;
  bool verify = true;  // wrong checksums are Invalid
  Refusal& refusal;    // out: why it is Invalid
};
// Marks the packet where it is an error or needs no tracking.
IcmpJudgement judge_icmp(Packet& packet, const IcmpContext& context);

}  // namespace sallyport
