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
#include <sallyport/clock.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rate_watch {

using sallyport::Duration;
using sallyport::Timestamp;

enum class Measure : uint8_t { Packets, Bytes, Connections, Ports, Destinations };
constexpr size_t kMeasures = 5;
constexpr bool is_distinct(Measure measure) { return measure >= Measure::Ports; }

struct Threshold {
  std::string name;
  Measure measure = Measure::Packets;
  uint32_t on = 0;
  uint32_t off = 0;
};

struct Settings {
  Duration window = 10 * sallyport::kSecond;
  Duration hold = 0;
  Duration update = 60 * sallyport::kSecond;  // 0: never
  uint32_t most = 1'000'000;
  uint32_t most_distinct = 500'000;  // values of each distinct measure, over all sources
  std::vector<Threshold> thresholds;
};

// What one packet adds.
struct Seen {
  uint32_t bytes = 0;
  bool new_connection = false;
  bool has_port = false;
  uint16_t port = 0;
  std::array<uint8_t, 16> destination = {};
};

enum class Turn : uint8_t { Rise, Update, Fall, Evicted };

// What is told of a source and a threshold. `packets` and `bytes` count from the packet that rose, which is one of
// them.
template <class Key>
struct Told {
  Turn turn;
  const Key& key;
  const Threshold& threshold;
  uint64_t count;
  uint64_t peak;
  uint64_t packets;
  uint64_t bytes;
  Timestamp since;
  Timestamp first_seen;
  Timestamp last_seen;
};

