// -m limit: a token bucket: so many packets in a time, after a burst. Counterpart of net/netfilter/xt_limit.c.
//
// Credit is counted in the kernel's own grain, 128 to a tick of 1/250 s, in 32 bits that wrap: after about 37 hours
// without a packet the bucket gains what is left over, as it does there. The bucket is full at first.

#include <fmt/format.h>

#include <algorithm>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr uint32_t kTicksPerSecond = 250;  // CONFIG_HZ
constexpr Duration kTick = kSecond / kTicksPerSecond;
// The power of two that lets one packet a day still fit 32 bits.
constexpr uint32_t kCreditsPerTick = 128;
// A rate is kept as the time between two packets, in units of 1/10,000 s.
constexpr uint32_t kScale = 10'000;
constexpr uint32_t kDefaultBurst = 5;

struct Unit {
  std::string_view read;
  std::string_view printed;
  uint32_t period;
};
constexpr Unit kUnits[] = {{"day", "day", kScale * 86'400},
                           {"hour", "hour", kScale * 3'600},
                           {"minute", "min", kScale * 60},
                           {"second", "sec", kScale}};
constexpr uint32_t kDefaultPeriod = kScale * 3'600 / 3;

uint32_t credits(uint32_t period) {
  constexpr uint32_t kPerSecond = kTicksPerSecond * kCreditsPerTick;
  if (period > UINT32_MAX / kPerSecond) return period / kScale * kPerSecond;
  return period * kPerSecond / kScale;
}

class LimitMatch final : public Match {
 public:
  LimitMatch(uint32_t period, uint32_t burst)
      : credit_(credits(period * burst)), cap_(credit_), cost_(credits(period)) {}

  bool matches(const Packet&, HookContext& context) override {
    const auto tick = static_cast<uint64_t>(context.now() / kTick);
    if (!started_) {
      started_ = true;
      last_tick_ = tick;
    }
    const auto gained = static_cast<uint32_t>((tick - last_tick_) * kCreditsPerTick);
    last_tick_ = tick;
    credit_ = std::min(credit_ + gained, cap_);
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  uint32_t credit_;
  uint32_t cap_;
  uint32_t cost_;
  bool started_ = false;
  uint64_t last_tick_ = 0;
};

std::optional<uint32_t> parse_unit(std::string_view text) {
  for (const auto& [name, printed, period] : std::initializer_list<Unit>{kUnits[3], kUnits[2], kUnits[1], kUnits[0]}) {
    if (!text.empty() && text.size() <= name.size() && same_word(name.substr(0, text.size()), text)) return period;
  }
  return std::nullopt;
}

// As atoi() reads it: what follows the digits does not matter.
uint32_t leading_number(std::string_view text) {
  skip_blanks(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto number = static_cast<uint32_t>(take_number(text, 10).value_or(0));
  return negative ? 0 - number : number;
}

Result<void> parse_rate(std::string_view text, const RuleContext&, OptionValue& value) {
  constexpr std::string_view kRight = "N, N/second, N/minute, N/hour or N/day";
  const size_t slash = text.find('/');
  const auto period = slash == std::string_view::npos ? std::optional(kScale) : parse_unit(text.substr(slash + 1));
  const uint32_t packets = leading_number(text);
  if (!period || packets == 0) return fail(fmt::format("\"{}\" is not a rate", text), std::string(kRight));
  value.number = *period / packets;
  if (value.number == 0) return fail(fmt::format("the rate \"{}\" is too fast", text), "10000/second at most");
  return {};
}

// The finest unit that holds at least one packet and loses little to rounding.
std::string rate_text(uint32_t period) {
  const Unit* unit = kUnits;
  for (const Unit* finer = unit + 1; finer != std::end(kUnits); unit = finer++) {
    if (period > finer->period || finer->period / period < finer->period % period) break;
  }
  return fmt::format("{}/{}", unit->period / period, unit->printed);
}

uint32_t period_of(const Options& options) { return static_cast<uint32_t>(options.number("limit", kDefaultPeriod)); }
uint32_t burst_of(const Options& options) {
  return static_cast<uint32_t>(options.number("limit-burst", kDefaultBurst));
}

// The kernel refuses what its arithmetic cannot hold, by a test that is itself 32 bits wide.
Result<void> check(Options& options, const RuleContext&) {
  const uint32_t period = period_of(options);
  const uint32_t burst = burst_of(options);
  if (burst == 0) return fail("--limit-burst 0 would never let a packet match", "a number from 1 to 10000");
  if (credits(period * burst) < credits(period)) {
    return fail(
        fmt::format("--limit {} with --limit-burst {} is more than 32 bits of credit", rate_text(period), burst),
        "a faster rate or a smaller burst");
  }
  return {};
}

void save(const Options& options, const RuleContext&, std::string& out) {
  out += fmt::format(" --limit {}", rate_text(period_of(options)));
  if (burst_of(options) != kDefaultBurst) out += fmt::format(" --limit-burst {}", burst_of(options));
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<LimitMatch>(period_of(options), burst_of(options));
}

}  // namespace

MatchType limit_match() {
  return {
      .name = "limit",
      .options = {{.name = "limit",
                   .kind = OptionKind::Custom,
                   .hint = "N, N/second, N/minute, N/hour or N/day",
                   .parse = parse_rate,
                   .summary = "the rate in the long run; 3/hour unless given"},
                  {.name = "limit-burst",
                   .kind = OptionKind::U32,
                   .max = 10'000,
                   .summary = "how many packets match at once at first; 5 unless given"}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "matches at a limited rate",
  };
}

}  // namespace sallyport
