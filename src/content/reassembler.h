// Puts one direction of a TCP conversation together, as its receiver does.
//
// What continues the stream is handed on at once, out of the packet itself. What lies behind a hole is copied into
// blocks and waits, sorted and without overlaps: where segments overlap, the policy says whose bytes stay. It compares
// whole segments (Novak and Sturges, "Target-Based TCP Stream Reassembly", 2007), so each block knows the one that
// brought it. What was handed on never changes.
//
// For a segment of n bytes and h blocks that wait: O(n) without a hole, else O(n + h). Blocks are bounded for each
// direction and in all; a segment for which there is no room is refused and changes nothing, so that the sender may
// send it again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "content/held_bytes.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

// One direction. Offsets count from its first byte.
struct HalfStream {
  uint64_t next = 0;   // all before has been handed on
  uint32_t first = 0;  // block that waits; 0: none
  uint32_t blocks = 0;
};

class Reassembler {
 public:
  // Blocks of one direction: some 110 kilobytes of full segments.
  static constexpr uint32_t kMostBlocks = 512;
  // No sender is this far ahead; so far behind, it is an old segment.
  static constexpr uint64_t kFarthest = uint64_t{1} << 30;

  Reassembler(HeldBlocks& blocks, OverlapPolicy policy) : blocks_(blocks), policy_(policy) {}

  // Calls take(std::span<const uint8_t>) for what continues the stream now, in order. False: no room.
  template <class Take>
  bool add(HalfStream& stream, uint64_t begin, std::span<const uint8_t> bytes, Take take) {
    const Segment segment = {begin, begin + bytes.size(), bytes.data()};
    if (segment.end <= stream.next) return true;
    if (segment.begin > stream.next) return hold(stream, segment);
    hand_on(stream, segment, take);
    while (stream.first != 0 && blocks_.at(stream.first).begin <= stream.next) hand_on_first(stream, take);
    return true;
  }

  // Forgets what waits.
  void clear(HalfStream& stream) {
    while (stream.first != 0) drop_first(stream);
  }

 private:
  struct Segment {
    uint64_t begin;
    uint64_t end;
    const uint8_t* bytes;
    std::span<const uint8_t> part(uint64_t from, uint64_t to) const { return {bytes + (from - begin), to - from}; }
  };

  // Whether the segment's bytes replace those of the block.
  bool replaces(const Segment& segment, const HeldBlock& held) const {
    switch (policy_) {
      case OverlapPolicy::First:
        return false;
      case OverlapPolicy::Last:
        return true;
      case OverlapPolicy::Bsd:
      case OverlapPolicy::Windows:
        return segment.begin < held.segment_begin;
      case OverlapPolicy::Linux:
        break;
    }
    return segment.begin < held.segment_begin ||
           (segment.begin == held.segment_begin && segment.end > held.segment_end);
  }

  // A segment that touches the stream's end: needs no room, whatever waits.
  template <class Take>
  void hand_on(HalfStream& stream, const Segment& segment, Take& take) {
    while (stream.next < segment.end) {
      if (stream.first == 0 || blocks_.at(stream.first).begin >= segment.end) {
        advance(stream, segment.part(stream.next, segment.end), take);
        continue;
      }
      HeldBlock& held = blocks_.at(stream.first);
      if (held.begin > stream.next) {
        advance(stream, segment.part(stream.next, held.begin), take);
      } else if (!replaces(segment, held)) {
        hand_on_first(stream, take);
      } else if (held.end <= segment.end) {
        drop_first(stream);
      } else {
        cut_front(held, segment.end);
      }
    }
  }

  template <class Take>
  void hand_on_first(HalfStream& stream, Take& take) {
    HeldBlock& held = blocks_.at(stream.first);
    if (held.end > stream.next) {
      cut_front(held, std::max(held.begin, stream.next));
      advance(stream, {held.data(), held.end - held.begin}, take);
    }
    drop_first(stream);
  }

  template <class Take>
  static void advance(HalfStream& stream, std::span<const uint8_t> bytes, Take& take) {
    stream.next += bytes.size();
    take(bytes);
  }

  static void cut_front(HeldBlock& held, uint64_t to) {
    held.start += static_cast<uint32_t>(to - held.begin);
    held.begin = to;
  }
  void drop_first(HalfStream& stream) {
    const uint32_t next = blocks_.at(stream.first).next;
    blocks_.give_back(stream.first);
    stream.first = next;
    --stream.blocks;
  }

  bool hold(HalfStream& stream, const Segment& segment);
  // Fills what no block has between `from` and `to`, in front of `*link`; returns the link behind it.
  uint32_t* fill(HalfStream& stream, uint32_t* link, const Segment& segment, uint64_t from, uint64_t to);
  uint32_t* give_way(HalfStream& stream, uint32_t* link, const Segment& segment);

  HeldBlocks& blocks_;
  OverlapPolicy policy_;
};

}  // namespace sallyport
