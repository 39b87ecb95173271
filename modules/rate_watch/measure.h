// What is counted of each source, against which thresholds, and what is told of it.
#pragma once

#include <sallyport/clock.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
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

}  // namespace rate_watch
