// Random rules with -m limit, -m time, -m recent and -m hashlimit.

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <initializer_list>

#include "kernel/clock_case.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

constexpr int64_t kDay = 86'400;

// Some choices are refused for good reasons, as a burst that overflows the kernel's counter; those are not wanted here.
bool is_accepted(const std::string& rules, Family family) { return EngineSide::create(family, rules).has_value(); }

template <class Condition>
std::string rules_of(Draw& draw, size_t count, Condition condition) {
  std::string rules = "*mangle\n";
  for (size_t number = 1; number <= count;) {
    const std::string rule =
        fmt::format("-A FORWARD {} -j NFLOG --nflog-prefix {} --nflog-size 1\n", condition(draw), number);
    if (!is_accepted("*mangle\n" + rule + "COMMIT\n", draw.family())) continue;
    rules += rule;
    ++number;
  }
  return rules + "COMMIT\n";
}

std::string limit(Draw& draw) {
  std::string out = "-m limit";
  if (draw.chance(92)) {
    const uint32_t kind = draw.below(10);
    out += kind < 6   ? fmt::format(" --limit {}/sec",
                                    draw.pick({1, 2, 3, 7, 10, 25, 50, 100, 125, 250, 251, 500, 1000, 10000}))
           : kind < 8 ? fmt::format(" --limit {}/min", draw.pick({1, 7, 60, 100, 601, 6000}))
           : kind < 9 ? fmt::format(" --limit {}/hour", draw.pick({1, 20, 3600, 100000}))
                      : fmt::format(" --limit {}/day", draw.pick({1, 10, 100, 1000000}));
  }
  if (draw.chance(75)) out += fmt::format(" --limit-burst {}", draw.pick({1, 2, 3, 4, 6, 10, 20, 50, 10000}));
  return out;
}

constexpr std::array<int64_t, 14> kNear = {-3600, -60, -3, -2, -1, 0, 0, 1, 2, 3, 60, 3600, -40'000, 40'000};

