// Counts what each source does over a sliding window, and tells when it rises over a threshold and when it falls.
//
// The definition, which the test's oracle implements naively:
//
//   Time is cut into steps of a sixteenth of the window, counted from 1970. A count at a moment is that of the step in
//   which the moment lies and of the 15 before it. Packets, bytes and new connections are added up; of destination
//   ports and destinations, those count that were seen at least once in these 16 steps, up to the highest threshold.
//
//   A source rises over a threshold with the packet that makes its count reach ON. At the first packet of each step, no
//   matter whose, all sources that are over are looked at, in the order in which they rose, before that packet is
//   counted: a source falls whose count is below OFF and was last at or above ON at least `hold` ago. One that stays is
//   told of again where the last telling is at least `update` ago.
//
//   There are at most `most` sources. Where another one comes, of the 16 next in turn (they have numbers, in the order
//   in which they came; who comes in another's place has its number) the one goes whose last packet is longest ago.
//   Where it is over a threshold, it falls, evicted.
#pragma once

#include <sallyport/bounded_table.h>
#include <sallyport/large_memory.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "rate_watch/coming_keys.h"
#include "rate_watch/distinct_values.h"
#include "rate_watch/measure.h"
#include "rate_watch/over_list.h"
#include "rate_watch/window.h"

