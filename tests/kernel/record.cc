// The files are chosen by what they cover, so that a few hundred packets meet every option.

#include "kernel/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "kernel/coverage.h"
#include "kernel/generator_case.h"
#include "kernel/recording.h"

namespace sallyport::kernel {
namespace {

// What is large fills the files and says little more; some of it must be there, for the MTU.
constexpr size_t kLarge = 300, kMostLarge = 3;

Case telling_part(const Case& whole, Coverage& coverage) {
  Case part = {whole.family, whole.rules, {}};
  auto engine = EngineSide::create(whole.family, whole.rules, &coverage);
  if (!engine) return part;
  size_t large = 0;
  for (const Input& packet : whole.packets) {
    if (packet.frame.size() > kLarge && large++ >= kMostLarge) continue;
    coverage.take_rare();
    (*engine)->pass(packet);
    if (coverage.take_rare() != 0) part.packets.push_back(packet);
  }
  return part;
}

// Null: nothing to compare, or a difference, which is printed.
std::optional<Recording> record(const Case& test, std::string title, NamespaceReferee& referee) {
  auto ours = EngineSide::create(test.family, test.rules);
  if (!ours || !referee.load(test.family, test.rules)) return std::nullopt;
  Recording recording = {std::move(title), test, {}, {}};
  for (const Input& packet : test.packets) {
    Compared compared = compare(packet, referee, **ours);
    if (!compared.difference.empty()) {
      fmt::print("{}:\n{}", recording.title, compared.difference);
      return std::nullopt;
    }
    recording.answers.push_back(std::move(compared.kernel));
  }
  recording.counters = counters_of(referee.save(test.family));
  if (recording.counters == counters_of((*ours)->save())) return recording;
  fmt::print("{}: the counters differ\n", recording.title);
  return std::nullopt;
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Empty where the engine agrees.
std::string replay(const Recording& recording, Coverage& coverage) {
  auto ours = EngineSide::create(recording.test.family, recording.test.rules, &coverage);
  if (!ours) return ours.error().text() + "\n";
  for (size_t i = 0; i < recording.test.packets.size(); ++i) {
    const std::string text = difference(recording.answers[i], (*ours)->pass(recording.test.packets[i]));
    if (!text.empty()) return fmt::format("packet {}:\n{}", i + 1, text);
  }
  const std::string counters = counters_of((*ours)->save());
  if (counters == recording.counters) return {};
  return fmt::format("kernel:\n{}ours:\n{}", recording.counters, counters);
}

}  // namespace

int record_cases(uint64_t seed, size_t rulesets, size_t packets, const std::string& directory,
                 NamespaceReferee& referee) {
  Coverage coverage;
  size_t kept = 0;
  for (uint64_t last = seed + rulesets; seed < last; ++seed) {
    const Case part = telling_part(random_case(seed, family_for(seed), packets), coverage);
    if (part.packets.empty()) continue;
    const auto recording = record(part, fmt::format("{}; seed {}", NamespaceReferee::version(), seed), referee);
    if (!recording) return 1;
    const auto file = std::filesystem::path(directory) / fmt::format("{}.txt", seed);
    if (const auto written = write_recording(file, *recording); !written) {
      fmt::print(stderr, "{}\n", written.error().text());
      return 1;
    }
    kept += part.packets.size();
  }
  fmt::print("{}{} packets kept\n", coverage.table(Coverage::kRare), kept);
  return 0;
}

int replay_recordings(const std::string& directory, uint64_t at_least) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) files.push_back(entry.path());
  std::ranges::sort(files);
  size_t packets = 0;
  Coverage coverage;
  int exit_code = files.empty() ? 1 : 0;
  for (const auto& file : files) {
    const auto recording = read_recording(text_of_file(file));
    const std::string text = recording ? replay(*recording, coverage) : recording.error().text() + "\n";
    if (recording) packets += recording->test.packets.size();
    if (text.empty()) continue;
    fmt::print("{} differs\n{}", file.string(), text);
    exit_code = 1;
  }
  if (at_least != 0) fmt::print("{}", coverage.table(at_least));
  fmt::print("{} recordings, {} packets\n", files.size(), packets);
  return coverage.lacking(at_least) == 0 ? exit_code : 1;
}

}  // namespace sallyport::kernel
