// Rates of -m hashlimit. Counterpart of the arithmetic of net/netfilter/xt_hashlimit.c.
//
// In a rate's OptionValue: `number` as written, `upper` the unit in seconds, `mask` 1 for bytes.

#include "match/hashlimit_rate.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

constexpr uint64_t kMicroseconds = 1000000;  // a period's unit, and the largest rate per second
constexpr uint64_t kMostPackets = 1000000;   // of a burst
constexpr uint64_t kByteExpiry_s = 15;       // of entries of a rate of bytes
constexpr uint32_t kMostCost = UINT32_MAX;
// Credits of a microsecond: timer ticks of a second (250) times the credits of a tick, which are the largest power of
// two with which a day's worth fits in 64 bits.
constexpr uint64_t kCreditsPerMicrosecond = 250 * (uint64_t{1} << 39) / kMicroseconds;
// And of the unit of cost, where a second's worth fits in 32 bits.
constexpr uint64_t kByteCredits = 250 * (uint64_t{1} << 24);

struct Scale {
  uint64_t bytes;
  std::string_view name;
};
constexpr std::array<Scale, 3> kScales = {{{1024 * 1024, "m"}, {1024, "k"}, {1, ""}}};

uint64_t leading_number(std::string_view text, std::string_view& rest) {
  uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  rest = text.substr(static_cast<size_t>(end - text.data()));
  return problem == std::errc::result_out_of_range ? UINT64_MAX : number;
}

uint64_t scaled_bytes(uint64_t number, std::string_view suffix) {
  for (const Scale& scale : kScales) {
    if (suffix.starts_with(scale.name)) return number * scale.bytes;
  }
  return number;
}

bool is_beginning_of(std::string_view text, std::string_view word) {
  if (text.empty() || text.size() > word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != word[i]) return false;
  }
  return true;
}

// 0: no unit.
uint64_t unit_seconds(std::string_view text) {
  if (is_beginning_of(text, "second")) return 1;
  if (is_beginning_of(text, "minute")) return 60;
  if (is_beginning_of(text, "hour")) return 60 * 60;
  if (is_beginning_of(text, "day")) return 24 * 60 * 60;
  return 0;
}

uint32_t cost_of(uint64_t bytes) { return kMostCost / (static_cast<uint32_t>(bytes >> 4) + 1); }
uint64_t bytes_of(uint64_t cost) { return cost == 0 ? kMostCost : (kMostCost / cost - 1) << 4; }

// Wraps around as the kernel's does.
uint64_t credits_of(uint64_t period) { return period * kCreditsPerMicrosecond; }

// In the largest unit that does not lose much: "90/min".
std::string rate_text(uint64_t period) {
  struct Unit {
    uint64_t seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> kUnits = {{{24 * 60 * 60, "day"}, {60 * 60, "hour"}, {60, "min"}, {1, "sec"}}};
  if (period == 0) return "0/sec";
  size_t unit = 0;
  while (unit + 1 < kUnits.size()) {
    const uint64_t whole = kUnits[unit + 1].seconds * kMicroseconds;
    if (period > whole || whole / period < whole % period) break;
    ++unit;
  }
  return fmt::format("{}/{}", kUnits[unit].seconds * kMicroseconds / period, kUnits[unit].name);
}

Result<HashlimitRate> byte_rate(const OptionValue& rate, const OptionValue& burst) {
  HashlimitRate kept = {.of_bytes = true, .average = cost_of(rate.number), .burst = 0, .unit_s = kByteExpiry_s};
  if ((kept.average * kByteCredits) >> 32 == 0) return fail("the rate of bytes is too large", "a lower rate");
  if (!burst.present) return kept;
  const uint64_t least = bytes_of(kept.average);
  const auto wanted = static_cast<uint32_t>(burst.number);
  if (wanted < least) return fail(fmt::format("burst cannot be smaller than {}b", least), "a larger one");
  // A rate of less than 16 bytes has no multiples.
  kept.burst = least == 0 ? 0 : (wanted + least - 1) / least;
  return kept;
}

}  // namespace

