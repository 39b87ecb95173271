// clock_lockstep: -m limit, -m recent, -m hashlimit, -m time and -m statistic's chance on the running kernel and in the
// engine. Real time goes by, some seconds for each round, so this is a run by hand; what it recorded is compared with
// in every test run.
//
//   clock_lockstep [--seed N] [--rounds N] [--record FOLDER]

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/clock_case.h"
#include "kernel/engine_side.h"
#include "kernel/settings.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

struct Settings {
  uint64_t seed = 1;
  uint64_t rounds = 4;
  std::string recorded = {};
};

// How often a rule with an option held, and how often not.
class OptionCounts {
 public:
  void add(const Recording& recording) {
    std::istringstream lines(recording.test.rules);
    size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("-A")) continue;
      const std::string prefix = std::to_string(++number);
      const auto held = [&](const Observed& answer) {
        return std::ranges::find(answer.journal, prefix, &Seen::prefix) != answer.journal.end();
      };
      const auto times = static_cast<uint64_t>(std::ranges::count_if(recording.answers, held));
      for (const std::string& option : options_of(line)) {
        counts_[option].first += times;
        counts_[option].second += recording.answers.size() - times;
      }
    }
  }

  std::string table() const {
    std::string out = fmt::format("{:<28} {:>8} {:>8}\n", "option, in a rule that is", "true", "false");
    for (const auto& [option, held] : counts_)
      out += fmt::format("{:<28} {:>8} {:>8}\n", option, held.first, held.second);
    return out;
  }

 private:
  static std::vector<std::string> options_of(const std::string& rule) {
    std::vector<std::string> options;
    std::istringstream words(rule);
    std::string before, match;
    for (std::string word; words >> word && word != "-j"; before = word) {
      if (before == "-m") match = word;
      if (word.starts_with("--")) options.push_back(fmt::format("-m {} {}{}", match, before == "!" ? "! " : "", word));
    }
    return options;
  }

  std::map<std::string, std::pair<uint64_t, uint64_t>> counts_;
};

struct Totals {
  size_t packets = 0;
  size_t unsure = 0;
  size_t differences = 0;
  size_t repeated = 0;
  size_t not_written = 0;
  OptionCounts options = {};
};

// Where the clock moves while a packet is among the rules, two of them see different times, and no single one explains
// what they said. Such a case is run again; a mistake of the engine's would be there again.
Result<ClockOutcome> run_until_clear(const ClockCase& test, const KernelClock& clock, NamespaceReferee& referee,
                                     Totals& totals) {
  constexpr int kMostRuns = 5;
  auto outcome = run_clock_case(test, clock, referee);
  for (int run = 1; run < kMostRuns && outcome && !outcome->difference.empty() && outcome->unsure != 0; ++run) {
    ++totals.repeated;
    outcome = run_clock_case(test, clock, referee);
  }
  return outcome;
}

void run_one(const ClockCase& test, std::string_view name, const Settings& settings, NamespaceReferee& referee,
             Totals& totals) {
  const auto clock = KernelClock::open(test.kind);
  const auto outcome = clock ? run_until_clear(test, *clock, referee, totals) : std::unexpected(clock.error());
  if (!outcome || !outcome->difference.empty()) {
    ++totals.differences;
    fmt::print("{}:\n{}{}\n", name, test.rules, outcome ? outcome->difference : outcome.error().text());
    return;
  }
  totals.packets += outcome->recording.answers.size();
  totals.unsure += outcome->unsure;
  totals.options.add(outcome->recording);
  if (settings.recorded.empty()) return;
  Recording recording = outcome->recording;
  recording.title = fmt::format("{}; {}", NamespaceReferee::version(), name);
  const auto file = std::filesystem::path(settings.recorded) / fmt::format("{}.txt", name);
  if (const auto written = write_recording(file, recording); !written) {
    ++totals.not_written;
    fmt::print(stderr, "{}\n", written.error().text());
  }
}

// Chance differs, but how often it strikes does not: both sides within six standard deviations of what is to be
// expected, which pure chance misses twice in a thousand million times.
size_t chance_differences(NamespaceReferee& referee) {
  constexpr double kDeviations = 6, kPackets = 20'000;
  constexpr double kProbabilities[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 1};
  std::string rules = "*mangle\n";
  std::vector<double> expected;
  for (const double probability : kProbabilities) {
    for (const bool inverted : {false, true}) {
      rules +=
          fmt::format("-A FORWARD -m statistic --mode random {}--probability {}\n", inverted ? "! " : "", probability);
      expected.push_back(inverted ? 1 - probability : probability);
    }
  }
  rules += "COMMIT\n";
  auto ours = EngineSide::create(Family::Ipv4, rules);
  if (!ours || !referee.load(Family::Ipv4, rules)) return 1;
  const Packet packet = test::udp4("10.1.1.5:40000 > 10.2.1.7:53", "question");
  const Input input = {.interface = 0, .frame = {packet.bytes().begin(), packet.bytes().end()}};
  for (int i = 0; i < static_cast<int>(kPackets); ++i) {
    referee.pass(input);
    (*ours)->pass(input);
  }
  size_t differences = 0;
  for (const std::string& saved : {referee.save(Family::Ipv4), (*ours)->save()}) {
    std::istringstream lines(saved);
    size_t rule = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("-A FORWARD") == std::string::npos) continue;
      const double got = std::strtod(line.c_str() + 1, nullptr), share = expected[rule++];
      if (std::abs(got - kPackets * share) <= kDeviations * std::sqrt(kPackets * share * (1 - share))) continue;
      ++differences;
      fmt::print("of {} packets, {} are not what is to be expected: {}\n", kPackets, got, line);
    }
    if (rule != expected.size()) ++differences;
  }
  return differences;
}

int run(const Settings& settings) {
  auto referee = NamespaceReferee::open();
  const auto ticks = KernelClock::open(KernelClock::Kind::Ticks);
  if (!referee || !ticks) {
    fmt::print(
        "NOT TESTED: -m limit, recent, hashlimit, time and statistic beside this machine's kernel.\nMissing: {}\n",
        referee ? ticks.error().text() : referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  const auto seconds = KernelClock::open(KernelClock::Kind::Seconds);
  Totals totals;
  for (uint64_t seed = settings.seed; seed < settings.seed + settings.rounds; ++seed) {
    Draw draw(seed, seed % 2 == 0 ? Family::Ipv4 : Family::Ipv6);
    run_one(random_limit_case(draw), fmt::format("limit-{}", seed), settings, **referee, totals);
    run_one(random_recent_case(draw), fmt::format("recent-{}", seed), settings, **referee, totals);
    run_one(random_hashlimit_case(draw), fmt::format("hashlimit-{}", seed), settings, **referee, totals);
    run_one(random_time_case(draw, seconds->now() + 1), fmt::format("time-{}", seed), settings, **referee, totals);
  }
  totals.differences += chance_differences(**referee);
  fmt::print("{}{} rounds, {} packets, of which {} passed as the clock moved; {} cases run again; {} differences\n",
             totals.options.table(), settings.rounds, totals.packets, totals.unsure, totals.repeated,
             totals.differences);
  return totals.differences == 0 && totals.not_written == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(
          count, words,
          {{"--seed", &settings.seed}, {"--rounds", &settings.rounds}, {"--record", &settings.recorded}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
}
