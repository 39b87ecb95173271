#include "io/time_unit.h"

#include <gtest/gtest.h>

#include <limits>

namespace sallyport {
namespace {

constexpr Timestamp kLatest = std::numeric_limits<Timestamp>::max();
constexpr Timestamp kEarliest = std::numeric_limits<Timestamp>::min();
constexpr uint64_t kAllBits = std::numeric_limits<uint64_t>::max();

struct TimeCase {
  uint8_t resolution;
  int64_t offset_s;
  uint64_t stamp;
  Timestamp time;
};
constexpr TimeCase kTimeCases[] = {
    {6, 0, 1'700'000'000'123'456, 1'700'000'000'123'456'000},
    {9, 0, 1'700'000'000'123'456'789, 1'700'000'000'123'456'789},
    {0, 0, 1'700'000'000, 1'700'000'000'000'000'000},
    {3, 0, 1'700'000'000'123, 1'700'000'000'123'000'000},
    {12, 0, 1'999, 1},  // picoseconds
    {18, 0, 5'000'000'000'000'000'000, kSecond * 5},
    {28, 0, kAllBits, 1},  // 10^-28: 1.8 ns in all
    {29, 0, kAllBits, 0},
    {127, 0, kAllBits, 0},
    {0x80 | 0, 0, 7, 7 * kSecond},
    {0x80 | 1, 0, 7, 3'500'000'000},
    {0x80 | 32, 0, (uint64_t{9} << 32) | 0x80000000u, 9'500'000'000},
    {0x80 | 63, 0, uint64_t{1} << 62, 500'000'000},
    {0x80 | 64, 0, uint64_t{1} << 63, 500'000'000},
    {0x80 | 127, 0, kAllBits, 0},
    {6, 10, 1, 10 * kSecond + 1000},
    {6, -10, 1, -10 * kSecond + 1000},
    {9, 0, kAllBits, kLatest},  // what does not fit is as late as can be
    {0, 0, kAllBits, kLatest},
    {0, 0, 9'223'372'037, kLatest},
    {0x80, 0, kAllBits, kLatest},
    {9, 9'223'372'036, kAllBits >> 1, kLatest},
    {9, std::numeric_limits<int64_t>::max(), 0, kLatest},
    {9, std::numeric_limits<int64_t>::min(), 0, kEarliest},
    {9, std::numeric_limits<int64_t>::min(), 1, kEarliest + 1},
};

TEST(TimeUnit, TurnsStampsIntoNanoseconds) {
  for (const TimeCase& each : kTimeCases) {
    EXPECT_EQ(TimeUnit(each.resolution, each.offset_s).time(each.stamp), each.time)
        << int{each.resolution} << " " << each.offset_s << " " << each.stamp;
  }
}

TEST(TimeUnit, IsMicrosecondsWhereNothingIsSaid) { EXPECT_EQ(TimeUnit().time(3), 3000); }

}  // namespace
}  // namespace sallyport
