// Time is an input: replay takes it from packets, live from the machine, tests from their own hand.
#pragma once

#include <cstdint>

namespace sallyport {

// Nanoseconds since 1970-01-01T00:00:00Z.
using Timestamp = int64_t;
using Duration = int64_t;

constexpr Duration kNanosecond = 1;
constexpr Duration kMicrosecond = 1'000;
constexpr Duration kMillisecond = 1'000'000;
constexpr Duration kSecond = 1'000'000'000;

// The engine's time: moved by whoever feeds packets, read by everyone else. It never runs backwards: an earlier
// timestamp leaves it where it is and is counted. One thread.
class Clock {
 public:
  Timestamp now() const { return now_; }

  // Moves to `time`, or stays and counts where that lies in the past.
  void advance_to(Timestamp time) {
    if (time >= now_) {
      now_ = time;
    } else {
      ++backward_steps_;
    }
  }
  uint64_t backward_steps() const { return backward_steps_; }

 private:
  Timestamp now_ = 0;
  uint64_t backward_steps_ = 0;
};

}  // namespace sallyport