std::string date(Draw& draw, int64_t now) {
  const int64_t instant =
      now + draw.pick({-400 * kDay, -31 * kDay, -kDay, -3600L, -2L, -1L, 0L, 1L, 2L, 3L, 3600L, kDay, 40 * kDay});
  const std::chrono::sys_seconds at{std::chrono::seconds(instant)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss clock(at - day);
  const std::string whole = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
                                        static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                                        clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  constexpr size_t kYear = 4, kMonth = 7, kDate = 10, kMinute = 16, kWhole = 19;
  return whole.substr(0, draw.pick({kWhole, kWhole, kWhole, kWhole, kMinute, kDate, kMonth, kYear}));
}

std::string hour(Draw& draw, int64_t now) {
  const int64_t second = ((now + draw.pick(std::span<const int64_t>(kNear))) % kDay + kDay) % kDay;
  return draw.chance(85) ? fmt::format("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
                         : fmt::format("{:02}:{:02}", second / 3600, second / 60 % 60);
}

std::string monthdays(Draw& draw, int64_t now) {
  const auto day_of = [](int64_t instant) {
    const std::chrono::sys_days day{std::chrono::days(instant / kDay)};
    return static_cast<unsigned>(std::chrono::year_month_day(day).day());
  };
  std::string out = std::to_string(day_of(now - kDay * draw.below(3)));
  if (draw.chance(50)) out += fmt::format(",{}", draw.between(1, 31));
  return out;
}

std::string weekdays(Draw& draw, int64_t now) {
  constexpr std::string_view kNames[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // from 1970-01-01 on
  std::string out(kNames[(now / kDay - draw.below(3)) % 7]);
  if (draw.chance(50)) out += fmt::format(",{}", draw.pick(kNames));
  return out;
}

std::string time_match(Draw& draw, int64_t now) {
  std::string out = "-m time";
  if (draw.chance(40)) out += " --datestart " + date(draw, now);
  if (draw.chance(40)) out += " --datestop " + date(draw, now);
  if (draw.chance(60)) out += " --timestart " + hour(draw, now);
  if (draw.chance(60)) out += " --timestop " + hour(draw, now);
  if (draw.chance(30)) out += fmt::format(" {}--monthdays {}", draw.maybe_not(), monthdays(draw, now));
  if (draw.chance(40)) out += fmt::format(" {}--weekdays {}", draw.maybe_not(), weekdays(draw, now));
  if (draw.chance(40)) out += " --contiguous";
  if (draw.chance(10)) out += " --kerneltz";
  return out;
}

Input input_of(const Packet& packet) { return {0, {packet.bytes().begin(), packet.bytes().end()}}; }

Input one_packet(Family family) {
  return input_of(family == Family::Ipv6 ? test::udp6("[2001:db8:1::5]:40000 > [2001:db8:2::7]:53", "question")
                                         : test::udp4("10.1.1.5:40000 > 10.2.1.7:53", "question"));
}

// Of several hosts, at several distances, to several ports.
std::vector<Input> some_packets(Draw& draw, size_t count) {
  std::vector<Input> packets;
  while (packets.size() < count) {
    const uint8_t ttl = draw.pick<uint8_t>({64, 64, 63, 200});
    const std::string payload(draw.pick({0, 8, 100, 1000}), 'x');
    const std::string flow = draw.v6() ? fmt::format("[2001:db8:1::{:x}]:{} > [2001:db8:2::{:x}]:{}", draw.below(4) + 5,
                                                     draw.pick({40, 41}), draw.below(2) + 7, draw.pick({53, 54}))
                                       : fmt::format("10.1.1.{}:{} > 10.2.1.{}:{}", draw.below(4) + 5,
                                                     draw.pick({40, 41}), draw.below(2) + 7, draw.pick({53, 54}));
    packets.push_back(
        input_of(draw.v6() ? test::udp6(flow, payload, {.ttl = ttl}) : test::udp4(flow, payload, {.ttl = ttl})));
  }
  return packets;
}

std::string recent(Draw& draw) {
  const uint32_t action = draw.below(10);
  std::string out = fmt::format("-m recent {}--{}", draw.chance(15) ? "! " : "",
                                action < 3   ? "set"
                                : action < 6 ? "rcheck"
                                : action < 9 ? "update"
                                             : "remove");
  if (action >= 3 && action < 9) {
    if (draw.chance(80)) out += fmt::format(" --seconds {}{}", draw.pick({1, 1, 2}), draw.chance(30) ? " --reap" : "");
    if (draw.chance(60)) out += fmt::format(" --hitcount {}", draw.pick({1, 2, 3, 5, 12, 40}));
    if (draw.chance(25)) out += " --rttl";
  }
  out += fmt::format(" --name {}", draw.pick<std::string_view>({"a", "b", "c"}));
  if (draw.chance(15)) out += draw.v6() ? " --mask ::fffe" : " --mask 0.0.0.254";
  out += draw.pick<std::string_view>({"", "", " --rdest"});
  return out;
}

// Entries of some tables expire after `expiry_ms`, and are forgotten with the next of the collections.
std::string hashlimit(Draw& draw, int collect_ms, int expiry_ms) {
  const uint32_t kind = draw.below(4);
  std::string out = "-m hashlimit";
  out += draw.pick<std::string_view>({" --hashlimit-upto", " --hashlimit-above"});
  if (kind == 0) {
    out += fmt::format(" {}b/s", draw.pick({100, 1000, 4096, 20000}));
    if (draw.chance(50)) out += fmt::format(" --hashlimit-burst {}", draw.pick({20000, 60000}));
  } else {
    out += fmt::format(" {}/sec", draw.pick({1, 3, 10, 50, 250, 251, 1000}));
    if (draw.chance(70)) out += fmt::format(" --hashlimit-burst {}", draw.pick({1, 2, 5, 20}));
  }
  if (draw.chance(80)) {
    out += fmt::format(" --hashlimit-mode {}", draw.pick<std::string_view>({"srcip", "dstip", "srcip,dstport"}));
  }
  out += fmt::format(" --hashlimit-name k{}-{}", kind, draw.below(4));
  if (draw.chance(20)) out += fmt::format(" --hashlimit-srcmask {}", draw.v6() ? 127 : 31);
  if (draw.chance(4)) out += " --hashlimit-htable-size 1 --hashlimit-htable-max 3";
  out += fmt::format(" --hashlimit-htable-gcinterval {} --hashlimit-htable-expire {}", collect_ms,
                     draw.chance(60) ? expiry_ms : 60000);
  if (kind == 1) out += fmt::format(" --hashlimit-rate-match --hashlimit-rate-interval {}", draw.pick({1, 1, 2}));
  return out;
}

// Packets one by one and in bursts, with pauses up to the longest.
void add_bursts(Draw& draw, size_t count, std::initializer_list<int> pauses, ClockCase& test) {
  while (test.bursts.size() < count) {
    test.bursts.push_back({draw.pick(pauses), draw.pick({1u, 1u, 2u, 5u, 12u, 30u})});
  }
}

}  // namespace

ClockCase random_limit_case(Draw& draw) {
  constexpr size_t kRules = 10, kBursts = 14;
  ClockCase test = {KernelClock::Kind::Ticks,
                    draw.family(),
                    rules_of(draw, kRules, limit),
                    {{0, draw.between(1, 30)}},
                    {one_packet(draw.family())}};
  add_bursts(draw, kBursts, {0, 1, 1, 2, 3, 5, 12, 25, 50, 80}, test);
  return test;
}

ClockCase random_recent_case(Draw& draw) {
  constexpr size_t kRules = 16, kBursts = 14, kPackets = 9;
  ClockCase test = {
      KernelClock::Kind::Ticks, draw.family(), rules_of(draw, kRules, recent), {{0, 5}}, some_packets(draw, kPackets)};
  add_bursts(draw, kBursts, {0, 1, 2, 25, 80, 120, 240, 249, 250, 251, 260, 510}, test);
  return test;
}

ClockCase random_hashlimit_case(Draw& draw) {
  constexpr size_t kRules = 16, kBursts = 12, kPackets = 9;
  constexpr int kMillisecondsPerTick = 4;
  constexpr int kCollect_ms = 1000;
  const int expiry_ms = draw.pick({40, 248, 500, 1100});
  ClockCase test = {KernelClock::Kind::Ticks,
                    draw.family(),
                    rules_of(draw, kRules, [&](Draw& each) { return hashlimit(each, kCollect_ms, expiry_ms); }),
                    {{0, 20}},
                    some_packets(draw, kPackets),
                    {kCollect_ms / kMillisecondsPerTick, expiry_ms / kMillisecondsPerTick}};
  add_bursts(draw, kBursts, {0, 1, 1, 2, 5, 12, 25, 50, 80, 125, 140, 250}, test);
  return test;
}

ClockCase random_time_case(Draw& draw, int64_t now) {
  constexpr size_t kRules = 40;
  const auto condition = [now](Draw& chance) { return time_match(chance, now); };
  return {KernelClock::Kind::Seconds,
          draw.family(),
          rules_of(draw, kRules, condition),
          {{0, 1}, {1, 1}, {1, 1}},
          {one_packet(draw.family())}};
}

}  // namespace sallyport::kernel
