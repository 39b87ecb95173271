// -m time: the date, the days and the hours at which a packet comes. Counterpart of net/netfilter/xt_time.c.
//
// Differs from the kernel: --kerneltz counts in UTC. The kernel's own time zone is a setting of the machine, and 0 on
// one that nobody set.

#include <fmt/format.h>

#include <chrono>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr uint32_t kLastSecond = kSecondsPerDay - 1;
constexpr uint32_t kAllMonthdays = 0xfffffffe;  // bits 1 to 31
constexpr uint32_t kAllWeekdays = 0xfe;         // bits 1, Monday, to 7
constexpr uint32_t kLatestDate = INT32_MAX;
constexpr std::string_view kWeekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
// Longer day numbers and names are cut off by iptables' buffers.
constexpr size_t kMonthdayLetters = 2;
constexpr size_t kWeekdayLetters = 3;

struct TimeTest {
  int64_t first_date = 0;
  int64_t last_date = kLatestDate;
  uint32_t start = 0;
  uint32_t stop = kLastSecond;
  uint32_t monthdays = kAllMonthdays;
  uint32_t weekdays = kAllWeekdays;
  bool contiguous = false;
};

unsigned weekday_of(int64_t day) {
  constexpr int64_t kFirstDay = 3;  // 1970-01-01 was the fourth of a week that begins with Monday
  return static_cast<unsigned>((day + kFirstDay) % 7) + 1;
}

unsigned monthday_of(int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return static_cast<unsigned>(date.day());
}

class TimeMatch final : public Match {
 public:
  explicit TimeMatch(const TimeTest& test) : test_(test) {}

  bool matches(const Packet&, HookContext& context) override {
    const int64_t now = context.now() / kSecond;
    if (now < test_.first_date || now > test_.last_date) return false;
    int64_t day = now / kSecondsPerDay;
    const auto second = static_cast<uint32_t>(now % kSecondsPerDay);
    if (test_.start < test_.stop) {
      if (second < test_.start || second > test_.stop) return false;
    } else {
      if (second < test_.start && second > test_.stop) return false;
      // The hours after midnight belong to the day on which the span began.
      if (test_.contiguous && second <= test_.stop) --day;
    }
    if (((test_.weekdays >> weekday_of(day)) & 1u) == 0) return false;
    return test_.monthdays == kAllMonthdays || ((test_.monthdays >> monthday_of(day)) & 1u) != 0;
  }

 private:
  TimeTest test_;
};

// Takes "NUMBER" and, if the text goes on, the one letter that must follow it. No digits count as 0.
std::optional<unsigned> take_field(std::string_view& text, char separator, unsigned max) {
  const uint64_t number = take_number(text, 10).value_or(0);
  if (number > max) return std::nullopt;
  if (!text.empty()) {
    if (text[0] != separator) return std::nullopt;
    text.remove_prefix(1);
    if (text.empty()) text = std::string_view("0");  // "10:" is 10:00
  }
  return static_cast<unsigned>(number);
}

// YYYY[-MM[-DD[Thh[:mm[:ss]]]]]; a day that the month does not have runs over into the next.
std::optional<int64_t> parse_instant(std::string_view text) {
  constexpr char kSeparators[] = {'-', '-', 'T', ':', ':', '\0'};
  constexpr unsigned kMax[] = {2038, 12, 31, 23, 59, 59};
  unsigned fields[] = {0, 1, 1, 0, 0, 0};
  for (size_t i = 0; i < std::size(fields) && (i == 0 || !text.empty()); ++i) {
    const auto field = take_field(text, kSeparators[i], kMax[i]);
    if (!field) return std::nullopt;
    fields[i] = *field;
  }
  if (!text.empty() || fields[0] < 1970) return std::nullopt;
  using namespace std::chrono;
  const year_month first = year(static_cast<int>(fields[0])) / January + months(static_cast<int>(fields[1]) - 1);
  const int64_t day = sys_days(first / 1).time_since_epoch().count() + static_cast<int64_t>(fields[2]) - 1;
  const int64_t second = int64_t{fields[3]} * 3600 + int64_t{fields[4]} * 60 + fields[5];
  const int64_t instant = day * kSecondsPerDay + second;
  return instant < 0 ? std::nullopt : std::optional(instant);
}