uint64_t HashlimitRate::credits() const { return of_bytes ? (average * kByteCredits) >> 32 : credits_of(average); }
uint64_t HashlimitRate::burst_credits() const { return credits_of(average * burst); }

uint64_t HashlimitRate::per_interval() const {
  if (!of_bytes) return kMicroseconds / average;
  return (static_cast<uint64_t>(average == 0 ? kMostCost : kMostCost / average) - 1) << 4;
}

Result<void> parse_hashlimit_rate(std::string_view text, const RuleContext&, OptionValue& value) {
  std::string_view rest;
  value.number = leading_number(text, rest);
  value.upper = 1;
  const auto wrong = [&](std::string_view what) {
    return fail(fmt::format("\"{}\" {}", text, what), "N/sec, N/minute, N/hour, N/day, or Nb/s, Nkb/s, Nmb/s");
  };
  if (value.number == 0) return text.starts_with('-') ? wrong("is too fast") : wrong("is not a rate");
  if (text.find("b/s") != std::string_view::npos) {
    value.number = scaled_bytes(value.number, rest);
    value.mask = 1;
    if (static_cast<uint32_t>(value.number >> 4) == UINT32_MAX) return wrong("is too fast");
    return {};
  }
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    value.upper = unit_seconds(text.substr(slash + 1));
    if (value.upper == 0) return wrong("has no unit that is known");
  }
  // In whole units: 60,000,001 a minute is too fast as well.
  if (value.number > kMicroseconds * value.upper) return wrong("is too fast");
  return {};
}

Result<void> parse_hashlimit_burst(std::string_view text, const RuleContext&, OptionValue& value) {
  std::string_view rest;
  if (const auto whole = parse_number(text)) {
    value.number = *whole <= kMostPackets ? *whole : 0;
  } else {
    value.number = scaled_bytes(leading_number(text, rest), rest);
  }
  if (value.number != 0) return {};
  return fail(fmt::format("\"{}\" is not a burst", text), fmt::format("1 to {}, or bytes such as 10kb", kMostPackets));
}

Result<HashlimitRate> hashlimit_rate(const OptionValue& rate, const OptionValue& burst, bool rate_match) {
  if (rate.mask == 1) return byte_rate(rate, burst);
  HashlimitRate kept = {.burst = burst.present ? burst.number : 5, .unit_s = rate.upper};
  // Comparing rates counts in intervals of a unit, so that the unit does not go into the period.
  kept.average = kMicroseconds * (rate_match ? 1 : rate.upper) / rate.number;
  if (kept.burst > kMostPackets) return fail("the burst is too large", fmt::format("1 to {}", kMostPackets));
  if (kept.average == 0) return fail("the rate is too fast", fmt::format("at most {} in a unit", kMicroseconds));
  if (credits_of(kept.average * kept.burst) < credits_of(kept.average)) {
    return fail("burst and period together are too long for the kernel's credits", "a smaller burst or a higher rate");
  }
  return kept;
}

uint64_t print_hashlimit_rate(const HashlimitRate& rate, std::string& out) {
  if (!rate.of_bytes) {
    const std::string text = rate_text(rate.average);
    out += fmt::format(" {} --hashlimit-burst {}", text, rate.burst);
    return unit_seconds(text.substr(text.find('/') + 1)) * 1000;
  }
  const uint64_t bytes = bytes_of(rate.average);
  for (const Scale& scale : kScales) {
    const uint64_t rounded = static_cast<uint32_t>(bytes) / scale.bytes * scale.bytes;
    if (scale.bytes != 1 && (rounded == 0 || cost_of(rounded) != rate.average)) continue;
    out += fmt::format(" {}{}b/s", bytes / scale.bytes, scale.name);
    break;
  }
  const uint64_t burst = bytes * rate.burst;
  for (const Scale& scale : kScales) {
    if (rate.burst == 0 || (scale.bytes != 1 && burst < scale.bytes)) continue;
    out += fmt::format(" --hashlimit-burst {}{}b", burst / scale.bytes, scale.name);
    break;
  }
  return kByteExpiry_s * 1000;
}

}  // namespace sallyport
