// How an interface of a pcapng file counts time.
#pragma once

#include <cstdint>

#include "sallyport/clock.h"

namespace sallyport {

// Turns a packet's 64-bit time stamp into nanoseconds since 1970. Times that do not fit become the nearest that does.
class TimeUnit {
 public:
  // Microseconds: what a file means that says nothing.
  TimeUnit() = default;
  // `resolution` as if_tsresol has it: a negative power of ten, with the top bit set of two. `offset_s` is added.
  TimeUnit(uint8_t resolution, int64_t offset_s);

  Timestamp time(uint64_t stamp) const {
    Timestamp result;
    if (stamp >> 63 == 0 && !binary_ && divisor_ == 1 &&
        !__builtin_mul_overflow(static_cast<Timestamp>(stamp), factor_, &result) &&
        !__builtin_add_overflow(result, offset_, &result)) {
      return result;
    }
    return slow_time(stamp);
  }

 private:
  Timestamp slow_time(uint64_t stamp) const;

  int64_t factor_ = 1000;  // nanoseconds in one unit, where that is a whole number
  uint64_t divisor_ = 1;   // units in one nanosecond otherwise; 0: more than 64 bits can hold
  Duration offset_ = 0;
  uint8_t shift_ = 0;  // of a binary unit
  bool binary_ = false;
};

}  // namespace sallyport