Result<void> parse_date(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto instant = parse_instant(text);
  if (!instant) {
    return fail(fmt::format("\"{}\" is not a date", text), "YYYY[-MM[-DD[Thh[:mm[:ss]]]]] from 1970 to 2038");
  }
  value.number = static_cast<uint64_t>(*instant);
  return {};
}

Result<void> parse_time(std::string_view text, const RuleContext&, OptionValue& value) {
  constexpr unsigned kMax[] = {23, 59, 59};
  constexpr char kSeparators[] = {':', ':', '\0'};
  unsigned fields[] = {0, 0, 0};
  bool right = text.find(':') != std::string_view::npos;
  std::string_view rest = text;
  for (size_t i = 0; i < std::size(fields) && right && (i == 0 || !rest.empty()); ++i) {
    const auto field = take_field(rest, kSeparators[i], kMax[i]);
    right = field.has_value();
    fields[i] = field.value_or(0);
  }
  if (!right || !rest.empty()) return fail(fmt::format("\"{}\" is not a time", text), "hh:mm[:ss] up to 23:59:59");
  value.number = uint64_t{fields[0]} * 3600 + uint64_t{fields[1]} * 60 + fields[2];
  return {};
}

// Calls `take` with each part of "A,B,C", empty ones before a comma included.
template <class Take>
Result<void> for_each_day(std::string_view text, size_t letters, Take take) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    if (auto done = take(text.substr(0, comma).substr(0, letters)); !done) return done;
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return {};
}

// A number with nothing behind it; no digits at all count as 0.
std::optional<uint64_t> day_number(std::string_view word) {
  if (word.empty()) return 0;
  const auto number = take_number(word);
  return number && word.empty() ? number : std::nullopt;
}

Result<void> parse_monthdays(std::string_view text, const RuleContext&, OptionValue& value) {
  return for_each_day(text, kMonthdayLetters, [&](std::string_view word) -> Result<void> {
    const auto day = day_number(word);
    if (!day || *day > 31) return fail(fmt::format("\"{}\" is not a day of the month", word), "1 to 31");
    value.number |= 1u << *day;
    return {};
  });
}

Result<void> parse_weekdays(std::string_view text, const RuleContext&, OptionValue& value) {
  return for_each_day(text, kWeekdayLetters, [&](std::string_view word) -> Result<void> {
    const auto number = day_number(word);
    if (number && *number != 0) {
      value.number |= (1u << (*number & 31u)) & 0xffu;
      return {};
    }
    bool found = false;
    for (size_t i = 0; i < std::size(kWeekdays); ++i) {
      if (number || word.substr(0, 2) != kWeekdays[i].substr(0, 2)) continue;
      value.number |= 2u << i;
      found = true;
    }
    if (!found) return fail(fmt::format("\"{}\" is not a day of the week", word), "Mon to Sun, or 1, Monday, to 7");
    return {};
  });
}

TimeTest test_of(const Options& options) {
  return {.first_date = static_cast<int64_t>(options.number("datestart")),
          .last_date = static_cast<int64_t>(options.number("datestop", kLatestDate)),
          .start = static_cast<uint32_t>(options.number("timestart")),
          .stop = static_cast<uint32_t>(options.number("timestop", kLastSecond)),
          .monthdays = static_cast<uint32_t>(options.number("monthdays", kAllMonthdays)),
          .weekdays = static_cast<uint32_t>(options.number("weekdays", kAllWeekdays)),
          .contiguous = options.has("contiguous")};
}

