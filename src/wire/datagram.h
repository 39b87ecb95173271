// One datagram on its way to being whole: its fragments in order, and the joining of them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sallyport/packet.h"

namespace sallyport {

// What a fragment says of itself.
struct FragmentSpan {
  uint32_t header = 0;          // bytes in front of its payload, IPv6's fragment header included
  uint32_t next_header_at = 0;  // IPv6: the byte that announces the fragment header
  uint32_t offset = 0;          // of its payload in the datagram
  uint32_t end = 0;             // one behind it
  bool more = false;            // it does not claim to be the last
};

// The fragments of one datagram. They lie in runs, stretches without a gap, as in the kernel, because which fragments
// count as duplicates depends on the runs: a fragment inside one is a duplicate, whatever it holds; one that touches a
// run in another way overlaps. A run grows only at the end of the datagram so far; a fragment that fills a gap makes a
// run of its own even where it borders on others.
class Datagram {
 public:
  enum class Fit : uint8_t { Added, Duplicate, Contradicts, Overlaps };

  // Whether `span` fits what is known, and if it does, takes `packet` in. `span.end` may be cut to whole units of
  // eight. What the span says of the datagram's end is remembered even if it is a duplicate.
  Fit add(Packet& packet, FragmentSpan span);

  bool complete() const { return first_seen_ && last_seen_ && received_ == length_; }
  bool empty() const { return runs_.empty(); }

  enum class Join : uint8_t { Done, TooLarge, BadEcn };
  // The datagram; only when complete. `last` is what the packet that completed it said of interface, time and number.
  Join join(const PacketFacts& last, Packet& whole) const;

  // Gives the fragment at `offset` back, which must have been added.
  Packet release(uint32_t offset);

  // Forgets all fragments.
  void restart();

  // What the held fragments cost.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Piece {
    Packet packet;
    FragmentSpan span;
  };
  struct Run {
    uint32_t end = 0;
    std::vector<Piece> pieces;
  };

  bool agrees_on_end(const FragmentSpan& span);
  Fit insert(Packet& packet, const FragmentSpan& span);
  void keep(std::vector<Piece>& pieces, Packet& packet, const FragmentSpan& span);
  void append_payloads(Packet& whole) const;
  void set_ipv4_header(Packet& whole, uint8_t ecn) const;
  void set_ipv6_header(Packet& whole, uint8_t ecn) const;

  std::map<uint32_t, Run> runs_;  // by offset
  uint32_t length_ = 0;           // as far as known
  uint32_t received_ = 0;
  uint32_t largest_ = 0;             // packet
  uint32_t largest_uncuttable_ = 0;  // with DF
  uint64_t bytes_ = 0;
  uint8_t ecn_seen_ = 0;  // a bit per code point
  bool first_seen_ = false;
  bool last_seen_ = false;
};

}  // namespace sallyport
