// -m statistic: every n-th packet, or a packet by chance. Counterpart of net/netfilter/xt_statistic.c.

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "match/matches.h"
#include "sallyport/random.h"

namespace sallyport {
namespace {

// A probability is kept as a share of this.
constexpr double kCertain = 2147483648.0;
constexpr uint32_t kRandomMask = 0x7fffffff;

enum class Mode : uint8_t { Random, Nth };

class RandomMatch final : public Match {
 public:
  RandomMatch(uint32_t threshold, bool inverted) : threshold_(threshold), inverted_(inverted) {}
  bool matches(const Packet&, HookContext& context) override {
    return ((context.random->next32() & kRandomMask) < threshold_) != inverted_;
  }

 private:
  uint32_t threshold_;
  bool inverted_;
};

class NthMatch final : public Match {
 public:
  NthMatch(uint32_t every, uint32_t packet, bool inverted)
      : last_(every - 1), count_(last_ - packet), inverted_(inverted) {}
  bool matches(const Packet&, HookContext&) override {
    count_ = count_ == last_ ? 0 : count_ + 1;
    return (count_ == 0) != inverted_;
  }

 private:
  uint32_t last_;
  uint32_t count_;
  bool inverted_;
};

Result<void> parse_mode(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text != "random" && text != "nth") return fail(fmt::format("unknown mode \"{}\"", text), "random or nth");
  value.number = static_cast<uint64_t>(text == "nth" ? Mode::Nth : Mode::Random);
  return {};
}

void print_mode(const OptionValue& value, const RuleContext&, std::string& out) {
  out += value.number == static_cast<uint64_t>(Mode::Nth) ? " nth" : " random";
}

Result<void> parse_probability(std::string_view text, const RuleContext&, OptionValue& value) {
  const std::string word(text);
  char* end = nullptr;
  const double probability = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != '\0' || !(probability >= 0 && probability <= 1)) {
    return fail(fmt::format("\"{}\" is not a probability", text), "a number from 0 to 1");
  }
  value.number = static_cast<uint64_t>(std::lround(kCertain * probability));
  return {};
}

void print_probability(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {:.11f}", static_cast<double>(value.number) / kCertain);
}

Result<void> check(Options& options, const RuleContext&) {
  const bool chance = options.has("probability");
  const bool every = options.has("every");
  const bool packet = options.has("packet");
  if (options.number("mode") == static_cast<uint64_t>(Mode::Random)) {
    if (!chance) return fail("--mode random needs its probability", "--probability P, from 0 to 1");
    if (every || packet) return fail("--every and --packet belong to --mode nth", "--probability alone");
    return {};
  }
  if (chance) return fail("--probability belongs to --mode random", "--every N --packet P");
  if (!every || !packet) return fail("--mode nth needs --every and --packet", "--every N --packet P, P below N");
  if (options.number("packet") >= options.number("every")) {
    return fail("--packet counts from 0 to one less than --every",
                fmt::format("at most --packet {}", options.number("every") - 1));
  }
  return {};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  if (options.has("probability")) {
    const OptionValue& probability = options["probability"];
    return std::make_unique<RandomMatch>(static_cast<uint32_t>(probability.number), probability.inverted);
  }
  const OptionValue& every = options["every"];
  return std::make_unique<NthMatch>(static_cast<uint32_t>(every.number),
                                    static_cast<uint32_t>(options.number("packet")), every.inverted);
}

}  // namespace

MatchType statistic_match() {
  return {
      .name = "statistic",
      .options = {{.name = "mode",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "random or nth",
                   .parse = parse_mode,
                   .print = print_mode,
                   .summary = "by chance, or by counting"},
                  {.name = "probability",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a number from 0 to 1",
                   .parse = parse_probability,
                   .print = print_probability,
                   .summary = "of random: how likely a packet matches"},
                  {.name = "every",
                   .kind = OptionKind::U32,
                   .invertible = true,
                   .min = 1,
                   .summary = "of nth: one packet in so many"},
                  {.name = "packet", .kind = OptionKind::U32, .summary = "of nth: which of them, from 0"}},
      .check = check,
      .create = create,
      .summary = "every n-th packet, or one by chance",
  };
}

}  // namespace sallyport
