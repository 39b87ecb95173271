// The distinct values of all sources for one measure, each with the step in which it was last seen.
#pragma once

#include <sallyport/bounded_table.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "rate_watch/over_list.h"
#include "rate_watch/window.h"

namespace rate_watch {

// Those of one source are linked by when they were last seen. Left is called with (source, step) where a value of the
// source, last seen in that step, is there no more or is seen again. Bounded by `most`; one thread.
template <class Left>
class DistinctValues {
 public:
  // Of each source `most_each` are kept, the last seen ones.
  DistinctValues(uint32_t most, uint32_t most_sources, uint32_t most_each, const sallyport::SipHashKey& key, Left left)
      : table_(most, 0, key), lists_(most_sources), most_each_(most_each), left_(std::move(left)) {
    table_.on_gone([this](const ValueKey& gone, Value& value) {
      if (value.linked) leave(gone.source, value);
    });
  }
  DistinctValues(const DistinctValues&) = delete;
  DistinctValues& operator=(const DistinctValues&) = delete;

  void see(uint32_t source, const std::array<uint8_t, 16>& bytes, uint32_t step, sallyport::Timestamp now) {
    Value& value = table_.at({source, bytes}, now);
    if (value.linked) leave(source, value);
    List& list = lists_[source];
    if (list.size >= most_each_) table_.erase(table_.value_at(list.oldest));
    const uint32_t self = table_.number_of(value);
    value = {.step = step, .newer = kNone, .older = list.newest, .linked = true};
    if (list.newest != kNone) table_.value_at(list.newest).newer = self;
    if (list.oldest == kNone) list.oldest = self;
    list.newest = self;
    ++list.size;
  }

  // Those that the window of 16 steps up to `step` has no trace of any more. Left is not called.
  void drop_old(uint32_t source, uint32_t step) {
    const List& list = lists_[source];
    while (list.oldest != kNone && step - table_.value_at(list.oldest).step >= kSteps) drop_oldest(source);
  }
  void drop_all(uint32_t source) {
    while (lists_[source].oldest != kNone) drop_oldest(source);
  }

  uint64_t evicted() const { return table_.evicted(); }
  size_t bytes() const { return table_.bytes() + sizeof(List) * lists_.size(); }

 private:
  struct ValueKey {
    uint32_t source;
    std::array<uint8_t, 16> bytes;
  };
  struct Value {
    uint32_t step = 0;
    uint32_t newer = kNone, older = kNone;
    bool linked = false;
  };
  struct List {
    uint32_t newest = kNone, oldest = kNone;
    uint32_t size = 0;
  };

  void unlink(uint32_t source, Value& value) {
    List& list = lists_[source];
    (value.newer != kNone ? table_.value_at(value.newer).older : list.newest) = value.older;
    (value.older != kNone ? table_.value_at(value.older).newer : list.oldest) = value.newer;
    --list.size;
    value.linked = false;
  }
  void leave(uint32_t source, Value& value) {
    unlink(source, value);
    left_(source, value.step);
  }
  void drop_oldest(uint32_t source) {
    Value& value = table_.value_at(lists_[source].oldest);
    unlink(source, value);
    table_.erase(value);
  }

  sallyport::BoundedTable<ValueKey, Value> table_;
  std::vector<List> lists_;  // by the source's number
  uint32_t most_each_;
  Left left_;
};

}  // namespace rate_watch
