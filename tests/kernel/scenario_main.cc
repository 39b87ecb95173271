// scenario_kernel: the scenarios, which the engine passes, on the running kernel: what it does must be the same.
//
//   scenario_kernel [--wait] FILE|FOLDER...
//
// With --wait, time that a scenario lets go by really goes by; without it such tests are left out, and named.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/namespace_referee.h"
#include "kernel/scenario_machine.h"
#include "kernel/settings.h"
#include "kernel/tool.h"
#include "kernel/xtables_lock.h"
#include "sallyport/scenario.h"

namespace sallyport::kernel {
namespace {

struct Totals {
  size_t passed = 0;
  size_t failed = 0;
  size_t checks = 0;
  size_t waits_left_out = 0;
  size_t packet_lines_left_out = 0;
  size_t log_lines_left_out = 0;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail("cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> files_of(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

bool has_step(const scenario::Test& test, scenario::Step::Kind kind) {
  return std::ranges::find(test.steps, kind, &scenario::Step::kind) != test.steps.end();
}

// False: it failed.
bool run_one(const scenario::Script& script, const scenario::Test& test, bool waits, Totals& totals) {
  using Kind = scenario::Step::Kind;
  if (has_step(test, Kind::Verdict)) {
    ++totals.packet_lines_left_out;  // which rule decided cannot be seen from outside
    return true;
  }
  if (has_step(test, Kind::At) && !waits) {
    ++totals.waits_left_out;
    fmt::print("left out, it takes real time: {}:{} {}\n", script.file, test.line, test.name);
    return true;
  }
  totals.log_lines_left_out += static_cast<size_t>(std::ranges::count(test.steps, Kind::Log, &scenario::Step::kind));
  auto machine = make_kernel_machine(script.setup, has_step(test, Kind::State));
  if (!machine) {
    fmt::print("not ok {}:{}: {}\n", script.file, test.line, machine.error().text());
    ++totals.failed;
    return false;
  }
  const ScenarioOutcome outcome = scenario::run_test(test, **machine);
  totals.checks += outcome.checks;
  if (!outcome.failure) {
    ++totals.passed;
    return true;
  }
  ++totals.failed;
  fmt::print("not ok {}:{} {}\n  {}\n  expected: {}\n  the kernel: {}\n", script.file, outcome.failure->line, test.name,
             outcome.failure->what, outcome.failure->expected, outcome.failure->got);
  return false;
}

int run(const std::vector<std::string>& paths, bool waits) {
  if (auto there = kernel_is_there(); !there) {
    fmt::print("NOT TESTED: the scenarios on this machine's kernel.\nMissing: {}\n", there.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  Totals totals;
  for (const std::string& path : paths) {
    for (const std::string& file : files_of(path)) {
      const auto text = read_file(file);
      const auto scenario = text ? Scenario::read(*text, file, read_file) : std::unexpected(Errors{text.error()});
      if (!scenario) {
        fmt::print("not ok {}\n", scenario.error().front().text());
        ++totals.failed;
        continue;
      }
      if (!scenario->script().setup.host_toml.empty() || scenario->script().setup.interfaces.empty()) {
        fmt::print("left out, its machine is a host model: {}\n", file);
        continue;
      }
      if (!scenario->script().setup.timeouts.empty() && run_tool({"nfct", "timeout", "list"}).status != 0) {
        fmt::print("NOT TESTED, there is no nfct(8) to set its timeout policies: {}\n", file);
        continue;
      }
      for (const scenario::Test& test : scenario->script().tests) run_one(scenario->script(), test, waits, totals);
    }
  }
  fmt::print(
      "{} tests passed on the kernel with {} checks, {} failed; left out: {} that take real time, {} packet lines, "
      "{} log lines\n",
      totals.passed, totals.checks, totals.failed, totals.waits_left_out, totals.packet_lines_left_out,
      totals.log_lines_left_out);
  return totals.failed == 0 && totals.passed != 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<std::string> paths;
  bool waits = false;
  if (!sallyport::kernel::read_settings(count, words, {{"--wait", &waits}, {"", &paths}})) {
    return sallyport::kernel::kWrongUsage;
  }
  const sallyport::kernel::XtablesLock lock;
  return sallyport::kernel::run(paths, waits);
}
