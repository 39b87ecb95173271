#include <chrono>

#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

using namespace std::chrono;

struct TimeCase {
  std::string_view rule;
  year_month_day date;
  seconds time;
  Judged judged;
};

// 2024-03-01 was a Friday, and a day after a leap day.
constexpr year_month_day kFriday = 2024y / March / 1;
constexpr year_month_day kSaturday = 2024y / March / 2;
constexpr year_month_day kSunday = 2024y / March / 3;
constexpr year_month_day kLeapDay = 2024y / February / 29;

constexpr TimeCase kCases[] = {
    {"-m time", kFriday, 10h, kYes},
    {"-m time", 2038y / January / 19, 3h + 14min + 7s, kYes},
    {"-m time", 2038y / January / 19, 3h + 14min + 8s, kNo},
    {"-m time --datestop 2038-12-31T23:59:59", 2038y / January / 20, 0h, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", kFriday, 10h, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", kFriday, 11h, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", kFriday, 11h + 1s, kNo},
    {"-m time --datestart 2024-03-01T10:00", kFriday, 10h - 1s, kNo},
    {"-m time --timestart 08:00 --timestop 17:00", kFriday, 8h, kYes},
    {"-m time --timestart 08:00 --timestop 17:00", kFriday, 17h, kYes},
    {"-m time --timestart 08:00 --timestop 17:00", kFriday, 17h + 1s, kNo},
    {"-m time --timestart 22:00 --timestop 06:00", kFriday, 23h, kYes},
    {"-m time --timestart 22:00 --timestop 06:00", kFriday, 6h, kYes},
    {"-m time --timestart 22:00 --timestop 06:00", kFriday, 12h, kNo},
    {"-m time --timestart 12:00 --timestop 12:00", kFriday, 1h, kYes},
    {"-m time --weekdays Fri", kFriday, 10h, kYes},
    {"-m time --weekdays Fri", kSaturday, 0h, kNo},
    {"-m time ! --weekdays Sat,Sun", kSunday, 10h, kNo},
    {"-m time --weekdays 7", kSunday, 10h, kYes},
    {"-m time --monthdays 1", kFriday, 10h, kYes},
    {"-m time --monthdays 29", kLeapDay, 10h, kYes},
    {"-m time ! --monthdays 29,30", kLeapDay, 10h, kNo},
    {"-m time --monthdays 31", 2023y / December / 31, 24h - 1s, kYes},
    {"-m time --monthdays 31", 2024y / January / 1, 0h, kNo},
    // The night to Saturday is two days' night, unless it is contiguous.
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri", kSaturday, 1h, kNo},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri", kFriday, 1h, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", kSaturday, 1h, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", kFriday, 1h, kNo},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", kFriday, 23h, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --monthdays 29 --contiguous", kFriday, 1h, kYes},
    {"-m time --kerneltz --timestart 08:00 --timestop 09:00", kFriday, 8h + 30min, kYes},
};

TEST(TimeMatch, ComparesDateDayAndTime) {
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  for (const TimeCase& one : kCases) {
    RuleCase rule(one.rule, Family::Ipv4);
    const nanoseconds since_1970 = sys_days(one.date).time_since_epoch() + one.time;
    rule.clock.advance_to(since_1970.count() + kSecond / 2);
    EXPECT_EQ(rule.judge(packet), one.judged) << one.rule << ", " << since_1970.count();
  }
}

}  // namespace
}  // namespace sallyport::test
