// kernel_lockstep: the same rules and packets through the running kernel and through the engine; what comes out must
// be equal.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/coverage.h"
#include "kernel/engine_side.h"
#include "kernel/generator_case.h"
#include "kernel/generator_strings.h"
#include "kernel/lockstep.h"
#include "kernel/record.h"
#include "kernel/settings.h"
#include "kernel/shrink.h"

namespace sallyport::kernel {
namespace {

struct Settings {
  uint64_t seed = 1;
  size_t rulesets = 30;
  size_t packets = 300;
  size_t most_differences = 1;
  std::string suite = "all";  // or "string"
  std::string family = "both";
  std::string directory = ".";
  std::string shrinks = "yes";  // or "no"
  uint64_t at_least = 0;        // how often each option is to be true, and false; 0: not counted
  std::string file;
  std::string recorded;  // the folder that recordings are written to, or
  std::string replayed;  // read from
};

Family family_of(uint64_t seed, const Settings& settings) {
  if (settings.family == "both") return family_for(seed);
  return settings.family == "6" ? Family::Ipv6 : Family::Ipv4;
}

Case case_of(uint64_t seed, const Settings& settings) {
  const Family family = family_of(seed, settings);
  if (settings.suite != "string") return random_case(seed, family, settings.packets);
  Draw draw(seed, family);
  return random_string_case(draw, settings.packets);
}

std::string hex_of(const Input& packet) {
  std::string out = fmt::format("{} ", kWorldInterfaces[packet.interface].name);
  for (const uint8_t byte : packet.frame) out += fmt::format("{:02x}", byte);
  return out + "\n";
}

// Runs cases anew, in a fresh namespace every few times: some limits of the kernel would be used up otherwise.
class Rerun {
 public:
  std::optional<Difference> operator()(const Case& test) {
    constexpr int kMostRuns = 4;
    if (runs_++ % kMostRuns == 0) {
      referee_.reset();
      if (auto opened = NamespaceReferee::open()) referee_ = std::move(*opened);
    }
    if (!referee_) return {};
    return run_case(test, *referee_);
  }

 private:
  std::unique_ptr<NamespaceReferee> referee_;
  int runs_ = 0;
};

void report(const Case& whole, const Difference& found, uint64_t seed, const Settings& settings) {
  fmt::print("difference with seed {} ({}):\n{}", seed, whole.family == Family::Ipv6 ? "IPv6" : "IPv4", found.text);
  if (settings.shrinks == "no") {
    if (found.kind == Difference::Kind::Packet)
      fmt::print("packet {}: {}\n", found.packet, hex_of(whole.packets[found.packet]));
    return;
  }
  Rerun rerun;
  const auto fails = [&](const Case& test) {
    const auto difference = rerun(test);
    return difference && difference->kind == found.kind;
  };
  const Case small = shrink(whole, found, fails);
  const auto again = rerun(small);
  std::string text = fmt::format("# seed {}, {}\n", seed, whole.family == Family::Ipv6 ? "IPv6" : "IPv4") + small.rules;
  for (const Input& packet : small.packets) text += hex_of(packet);
  if (again) text += again->text;
  fmt::print("smallest case:\n{}\n", text);
  std::ofstream(fmt::format("{}/lockstep-{}.txt", settings.directory, seed)) << text;
}

// "tb 4500..." back to a packet.
Input packet_of(const std::string& line) {
  Input input;
  for (size_t i = 0; i < kWorldInterfaces.size(); ++i) {
    if (line.starts_with(kWorldInterfaces[i].name)) input.interface = static_cast<uint8_t>(i);
  }
  for (size_t at = 3; at + 1 < line.size(); at += 2) {
    input.frame.push_back(static_cast<uint8_t>(std::stoul(line.substr(at, 2), nullptr, 16)));
  }
  return input;
}

// A file as a difference is reported in: rules, then packets.
int run_file(const std::string& path, Family family) {
  Case test = {family, {}, {}};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const bool packet = line.size() > 3 && line[0] == 't' && line[2] == ' ';
    if (packet) {
      test.packets.push_back(packet_of(line));
    } else {
      test.rules += line + "\n";
    }
  }
  auto referee = NamespaceReferee::open();
  if (!referee) return kNotTested;
  auto ours = EngineSide::create(family, test.rules);
  if (auto loaded = (*referee)->load(family, test.rules); !loaded || !ours) {
    fmt::print("kernel: {}\nours: {}\n", loaded ? "loads the rules" : loaded.error().text(),
               ours ? "loads the rules" : ours.error().text());
    return 1;
  }
  for (const Input& packet : test.packets) {
    fmt::print("{}kernel:\n{}ours:\n{}", hex_of(packet), text_of((*referee)->pass(packet, true)),
               text_of((*ours)->pass(packet)));
  }
  fmt::print("{}", counters_difference((*referee)->save(family), (*ours)->save()));
  return 0;
}

int run(const Settings& settings) {
  if (!settings.file.empty()) return run_file(settings.file, settings.family == "6" ? Family::Ipv6 : Family::Ipv4);
  if (!settings.replayed.empty()) return replay_recordings(settings.replayed, settings.at_least);
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print(
        "NOT TESTED: the engine against this machine's kernel, in lockstep ({} rulesets, {} packets each).\n"
        "Missing: {}\n",
        settings.rulesets, settings.packets, referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  if (!settings.recorded.empty()) {
    return record_cases(settings.seed, settings.rulesets, settings.packets, settings.recorded, **referee);
  }
  const auto begin = std::chrono::steady_clock::now();
  size_t packets = 0, differences = 0;
  Coverage coverage;
  for (size_t i = 0; i < settings.rulesets && differences < settings.most_differences; ++i) {
    const uint64_t seed = settings.seed + i;
    const Case test = case_of(seed, settings);
    packets += test.packets.size();
    const auto found = run_case(test, **referee, settings.at_least != 0 ? &coverage : nullptr);
    if (!found) continue;
    ++differences;
    report(test, *found, seed, settings);
    // The namespace was left for others meanwhile.
    referee->reset();
    if (referee = NamespaceReferee::open(); !referee) return 1;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (settings.at_least != 0) fmt::print("{}", coverage.table(settings.at_least));
  fmt::print("{} rulesets, {} packets, {} differences, {:.1f} s\n", settings.rulesets, packets, differences, seconds);
  return differences == 0 && coverage.lacking(settings.at_least) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(count, words,
                                        {{"--seed", &settings.seed},
                                         {"--rulesets", &settings.rulesets},
                                         {"--packets", &settings.packets},
                                         {"--suite", &settings.suite},
                                         {"--family", &settings.family},
                                         {"--most", &settings.most_differences},
                                         {"--case", &settings.file},
                                         {"--record", &settings.recorded},
                                         {"--replay", &settings.replayed},
                                         {"--at-least", &settings.at_least},
                                         {"--shrink", &settings.shrinks},
                                         {"--directory", &settings.directory}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
}
