// Datagrams from fragments (RFC 791, RFC 8200, RFC 5722), with the kernel's limits, timeouts and overlap rules.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sallyport/clock.h"
#include "sallyport/packet.h"

namespace sallyport {

// net.ipv4.ipfrag_* / net.netfilter.nf_conntrack_frag6_*. The kernel's low threshold has had no effect since it stopped
// throwing datagrams out.
struct ReassemblyLimits {
  uint64_t high_bytes = 4u << 20;  // memory of all held fragments; beyond it every fragment is refused
  Duration timeout = 30 * kSecond;
  uint32_t max_distance = 64;  // IPv4: fragments of others from the same source in between; 0: no limit

  static ReassemblyLimits for_family(Family family) {
    return {.timeout = (family == Family::Ipv4 ? 30 : 60) * kSecond};
  }
};

struct ReassemblyCounters {
  uint64_t fragments = 0;    // that were asked about
  uint64_t reassembled = 0;  // datagrams
  uint64_t overlaps = 0;     // datagrams given up because a fragment overlapped
  uint64_t timeouts = 0;     // datagrams
  uint64_t too_large = 0;    // datagrams of more than 65,535 bytes, or fragments that reach beyond
  uint64_t refused = 0;      // fragments beyond the memory limit
  uint64_t duplicates = 0;   // fragments
  uint64_t bad = 0;          // fragments that contradict others, are empty, or mix ECN with its absence
  uint64_t restarts = 0;     // datagrams begun anew because too many others came between
};

enum class Gathered : uint8_t {
  Dropped,  // of no use, and left as it was: bad, a duplicate, one too many, or the end of an impossible datagram
  Held,     // moved out, it waits for the others
  Whole,    // the packet is now the whole datagram
  Passed,   // no fragment, or one that the kernel lets go on as it is
};

// All datagrams of one family in flight. Bounded by its limits; looked up by SipHash under `key`. One thread.
class Reassembly {
 public:
  Reassembly(Family family, const ReassemblyLimits& limits, const std::array<uint64_t, 2>& key);
  ~Reassembly();

  // Takes a parsed packet of the family. Fragments of `user` (a conntrack zone, a hook) never mix with another's.
  //
  // Whole: the header and facts are those of the first fragment; interface, time and number those of the last that
  // came; `largest_fragment` and `later_fragments` tell how it came. Where the snap length had cut a fragment, the
  // datagram ends (as if cut there, too) with that fragment's last byte. Forgets what is too old as of `now` first.
  Gathered add(Packet& packet, uint32_t user, Timestamp now);

  // Forgets datagrams whose time is over.
  void expire(Timestamp now);

  const ReassemblyCounters& counters() const;
  uint64_t held_bytes() const;
  size_t held_datagrams() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport
