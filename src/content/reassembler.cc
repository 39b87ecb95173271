// Segments that have to wait.

#include "content/reassembler.h"

#include <cstring>

namespace sallyport {

// Goes through the blocks once. A block that must give way is cut to what lies before and behind the segment; where one
// block covers the segment on both sides, that makes two of it.
bool Reassembler::hold(HalfStream& stream, const Segment& segment) {
  const auto size = static_cast<uint32_t>(segment.end - segment.begin);
  // Each block that waits may split the segment, and one of them may be split by it.
  uint32_t overlapping = 0;
  for (uint32_t at = stream.first; at != 0; at = blocks_.at(at).next) {
    const HeldBlock& held = blocks_.at(at);
    overlapping += held.begin < segment.end && held.end > segment.begin ? 1 : 0;
  }
  const uint32_t needed = size / static_cast<uint32_t>(HeldBlock::kSize) + 2 + overlapping;
  if (needed > blocks_.left() || stream.blocks + needed > kMostBlocks) return false;

  uint64_t from = segment.begin;
  uint32_t* link = &stream.first;
  while (*link != 0 && blocks_.at(*link).begin < segment.end) {
    HeldBlock& held = blocks_.at(*link);
    if (held.end <= from) {
      link = &held.next;
    } else if (replaces(segment, held)) {
      link = give_way(stream, link, segment);
    } else {
      if (held.begin > from) link = fill(stream, link, segment, from, held.begin);
      from = std::max(from, std::min(blocks_.at(*link).end, segment.end));
      link = &blocks_.at(*link).next;
    }
  }
  if (from < segment.end) fill(stream, link, segment, from, segment.end);
  return true;
}

// The block at `*link` loses what the segment has. Returns the link from which to go on: that of what follows it and
// may overlap the segment, too.
uint32_t* Reassembler::give_way(HalfStream& stream, uint32_t* link, const Segment& segment) {
  const uint32_t number = *link;
  HeldBlock& held = blocks_.at(number);
  if (held.begin < segment.begin) {
    if (held.end > segment.end) {
      const uint32_t behind = blocks_.take();
      ++stream.blocks;
      HeldBlock& rest = blocks_.at(behind);
      rest = blocks_.at(number);
      cut_front(rest, segment.end);
      blocks_.at(number).next = behind;
    }
    blocks_.at(number).end = segment.begin;
    return &blocks_.at(number).next;
  }
  if (held.end > segment.end) {
    cut_front(held, segment.end);
    return link;
  }
  *link = held.next;
  blocks_.give_back(number);
  --stream.blocks;
  return link;
}

uint32_t* Reassembler::fill(HalfStream& stream, uint32_t* link, const Segment& segment, uint64_t from, uint64_t to) {
  while (from < to) {
    const uint64_t end = std::min<uint64_t>(to, from + HeldBlock::kSize);
    const uint32_t number = blocks_.take();
    ++stream.blocks;
    HeldBlock& block = blocks_.at(number);
    block.begin = from;
    block.end = end;
    block.segment_begin = segment.begin;
    block.segment_end = segment.end;
    block.start = 0;
    std::memcpy(block.bytes.data(), segment.bytes + (from - segment.begin), end - from);
    block.next = *link;
    *link = number;
    link = &block.next;
    from = end;
  }
  return link;
}

}  // namespace sallyport