void set_upright(OptionValue& value, uint32_t all) {
  if (!value.inverted) return;
  value.number ^= all;
  value.inverted = false;
}

// Days behind "!" become all others.
Result<void> check(Options& options, const RuleContext&) {
  set_upright(options["monthdays"], kAllMonthdays);
  set_upright(options["weekdays"], kAllWeekdays);
  if (options.has("utc") && (options.has("kerneltz") || options.has("localtz"))) {
    return fail("--utc and --kerneltz exclude each other", "one of them");
  }
  const TimeTest test = test_of(options);
  if (test.contiguous && test.start < test.stop) {
    return fail("--contiguous means a span over midnight", "a --timestop before --timestart");
  }
  return {};
}

void print_time(std::string_view name, uint32_t second, std::string& out) {
  out += fmt::format(" --{} {:02}:{:02}:{:02}", name, second / 3600, second / 60 % 60, second % 60);
}

void print_date(std::string_view name, int64_t instant, std::string& out) {
  if (instant == 0) return;
  const int64_t days = instant / kSecondsPerDay;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  const auto second = static_cast<uint32_t>(instant % kSecondsPerDay);
  out += fmt::format(" --{} {:04}-{:02}-{:02}T{:02}:{:02}:{:02}", name, static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
                     second / 60 % 60, second % 60);
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const TimeTest test = test_of(options);
  if (test.start != 0 || test.stop != kLastSecond) {
    print_time("timestart", test.start, out);
    print_time("timestop", test.stop, out);
  }
  if (test.monthdays != kAllMonthdays) {
    std::string days;
    for (unsigned day = 1; day <= 31; ++day) {
      if (((test.monthdays >> day) & 1u) != 0) days += fmt::format("{}{}", days.empty() ? "" : ",", day);
    }
    out += " --monthdays " + days;
  }
  if (test.weekdays != kAllWeekdays) {
    std::string days;
    for (unsigned day = 1; day <= 7; ++day) {
      if (((test.weekdays >> day) & 1u) != 0) days += fmt::format("{}{}", days.empty() ? "" : ",", kWeekdays[day - 1]);
    }
    out += " --weekdays " + days;
  }
  print_date("datestart", test.first_date, out);
  print_date("datestop", test.last_date, out);
  if (options.has("kerneltz") || options.has("localtz")) out += " --kerneltz";
  if (test.contiguous) out += " --contiguous";
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<TimeMatch>(test_of(options));
}

OptionSpec text_option(std::string_view name, bool invertible, std::string_view hint,
                       Result<void> (*parse)(std::string_view, const RuleContext&, OptionValue&),
                       std::string_view summary) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = invertible,
          .hint = hint,
          .parse = parse,
          .summary = summary};
}

}  // namespace

MatchType time_match() {
  constexpr std::string_view kDate = "YYYY[-MM[-DD[Thh[:mm[:ss]]]]]";
  constexpr std::string_view kTime = "hh:mm[:ss]";
  return {
      .name = "time",
      .options = {text_option("datestart", false, kDate, parse_date, "from that moment on"),
                  text_option("datestop", false, kDate, parse_date, "until that moment"),
                  text_option("timestart", false, kTime, parse_time, "from that time of the day"),
                  text_option("timestop", false, kTime, parse_time, "until that time of the day"),
                  text_option("monthdays", true, "DAY[,DAY]..., 1 to 31", parse_monthdays, "on these days of a month"),
                  text_option("weekdays", true, "DAY[,DAY]..., Mon to Sun or 1 to 7", parse_weekdays,
                              "on these days of a week"),
                  {.name = "contiguous", .summary = "a span over midnight belongs to the day on which it began"},
                  {.name = "kerneltz", .summary = "in the kernel's time zone"},
                  {.name = "localtz", .summary = "an older name of --kerneltz"},
                  {.name = "utc", .summary = "in UTC, as without it"}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "compares date and time",
  };
}

}  // namespace sallyport
