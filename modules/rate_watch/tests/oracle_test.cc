// The watch against a slow oracle that keeps every packet and counts anew each time.
//
//   oracle_test TRACES [SEED]   exit code 1 and the trace's seed where one differs

#include <sallyport/random.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "rate_watch/watch.h"

namespace rate_watch {
namespace {

using Key = std::array<uint8_t, 16>;

struct Packet {
  Timestamp time = 0;
  Key key = {};
  Seen seen;
};

class Oracle {
 public:
  explicit Oracle(Settings settings) : settings_(std::move(settings)), step_length_(settings_.window / 16) {}

  void see(const Packet& packet) {
    if (step_of(packet.time) != step_) check_all(packet.time);
    Source& source = place(packet.key, packet.time);
    source.last = packet.time;
    source.packets.push_back(packet);
    for (Over& over : source.overs) {
      const uint64_t counted = count(source, over.threshold);
      over.peak = std::max(over.peak, counted);
      if (counted >= settings_.thresholds[over.threshold].on) over.last_on = packet.time;
      ++over.packets;
      over.bytes += packet.seen.bytes;
      over.last_seen = packet.time;
    }
    for (size_t t = 0; t < settings_.thresholds.size(); ++t) {
      const uint64_t counted = count(source, t);
      if (counted < settings_.thresholds[t].on || find(source, t) != nullptr) continue;
      source.overs.push_back(
          {t, ++rises_, packet.time, packet.time, packet.time, packet.time, counted, 1, packet.seen.bytes});
      tell("rise", source, source.overs.back(), counted);
    }
  }
  std::string told;

 private:
  struct Over {
    size_t threshold;
    uint64_t order;
    Timestamp since, last_on, last_told, last_seen;
    uint64_t peak, packets, bytes;
  };
  struct Source {
    Key key;
    Timestamp first, last;
    std::vector<Packet> packets;
    std::vector<Over> overs;
  };

  int64_t step_of(Timestamp time) const { return time / step_length_; }
  static Over* find(Source& source, size_t threshold) {
    for (Over& over : source.overs) {
      if (over.threshold == threshold) return &over;
    }
    return nullptr;
  }

  Source& place(const Key& key, Timestamp now) {
    for (Source& source : sources_) {
      if (source.key == key) return source;
    }
    if (sources_.size() < settings_.most) return sources_.emplace_back(Source{key, now, now, {}, {}});
    size_t oldest = hand_;
    for (int i = 0; i < 16; ++i) {
      if (sources_[hand_].last < sources_[oldest].last) oldest = hand_;
      hand_ = (hand_ + 1) % sources_.size();
    }
    Source& source = sources_[oldest];
    for (auto over = source.overs.rbegin(); over != source.overs.rend(); ++over) {
      tell("evicted", source, *over, count(source, over->threshold));
    }
    return source = {key, now, now, {}, {}};
  }

  uint64_t count(const Source& source, size_t number) const {
    const Threshold& threshold = settings_.thresholds[number];
    uint64_t all = 0, highest = 0;
    std::set<std::string> distinct;
    for (const Packet& packet : source.packets) {
      if (step_of(packet.time) <= step_ - 16) continue;
      const Seen& seen = packet.seen;
      switch (threshold.measure) {
        case Measure::Packets:
          ++all;
          break;
        case Measure::Bytes:
          all += seen.bytes;
          break;
        case Measure::Connections:
          all += seen.new_connection;
          break;
        case Measure::Ports:
          if (seen.has_port) distinct.insert(std::to_string(seen.port));
          break;
        case Measure::Destinations:
          distinct.insert(std::string(seen.destination.begin(), seen.destination.end()));
      }
    }
    for (const Threshold& other : settings_.thresholds) {
      if (other.measure == threshold.measure) highest = std::max<uint64_t>(highest, other.on);
    }
    return is_distinct(threshold.measure) ? std::min<uint64_t>(distinct.size(), highest) : all;
  }

  void check_all(Timestamp now) {
    step_ = step_of(now);
    std::vector<std::pair<uint64_t, std::pair<Source*, size_t>>> all;
    for (Source& source : sources_) {
      for (const Over& over : source.overs) all.push_back({over.order, {&source, over.threshold}});
    }
    std::ranges::sort(all);
    for (const auto& [order, where] : all) {
      auto& [source, threshold] = where;
      Over& over = *find(*source, threshold);
      const uint64_t counted = count(*source, threshold);
      if (counted < settings_.thresholds[threshold].off && now - over.last_on >= settings_.hold) {
        tell("fall", *source, over, counted);
        std::erase_if(source->overs, [&](const Over& one) { return one.threshold == threshold; });
      } else if (settings_.update != 0 && now - over.last_told >= settings_.update) {
        over.last_told = now;
        tell("update", *source, over, counted);
      }
    }
  }

  void tell(const char* what, const Source& source, const Over& over, uint64_t counted) {
    char line[256];
    std::snprintf(line, sizeof line, "%s %d %s %lu %lu %lu %lu %ld %ld %ld\n", what, source.key[0],
                  settings_.thresholds[over.threshold].name.c_str(), counted, over.peak, over.packets, over.bytes,
                  over.since, source.first, over.last_seen);
    told += line;
  }

