#include <chrono>

#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

using namespace std::chrono;

struct TimeCase {
  std::string_view rule;
  seconds time;
  year_month_day date;
  Judged judged;
};

// 2024-03-01 was a Friday, and a day after a leap day.
constexpr year_month_day kFriday = 2024y / March / 1;
constexpr year_month_day kSaturday = 2024y / March / 2;
constexpr year_month_day kSunday = 2024y / March / 3;
constexpr year_month_day kLeapDay = 2024y / February / 29;

constexpr TimeCase kCases[] = {
    {"-m time", 10h, kFriday, kYes},
    {"-m time", 3h + 14min + 7s, 2038y / January / 19, kYes},
    {"-m time", 3h + 14min + 8s, 2038y / January / 19, kNo},
    {"-m time --datestop 2038-12-31T23:59:59", 0h, 2038y / January / 20, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", 10h, kFriday, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", 11h, kFriday, kYes},
    {"-m time --datestart 2024-03-01T10:00 --datestop 2024-03-01T11:00", 11h + 1s, kFriday, kNo},
    {"-m time --datestart 2024-03-01T10:00", 10h - 1s, kFriday, kNo},
    {"-m time --timestart 08:00 --timestop 17:00", 8h, kFriday, kYes},
    {"-m time --timestart 08:00 --timestop 17:00", 17h, kFriday, kYes},
    {"-m time --timestart 08:00 --timestop 17:00", 17h + 1s, kFriday, kNo},
    {"-m time --timestart 22:00 --timestop 06:00", 23h, kFriday, kYes},
    {"-m time --timestart 22:00 --timestop 06:00", 6h, kFriday, kYes},
    {"-m time --timestart 22:00 --timestop 06:00", 12h, kFriday, kNo},
    {"-m time --timestart 12:00 --timestop 12:00", 1h, kFriday, kYes},
    {"-m time --weekdays Fri", 10h, kFriday, kYes},
    {"-m time --weekdays Fri", 0h, kSaturday, kNo},
    {"-m time ! --weekdays Sat,Sun", 10h, kSunday, kNo},
    {"-m time --weekdays 7", 10h, kSunday, kYes},
    {"-m time --monthdays 1", 10h, kFriday, kYes},
    {"-m time --monthdays 29", 10h, kLeapDay, kYes},
    {"-m time ! --monthdays 29,30", 10h, kLeapDay, kNo},
    {"-m time --monthdays 31", 24h - 1s, 2023y / December / 31, kYes},
    {"-m time --monthdays 31", 0h, 2024y / January / 1, kNo},
    // The night to Saturday is two days' night, unless it is contiguous.
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri", 1h, kSaturday, kNo},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri", 1h, kFriday, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", 1h, kSaturday, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", 1h, kFriday, kNo},
    {"-m time --timestart 22:00 --timestop 06:00 --weekdays Fri --contiguous", 23h, kFriday, kYes},
    {"-m time --timestart 22:00 --timestop 06:00 --monthdays 29 --contiguous", 1h, kFriday, kYes},
    {"-m time --kerneltz --timestart 08:00 --timestop 09:00", 8h + 30min, kFriday, kYes},
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
