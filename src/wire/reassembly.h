// Datagrams from fragments (RFC 791, RFC 8200, RFC 5722), with the kernel's limits, timeouts and overlap rules.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "sallyport/clock.h"
#include "sallyport/packet.h"

namespace sallyport {

// net.ipv4.ipfrag_* / net.ipv6.ip6frag_* (or net.netfilter.nf_conntrack_frag6_*).
struct ReassemblyLimits {
  uint64_t high_bytes = 4u << 20;  // memory of all held fragments; beyond it new datagrams are refused
  uint64_t low_bytes = 3u << 20;
  Duration timeout = 30 * kSecond;  // IPv6: 60 s
  uint32_t max_distance = 64;       // IPv4: fragments of others from the same source in between; 0: no limit
};

struct ReassemblyCounters {
  uint64_t fragments = 0, reassembled = 0, overlaps = 0, timeouts = 0, too_large = 0, refused = 0, duplicates = 0;
};

// All datagrams of one family in flight. Bounded by its limits; looked up by SipHash under `key`. One thread.
class Reassembly {
 public:
  Reassembly(Family family, const ReassemblyLimits& limits, std::array<uint64_t, 2> key);
  ~Reassembly();

  // Takes a fragment (it is moved out). Answers the whole datagram once this was its last piece: facts of the first
  // fragment, `largest_fragment` set. Fragments of `user` (a conntrack zone, a hook) never mix with another's.
  std::optional<Packet> add(Packet&& fragment, uint32_t user, Timestamp now);
  // Forgets datagrams whose time is over.
  void expire(Timestamp now);
  const ReassemblyCounters& counters() const;
  uint64_t held_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport
