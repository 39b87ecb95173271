// The sources that are over a threshold, in the order in which they rose.
#pragma once

#include <sallyport/clock.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace rate_watch {

// No number of a list's entry, source or step.
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// One source over one threshold.
struct Over {
  uint32_t source = 0;  // its number
  uint32_t threshold = 0;
  uint32_t next_of_source = kNone;
  uint32_t earlier = kNone, later = kNone;
  sallyport::Timestamp since = 0, last_on = 0, last_told = 0, last_seen = 0;
  uint64_t peak = 0, packets = 0, bytes = 0;
};

// Entries keep their number. Each source knows the first of its own: `first_of_source`. One thread.
class OverList {
 public:
  uint32_t first() const { return first_; }
  Over& at(uint32_t number) { return overs_[number]; }
  const Over& at(uint32_t number) const { return overs_[number]; }

  bool has(uint32_t first_of_source, uint32_t threshold) const {
    uint32_t at = first_of_source;
    while (at != kNone && overs_[at].threshold != threshold) at = overs_[at].next_of_source;
    return at != kNone;
  }

  // The links of `over` are set here.
  const Over& add(const Over& over, uint32_t& first_of_source) {
    uint32_t number = free_;
    if (number != kNone) {
      free_ = overs_[number].later;
    } else {
      number = static_cast<uint32_t>(overs_.size());
      overs_.emplace_back();
    }
    Over& added = overs_[number];
    added = over;
    added.next_of_source = first_of_source;
    added.earlier = last_;
    added.later = kNone;
    first_of_source = number;
    (last_ != kNone ? overs_[last_].later : first_) = number;
    last_ = number;
    return added;
  }

  void remove(uint32_t number, uint32_t& first_of_source) {
    Over& over = overs_[number];
    uint32_t* link = &first_of_source;
    while (*link != number) link = &overs_[*link].next_of_source;
    *link = over.next_of_source;
    (over.earlier != kNone ? overs_[over.earlier].later : first_) = over.later;
    (over.later != kNone ? overs_[over.later].earlier : last_) = over.earlier;
    over.later = free_;
    free_ = number;
  }

 private:
  std::vector<Over> overs_;
  uint32_t first_ = kNone, last_ = kNone;
  uint32_t free_ = kNone;  // chained by `later`
};

}  // namespace rate_watch