namespace rate_watch {

// One thread. Key as BoundedTable wants it. Listener is called with Told<Key>.
template <class Key, class Listener>
class Watch {
 public:
  Watch(Settings settings, const std::array<sallyport::SipHashKey, 3>& keys, Listener listener)
      : settings_(std::move(settings)),
        step_length_(std::max<Duration>(settings_.window / kSteps, 1)),
        listener_(std::move(listener)),
        sources_(settings_.most, 0, keys[0]) {
    sources_.on_gone([this](const Key&, Source& source) { forget(source); });
    for (const Threshold& threshold : settings_.thresholds) {
      const auto m = static_cast<size_t>(threshold.measure);
      highest_[m] = std::max(highest_[m], threshold.on);
      if (windows_[m] != nullptr) continue;
      windows_[m] = sallyport::large_array<Window>(sources_.most());
      used_.push_back(threshold.measure);
    }
    for (const Measure measure : used_) {
      if (is_distinct(measure)) add_values(measure, keys[static_cast<size_t>(measure) - 2]);
    }
    sizes_only_ = std::ranges::all_of(used_, [](Measure measure) { return measure <= Measure::Bytes; });
    if (used_.size() == 1 && !is_distinct(used_[0])) only_ = static_cast<size_t>(used_[0]);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A packet of the source `key`; `now` never runs backwards. False: nothing but a count has changed.
  bool see(const Key& key, const Seen& seen, Timestamp now) {
    if (now >= step_end_) [[unlikely]]
      go_on_to(now);
    Source& source = sources_.at(key, coming_.place_for(key, sources_), now);
    const uint32_t number = sources_.number_of(source);
    if (source.step == step_ && source.over == kNone && stays_below(source, number, seen)) return false;
    see_whole(source, number, seen, now);
    return true;
  }

  // Whether the source is over the threshold with this number, or over any for -1.
  bool is_over(const Key& key, int threshold, Timestamp now) {
    const Source* source = sources_.find(key, now);
    if (source == nullptr) return false;
    if (threshold < 0) return source->over != kNone;
    return overs_.has(source->over, static_cast<uint32_t>(threshold));
  }

  // These keys come by soon, in this order; some may not. Has memory fetched for them, and hashes each only once.
  void look_ahead(std::span<const Key> keys) {
    coming_.look_ahead(keys, sources_);
    coming_.for_each_cold([this](const Key&, uint32_t place)
                              __attribute__((always_inline)) { sources_.prefetch_value(place); });
    coming_.for_each_cold([this](const Key& key, uint32_t place) __attribute__((always_inline)) {
      const uint32_t number = sources_.prefetch_own(key, place);
      if (number == sources_.most()) return;
      for (const Measure measure : used_) __builtin_prefetch(&windows_[static_cast<size_t>(measure)][number], 1);
    });
  }

  // Whether only packets and their bytes count; else, whether what a packet adds to that measure does.
  bool asks_for_sizes_only() const { return sizes_only_; }
  bool asks_for(Measure measure) const { return windows_[static_cast<size_t>(measure)] != nullptr; }
  uint32_t sources() const { return sources_.size(); }
  uint64_t evicted() const { return sources_.evicted(); }
  uint64_t values_evicted() const {
    uint64_t all = 0;
    for (const auto& values : values_) all += values != nullptr ? values->evicted() : 0;
    return all;
  }
  // All memory that it may ever use but for what is over, 96 bytes each.
  size_t bytes() const {
    size_t all = sources_.bytes() + used_.size() * sizeof(Window) * sources_.most();
    for (const auto& values : values_) {
      if (values != nullptr) all += values->bytes();
    }
    return all;
  }
  static constexpr size_t bytes_per_source(size_t measures) {
    return sizeof(Source) + sizeof(Key) + 12 + 8 + measures * sizeof(Window);
  }

 private:
  static constexpr uint32_t kNever = kNone;

  struct Source {
    uint32_t step = kNever;  // up to which its windows are cleared
    uint32_t over = kNone;   // the first of its thresholds that it is over
    uint32_t first_low = 0, first_high = 0;
    uint32_t room = 0;  // as long as less than that is added, no threshold is reached
    void set_first(Timestamp time) {
      first_low = static_cast<uint32_t>(time);
      first_high = static_cast<uint32_t>(static_cast<uint64_t>(time) >> 32);
    }
    Timestamp first() const { return static_cast<Timestamp>(uint64_t{first_high} << 32 | first_low); }
  };

  // A value counts in the step in which it was last seen. No more are kept than the highest threshold asks for, the
  // last seen ones: fewer than that are in the window only where all of those in the window are kept.
  struct LeaveWindow {
    Watch* watch;
    Measure measure;
    // The step may have been cleared already.
    void operator()(uint32_t source, uint32_t step) const {
      if (watch->sources_.value_at(source).step - step < kSteps) watch->window(measure, source).take_one(step);
    }
  };
  using Values = DistinctValues<LeaveWindow>;

  void add_values(Measure measure, const sallyport::SipHashKey& key) {
    const auto m = static_cast<size_t>(measure);
    values_[m - kFirstDistinct] = std::make_unique<Values>(settings_.most_distinct, sources_.most(), highest_[m], key,
                                                           LeaveWindow{this, measure});
  }

  Window& window(Measure measure, uint32_t number) { return windows_[static_cast<size_t>(measure)][number]; }
  Values& values_of(Measure measure) { return *values_[static_cast<size_t>(measure) - kFirstDistinct]; }

  uint64_t count(Measure measure, uint32_t number) {
    const uint64_t all = window(measure, number).sum();
    return is_distinct(measure) ? std::min<uint64_t>(all, highest_[static_cast<size_t>(measure)]) : all;
  }

  // Clears the steps that have passed since the source was last looked at.
  void advance(Source& source, uint32_t number) {
    if (source.step == step_) return;
    const uint32_t passed = std::min(step_ - source.step, kSteps);
    for (const Measure measure : used_) {
      window(measure, number).clear(step_, passed);
      if (is_distinct(measure)) values_of(measure).drop_old(number, step_);
    }
    source.step = step_;
  }

  // What adds up can reach a threshold only with what is missing: until then nobody needs to know the count. False: it
  // may, or there are several measures, for which a source has no room; nothing was added.
  bool stays_below(Source& source, uint32_t number, const Seen& seen) {
    if (only_ == kMeasures) return false;
    const uint32_t more = added(static_cast<Measure>(only_), seen);
    if (more >= source.room) return false;
    source.room -= more;
    windows_[only_][number].add(step_, more);
    return true;
  }
  static uint32_t added(Measure measure, const Seen& seen) {
    return measure == Measure::Packets ? 1 : measure == Measure::Bytes ? seen.bytes : seen.new_connection;
  }

  [[gnu::noinline]] void see_whole(Source& source, uint32_t number, const Seen& seen, Timestamp now) {
    if (source.step == kNever) {
      for (const Measure measure : used_) window(measure, number) = {};
      source.step = step_;
      source.set_first(now);
    }
    advance(source, number);
    std::array<uint64_t, kMeasures> counts;
    for (const Measure measure : used_) counts[static_cast<size_t>(measure)] = add(measure, number, seen, now);
    if (source.over != kNone) count_over(source, number, seen, now);
    uint32_t room = std::numeric_limits<uint32_t>::max();
    for (size_t t = 0; t < settings_.thresholds.size(); ++t) {
      const Threshold& threshold = settings_.thresholds[t];
      const uint64_t count = counts[static_cast<size_t>(threshold.measure)];
      if (count >= threshold.on) rise(t, source, number, seen, now);
      room = std::min(room, count < threshold.on ? static_cast<uint32_t>(threshold.on - count) : 0);
    }
    source.room = room;
  }

  // The count with what the packet adds. What was there is summed up before it is written to: memory that was just
  // written in small pieces is slow to read in large ones.
  uint64_t add(Measure measure, uint32_t number, const Seen& seen, Timestamp now) {
    if (is_distinct(measure)) {
      if (measure == Measure::Destinations) add_value(measure, number, seen.destination, now);
      if (measure == Measure::Ports && seen.has_port) {
        std::array<uint8_t, 16> value = {};
        std::memcpy(value.data(), &seen.port, sizeof seen.port);
        add_value(measure, number, value, now);
      }
      return count(measure, number);
    }
    const uint64_t before = count(measure, number);
    return before + window(measure, number).add(step_, added(measure, seen));
  }

  void add_value(Measure measure, uint32_t number, const std::array<uint8_t, 16>& bytes, Timestamp now) {
    values_of(measure).see(number, bytes, step_, now);
    window(measure, number).add(step_, 1);
  }

  [[gnu::noinline]] void go_on_to(Timestamp now) {
    const int64_t whole = now / step_length_;
    if (base_ < 0) base_ = whole;
    step_end_ = (whole + 1) * step_length_;
    begin_step(static_cast<uint32_t>(whole - base_), now);
  }

  void begin_step(uint32_t step, Timestamp now) {
    step_ = step;
    for (uint32_t at = overs_.first(); at != kNone;) {
      Over& over = overs_.at(at);
      const uint32_t next = over.later;
      Source& source = sources_.value_at(over.source);
      advance(source, over.source);
      const Threshold& threshold = settings_.thresholds[over.threshold];
      const uint64_t counted = count(threshold.measure, over.source);
      if (counted < threshold.off && now - over.last_on >= settings_.hold) {
        fall(at, Turn::Fall, counted);
      } else if (settings_.update != 0 && now - over.last_told >= settings_.update) {
        over.last_told = now;
        tell(Turn::Update, over, counted);
      }
      at = next;
    }
  }

  void count_over(const Source& source, uint32_t number, const Seen& seen, Timestamp now) {
    for (uint32_t at = source.over; at != kNone; at = overs_.at(at).next_of_source) {
      Over& over = overs_.at(at);
      const Threshold& threshold = settings_.thresholds[over.threshold];
      const uint64_t counted = count(threshold.measure, number);
      over.peak = std::max(over.peak, counted);
      if (counted >= threshold.on) over.last_on = now;
      ++over.packets;
      over.bytes += seen.bytes;
      over.last_seen = now;
    }
  }

  void rise(size_t threshold, Source& source, uint32_t number, const Seen& seen, Timestamp now) {
    if (overs_.has(source.over, static_cast<uint32_t>(threshold))) return;
    const uint64_t counted = count(settings_.thresholds[threshold].measure, number);
    const Over& over = overs_.add({.source = number,
                                   .threshold = static_cast<uint32_t>(threshold),
                                   .since = now,
                                   .last_on = now,
                                   .last_told = now,
                                   .last_seen = now,
                                   .peak = counted,
                                   .packets = 1,
                                   .bytes = seen.bytes},
                                  source.over);
    tell(Turn::Rise, over, counted);
  }

  void fall(uint32_t at, Turn turn, uint64_t counted) {
    const Over& over = overs_.at(at);
    tell(turn, over, counted);
    overs_.remove(at, sources_.value_at(over.source).over);
  }

  // The table gives the source's place to another.
  void forget(Source& source) {
    const uint32_t number = sources_.number_of(source);
    advance(source, number);
    while (source.over != kNone) {
      const Over& over = overs_.at(source.over);
      fall(source.over, Turn::Evicted, count(settings_.thresholds[over.threshold].measure, number));
    }
    for (const Measure measure : used_) {
      if (is_distinct(measure)) values_of(measure).drop_all(number);
    }
  }

  void tell(Turn turn, const Over& over, uint64_t counted) {
    const Source& source = sources_.value_at(over.source);
    listener_(Told<Key>{turn, sources_.key_at(over.source), settings_.thresholds[over.threshold], counted, over.peak,
                        over.packets, over.bytes, over.since, source.first(), over.last_seen});
  }

  static constexpr size_t kFirstDistinct = static_cast<size_t>(Measure::Ports);

  Settings settings_;
  Duration step_length_;
  Listener listener_;
  sallyport::BoundedTable<Key, Source> sources_;
  std::array<sallyport::LargeArray<Window>, kMeasures> windows_;  // by the source's number; null: not asked for
  std::array<std::unique_ptr<Values>, kMeasures - kFirstDistinct> values_;
  std::array<uint32_t, kMeasures> highest_ = {};
  std::vector<Measure> used_;
  bool sizes_only_ = false;
  size_t only_ = kMeasures;  // the one measure, where there is only one and it adds up
  OverList overs_;
  int64_t base_ = -1;  // the step in which the first packet came: the 0 of step_ and Source::step
  uint32_t step_ = kNever;
  Timestamp step_end_ = std::numeric_limits<Timestamp>::min();  // where step_ ends
  ComingKeys<Key, sallyport::BoundedTable<Key, Source>> coming_;
};

}  // namespace rate_watch