  Settings settings_;
  Duration step_length_;
  std::vector<Source> sources_;
  size_t hand_ = 0;
  int64_t step_ = -1;
  uint64_t rises_ = 0;
};

struct Writer {
  std::string* told;
  void operator()(const Told<Key>& one) const {
    constexpr const char* kTurns[] = {"rise", "update", "fall", "evicted"};
    char line[256];
    std::snprintf(line, sizeof line, "%s %d %s %lu %lu %lu %lu %ld %ld %ld\n", kTurns[static_cast<size_t>(one.turn)],
                  one.key[0], one.threshold.name.c_str(), one.count, one.peak, one.packets, one.bytes, one.since,
                  one.first_seen, one.last_seen);
    *told += line;
  }
};

Settings random_settings(sallyport::Random& random) {
  Settings settings;
  settings.window = sallyport::kSecond * (1 + random.below(20));
  settings.hold = random.below(2) * sallyport::kSecond * random.below(30);
  settings.update = random.below(2) * sallyport::kSecond * (1 + random.below(10));
  settings.most = random.below(3) == 0 ? 1 + random.below(20) : 1000;
  settings.most_distinct = 100'000;
  const uint32_t count = 1 + random.below(4);
  for (uint32_t i = 0; i < count; ++i) {
    Threshold threshold{"t" + std::to_string(i), static_cast<Measure>(random.below(kMeasures)), 0, 0};
    threshold.on = 1 + random.below(threshold.measure == Measure::Bytes ? 20'000 : 20);
    threshold.off = 1 + random.below(threshold.on);
    settings.thresholds.push_back(threshold);
  }
  return settings;
}

// Bursts, quiet times, and times that lie on a step's border.
std::vector<Packet> random_trace(sallyport::Random& random, const Settings& settings) {
  std::vector<Packet> packets(20 + random.below(200));
  Timestamp now = random.below(100) * sallyport::kSecond;
  const uint32_t sources = 1 + random.below(30);
  for (Packet& packet : packets) {
    const uint32_t gap = random.below(20);
    const Duration step = settings.window / 16;
    if (gap < 10) now += random.below(static_cast<uint32_t>(step / 1000)) * 1000L / 4;
    if (gap >= 10 && gap < 14) now += step;
    if (gap == 14) now = (now / step + 1) * step;
    if (gap == 15) now += settings.window / 2 * random.below(4);
    packet.time = now;
    packet.key[0] = static_cast<uint8_t>(random.below(3) == 0 ? random.below(sources) : random.below(2));
    packet.seen.bytes = random.below(1500);
    packet.seen.new_connection = random.below(3) == 0;
    packet.seen.has_port = random.below(4) != 0;
    packet.seen.port = static_cast<uint16_t>(random.below(30));
    packet.seen.destination[15] = static_cast<uint8_t>(random.below(25));
  }
  return packets;
}

// Some of what comes, and some that never does.
void look_ahead(Watch<Key, Writer>& watch, const std::vector<Packet>& trace, size_t from, uint32_t burst,
                sallyport::Random& random) {
  std::vector<Key> keys;
  for (size_t i = from; i < std::min(trace.size(), from + burst); ++i) {
    if (random.below(8) != 0) keys.push_back(trace[i].key);
    if (random.below(8) == 0) keys.push_back(trace[random.below(static_cast<uint32_t>(trace.size()))].key);
  }
  watch.look_ahead(keys);
}

// What was told, packet by packet; empty: the same by both.
std::string difference(uint64_t seed) {
  sallyport::Random random(seed);
  const Settings settings = random_settings(random);
  const auto trace = random_trace(random, settings);
  Oracle oracle(settings);
  std::string told;
  Watch<Key, Writer> watch(settings, {{{seed, 1}, {seed, 2}, {seed, 3}}}, Writer{&told});
  const uint32_t burst = random.below(40);  // 0: nothing is looked at ahead
  for (size_t i = 0; i < trace.size(); ++i) {
    if (burst != 0 && i % burst == 0) look_ahead(watch, trace, i, burst, random);
    told.clear();
    oracle.told.clear();
    oracle.see(trace[i]);
    watch.see(trace[i].key, trace[i].seen, trace[i].time);
    if (told != oracle.told) {
      return "packet " + std::to_string(i) + "\noracle:\n" + oracle.told + "watch:\n" + told;
    }
  }
  return "";
}

uint64_t count_told(uint64_t seed) {
  sallyport::Random random(seed);
  const Settings settings = random_settings(random);
  const auto trace = random_trace(random, settings);
  Oracle oracle(settings);
  for (const Packet& packet : trace) oracle.see(packet);
  return static_cast<uint64_t>(std::ranges::count(oracle.told, '\n'));
}

}  // namespace
}  // namespace rate_watch

int main(int argc, char** argv) {
  const uint64_t traces = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  uint64_t told = 0;
  for (uint64_t seed = first; seed < first + traces; ++seed) {
    const std::string difference = rate_watch::difference(seed);
    if (!difference.empty()) {
      std::printf("trace %lu differs at %s", seed, difference.c_str());
      return 1;
    }
    if (seed % 100 == 0) told += rate_watch::count_told(seed);
  }
  if (told == 0) {
    std::printf("nothing was ever told: the traces show nothing\n");
    return 1;
  }
  std::printf("%lu traces, the same by both; %lu tellings in every hundredth of them\n", traces, told);
  return 0;
}
