// if_tsresol and if_tsoffset of pcapng: units that are powers of ten or of two, finer than a nanosecond included.

#include "io/time_unit.h"

#include <algorithm>
#include <limits>

namespace sallyport {
namespace {

__extension__ using Wide = __int128;

// The largest power of ten in 64 bits is the 19th.
constexpr unsigned kNanosecondDigits = 9;
constexpr unsigned kLargestPower = 19;

uint64_t power_of_ten(unsigned exponent) {
  uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

Timestamp nearest(Wide nanoseconds) {
  constexpr Wide kLow = std::numeric_limits<Timestamp>::min();
  constexpr Wide kHigh = std::numeric_limits<Timestamp>::max();
  return static_cast<Timestamp>(std::clamp(nanoseconds, kLow, kHigh));
}

}  // namespace

TimeUnit::TimeUnit(uint8_t resolution, int64_t offset_s)
    : offset_(nearest(static_cast<Wide>(offset_s) * kSecond)), binary_((resolution & 0x80) != 0) {
  const unsigned exponent = resolution & 0x7f;
  if (binary_) {
    shift_ = static_cast<uint8_t>(exponent);
  } else if (exponent <= kNanosecondDigits) {
    factor_ = static_cast<int64_t>(power_of_ten(kNanosecondDigits - exponent));
  } else {
    factor_ = 1;
    divisor_ = exponent - kNanosecondDigits <= kLargestPower ? power_of_ten(exponent - kNanosecondDigits) : 0;
  }
}

Timestamp TimeUnit::slow_time(uint64_t stamp) const {
  Wide nanoseconds = 0;
  if (binary_) {
    // 64 bits times a billion stay below 2^94.
    nanoseconds = (static_cast<Wide>(stamp) * kSecond) >> shift_;
  } else if (divisor_ != 0) {
    nanoseconds = static_cast<Wide>(stamp) * factor_ / divisor_;
  }
  return nearest(nanoseconds + offset_);
}

}  // namespace sallyport