// One thread. Key as BoundedTable wants it. Listener is called with Told<Key>.
template <class Key, class Listener>
class Watch {
 public:
  static constexpr uint32_t kSteps = 16;

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
      if (is_distinct(threshold.measure)) add_values(threshold.measure, keys[m - 2]);
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
    Source& source = sources_.at(key, place_for(key), now);
    const uint32_t number = sources_.number_of(source);
    if (source.step == step_ && source.over == kNone && stays_below(source, number, seen)) return false;
    see_whole(source, number, seen, now);
    return true;
  }

  // Whether the source is over the threshold with this number, or over any for -1.
  bool is_over(const Key& key, int threshold, Timestamp now) {
    const Source* source = sources_.find(key, now);
    if (source == nullptr) return false;
    for (uint32_t at = source->over; at != kNone; at = overs_[at].next_of_source) {
      if (threshold < 0 || overs_[at].threshold == static_cast<uint32_t>(threshold)) return true;
    }
    return false;
  }

  // These keys come by soon, in this order; some may not. Has memory fetched for them, and hashes each only once.
  void look_ahead(std::span<const Key> keys) {
    ahead_used_ = 0;
    ahead_ = std::min(keys.size(), coming_.size());
    for (size_t i = 0; i < ahead_; ++i) {
      Coming& coming = coming_[i];
      coming.key = keys[i];
      Coming& lately = lately_[slot_of(keys[i])];
      const bool known = lately.place != kNone && lately.key == keys[i];
      if (!known) {
        lately = {keys[i], sources_.place_of(keys[i])};
        sources_.prefetch_place(lately.place);
      }
      coming.place = lately.place;
      coming.cold = !known;
    }
    const auto fetch_windows = [this](uint32_t number) __attribute__((always_inline)) {
      if (number == sources_.most()) return;
      for (const Measure measure : used_) __builtin_prefetch(&windows_[static_cast<size_t>(measure)][number], 1);
    };
    for (size_t i = 0; i < ahead_; ++i) {
      if (coming_[i].cold) sources_.prefetch_value(coming_[i].place);
    }
    for (size_t i = 0; i < ahead_; ++i) {
      if (coming_[i].cold) fetch_windows(sources_.prefetch_own(coming_[i].key, coming_[i].place));
    }
  }

  // Whether only packets and their bytes count; else, whether what a packet adds to that measure does.
  bool asks_for_sizes_only() const { return sizes_only_; }
  bool asks_for(Measure measure) const { return windows_[static_cast<size_t>(measure)] != nullptr; }
  uint32_t sources() const { return sources_.size(); }
  uint64_t evicted() const { return sources_.evicted(); }
  uint64_t values_evicted() const {
    uint64_t all = 0;
    for (const auto& values : values_) all += values != nullptr ? values->table.evicted() : 0;
    return all;
  }
  // All memory that it may ever use but for what is over, 96 bytes each.
  size_t bytes() const {
    size_t all = sources_.bytes() + used_.size() * sizeof(Window) * sources_.most();
    for (const auto& values : values_) {
      if (values != nullptr) all += values->table.bytes() + sizeof(List) * sources_.most();
    }
    return all;
  }
  static constexpr size_t bytes_per_source(size_t measures) {
    return sizeof(Source) + sizeof(Key) + 12 + 8 + measures * sizeof(Window);
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  static constexpr uint32_t kNever = std::numeric_limits<uint32_t>::max();

  // A ring of steps; a cache line.
  struct alignas(64) Window {
    std::array<uint32_t, kSteps> steps = {};
  };

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

  // A key with its place in the table.
  struct Coming {
    Key key = {};
    uint32_t place = kNone;
    bool cold = false;  // its memory may be far
  };
  static constexpr size_t kLately = 64;
  // Not keyed: who makes keys collide here makes them be hashed again, no more.
  static size_t slot_of(const Key& key) {
    uint64_t mixed = 0;
    for (size_t at = 0; at + 8 <= sizeof key; at += 8) {
      uint64_t word;
      std::memcpy(&word, key.data() + at, sizeof word);
      mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
    }
    return mixed >> 58;
  }
  uint32_t place_for(const Key& key) {
    constexpr size_t kMostLeftOut = 4;
    const size_t end = std::min(ahead_, ahead_used_ + kMostLeftOut);
    for (size_t i = ahead_used_; i < end; ++i) {
      if (coming_[i].key != key) continue;
      ahead_used_ = i + 1;
      return coming_[i].place;
    }
    return sources_.place_of(key);
  }

  // A source over a threshold. All of them are linked in the order in which they rose.
  struct Over {
    uint32_t source = 0;  // its number
    uint32_t threshold = 0;
    uint32_t next_of_source = kNone;
    uint32_t earlier = kNone, later = kNone;
    Timestamp since = 0, last_on = 0, last_told = 0, last_seen = 0;
    uint64_t peak = 0, packets = 0, bytes = 0;
  };

  // The distinct values of all sources for one measure; those of one source are linked by when they were last seen.
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
  struct Values {
    Values(uint32_t most, uint32_t most_sources, const sallyport::SipHashKey& key)
        : table(most, 0, key), lists(most_sources) {}
    sallyport::BoundedTable<ValueKey, Value> table;
    std::vector<List> lists;  // by the source's number
  };

  void add_values(Measure measure, const sallyport::SipHashKey& key) {
    auto& values = values_[static_cast<size_t>(measure) - kFirstDistinct];
    values = std::make_unique<Values>(settings_.most_distinct, sources_.most(), key);
    values->table.on_gone([this, measure](const ValueKey& gone, Value& value) {
      if (value.linked) unlink(measure, gone.source, value);
    });
  }

  Window& window(Measure measure, uint32_t number) { return windows_[static_cast<size_t>(measure)][number]; }
  Values& values_of(Measure measure) { return *values_[static_cast<size_t>(measure) - kFirstDistinct]; }

  uint64_t count(Measure measure, uint32_t number) {
    // Two steps lie in each word: their sums are added up apart.
    uint64_t even = 0, odd = 0;
    const Window& steps = window(measure, number);
    for (size_t i = 0; i < kSteps; i += 2) {
      uint64_t two;
      std::memcpy(&two, &steps.steps[i], sizeof two);
      even += two & 0xffffffff;
      odd += two >> 32;
    }
    const uint64_t all = even + odd;
    return is_distinct(measure) ? std::min<uint64_t>(all, highest_[static_cast<size_t>(measure)]) : all;
  }

  // Clears the steps that have passed since the source was last looked at.
  void advance(Source& source, uint32_t number) {
    if (source.step == step_) return;
    const uint32_t passed = std::min(step_ - source.step, kSteps);
    for (const Measure measure : used_) {
      Window& steps = window(measure, number);
      for (uint32_t i = 0; i < passed; ++i) steps.steps[(step_ - i) % kSteps] = 0;
      if (is_distinct(measure)) drop_old(measure, number);
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
    uint32_t& here = windows_[only_][number].steps[step_ % kSteps];
    here += std::min(more, std::numeric_limits<uint32_t>::max() - here);
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
    uint32_t& here = window(measure, number).steps[step_ % kSteps];
    const uint32_t more = added(measure, seen);
    const uint32_t room = std::numeric_limits<uint32_t>::max() - here;
    here += std::min(more, room);
    return before + std::min(more, room);
  }

  // A value counts in the step in which it was last seen. No more are kept than the highest threshold asks for, the
  // last seen ones: fewer than that are in the window only where all of those in the window are kept.
  void add_value(Measure measure, uint32_t number, const std::array<uint8_t, 16>& bytes, Timestamp now) {
    Values& values = values_of(measure);
    Value& value = values.table.at({number, bytes}, now);
    if (value.linked) unlink(measure, number, value);
    List& list = values.lists[number];
    if (list.size >= highest_[static_cast<size_t>(measure)]) values.table.erase(values.table.value_at(list.oldest));
    link(measure, number, value);
  }

  void link(Measure measure, uint32_t number, Value& value) {
    Values& values = values_of(measure);
    List& list = values.lists[number];
    const uint32_t self = values.table.number_of(value);
    value = {.step = step_, .newer = kNone, .older = list.newest, .linked = true};
    if (list.newest != kNone) values.table.value_at(list.newest).newer = self;
    if (list.oldest == kNone) list.oldest = self;
    list.newest = self;
    ++list.size;
    ++window(measure, number).steps[step_ % kSteps];
  }

  void unlink(Measure measure, uint32_t number, Value& value) {
    Values& values = values_of(measure);
    List& list = values.lists[number];
    (value.newer != kNone ? values.table.value_at(value.newer).older : list.newest) = value.older;
    (value.older != kNone ? values.table.value_at(value.older).newer : list.oldest) = value.newer;
    --list.size;
    value.linked = false;
    // Its step may have been cleared already.
    uint32_t& there = window(measure, number).steps[value.step % kSteps];
    const Source& source = sources_.value_at(number);
    if (source.step - value.step < kSteps && there != 0) --there;
  }

  void drop_old(Measure measure, uint32_t number) {
    Values& values = values_of(measure);
    const List& list = values.lists[number];
    while (list.oldest != kNone && step_ - values.table.value_at(list.oldest).step >= kSteps) {
      Value& value = values.table.value_at(list.oldest);
      drop(measure, number, value);
    }
  }

  // As unlink, where the window has no trace of the value any more.
  void drop(Measure measure, uint32_t number, Value& value) {
    Values& values = values_of(measure);
    List& list = values.lists[number];
    (value.newer != kNone ? values.table.value_at(value.newer).older : list.newest) = value.older;
    (value.older != kNone ? values.table.value_at(value.older).newer : list.oldest) = value.newer;
    --list.size;
    value.linked = false;
    values.table.erase(value);
  }

  [[gnu::noinline]] void go_on_to(Timestamp now) {
    const int64_t whole = now / step_length_;
    if (base_ < 0) base_ = whole;
    step_end_ = (whole + 1) * step_length_;
    begin_step(static_cast<uint32_t>(whole - base_), now);
  }

  void begin_step(uint32_t step, Timestamp now) {
    step_ = step;
    for (uint32_t at = first_over_; at != kNone;) {
      Over& over = overs_[at];
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
    for (uint32_t at = source.over; at != kNone; at = overs_[at].next_of_source) {
      Over& over = overs_[at];
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
    for (uint32_t at = source.over; at != kNone; at = overs_[at].next_of_source) {
      if (overs_[at].threshold == threshold) return;
    }
    uint32_t at = free_over_;
    if (at != kNone) {
      free_over_ = overs_[at].later;
    } else {
      at = static_cast<uint32_t>(overs_.size());
      overs_.emplace_back();
    }
    const uint64_t counted = count(settings_.thresholds[threshold].measure, number);
    overs_[at] = {.source = number,
                  .threshold = static_cast<uint32_t>(threshold),
                  .next_of_source = source.over,
                  .earlier = last_over_,
                  .later = kNone,
                  .since = now,
                  .last_on = now,
                  .last_told = now,
                  .last_seen = now,
                  .peak = counted,
                  .packets = 1,
                  .bytes = seen.bytes};
    source.over = at;
    (last_over_ != kNone ? overs_[last_over_].later : first_over_) = at;
    last_over_ = at;
    tell(Turn::Rise, overs_[at], counted);
  }

  void fall(uint32_t at, Turn turn, uint64_t counted) {
    Over& over = overs_[at];
    tell(turn, over, counted);
    uint32_t* link = &sources_.value_at(over.source).over;
    while (*link != at) link = &overs_[*link].next_of_source;
    *link = over.next_of_source;
    (over.earlier != kNone ? overs_[over.earlier].later : first_over_) = over.later;
    (over.later != kNone ? overs_[over.later].earlier : last_over_) = over.earlier;
    over.later = free_over_;
    free_over_ = at;
  }

  // The table gives the source's place to another.
  void forget(Source& source) {
    const uint32_t number = sources_.number_of(source);
    advance(source, number);
    while (source.over != kNone) {
      const Over& over = overs_[source.over];
      fall(source.over, Turn::Evicted, count(settings_.thresholds[over.threshold].measure, number));
    }
    for (const Measure measure : used_) {
      if (!is_distinct(measure)) continue;
      Values& values = values_of(measure);
      while (values.lists[number].oldest != kNone)
        drop(measure, number, values.table.value_at(values.lists[number].oldest));
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
  std::vector<Over> overs_;
  uint32_t first_over_ = kNone, last_over_ = kNone, free_over_ = kNone;
  int64_t base_ = -1;  // the step in which the first packet came: the 0 of step_ and Source::step
  uint32_t step_ = kNever;
  Timestamp step_end_ = std::numeric_limits<Timestamp>::min();  // where step_ ends
  std::array<Coming, 64> coming_ = {};                          // of the burst that was looked at last
  size_t ahead_ = 0, ahead_used_ = 0;
  std::array<Coming, kLately> lately_ = {};
};

}  // namespace rate_watch
