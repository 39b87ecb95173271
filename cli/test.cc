// sallyport test: rules tested by scenarios.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "input.h"
#include "module_path.h"
#include "sallyport/module_set.h"
#include "sallyport/scenario.h"
#include "scenario_tests.h"
#include "test_report.h"

namespace sallyport::cli {
namespace {

constexpr std::string_view kSuffix = ".scenario";

// A folder stands for all scenarios below it, in the order of their names.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code problem;
    if (!fs::is_directory(path, problem)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::recursive_directory_iterator at(path, problem), end; !problem && at != end; at.increment(problem)) {
      if (at->path().extension() == kSuffix) found.push_back(at->path().string());
    }
    if (problem) return fail(fmt::format("cannot read {}: {}", path, problem.message()));
    if (found.empty()) return fail(fmt::format("{} has no scenario in it", path), "files that end in .scenario");
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace

int run_scenario_tests(const ScenarioTests& arguments) {
  ModuleSet modules;
  for (const std::string& module : arguments.modules) {
    if (auto added = modules.add(module, module_path(arguments.module_path)); !added) {
      print_error(added.error());
      return kAnswerIsNo;
    }
  }
  auto files = files_of(arguments.paths);
  if (!files) {
    print_error(files.error());
    return kCannotRead;
  }
  std::vector<TestedFile> tested;
  size_t points = 0, failures = 0;
  std::string out = "TAP version 14\n";
  const auto flush = [&] {
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  };
  for (const std::string& path : *files) {
    auto text = read_file(path);
    if (!text) {
      print_error(text.error());
      return kCannotRead;
    }
    TestedFile& file = tested.emplace_back(TestedFile{.file = path});
    auto scenario = Scenario::read(*text, path, read_file, &modules);
    if (!scenario) {
      file.errors = scenario.error();
      print_errors(file.errors);
      out += tap_point(++points, file);
      ++failures;
    }
    for (size_t i = 0; scenario && i < scenario->tests(); ++i) {
      file.outcomes.push_back(scenario->run(i));
      out += tap_point(++points, file, file.outcomes.back());
      failures += file.outcomes.back().failure.has_value();
    }
    flush();
  }
  out += fmt::format("1..{}\n", points);
  flush();
  if (std::fflush(stdout) != 0) return kCannotRead;
  if (!arguments.junit.empty()) {
    if (auto done = write_file(arguments.junit, junit_text(tested)); !done) {
      print_error(done.error());
      return kCannotRead;
    }
  }
  fmt::print(stderr, "{} tests, {} failed\n", points, failures);
  return failures == 0 ? kDone : kAnswerIsNo;
}

void add_test_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("test", "tests rules: packets in, what must come of them");
  command.footer(
      "A SPEC, in full (docs/scenarios.md has the whole language):\n"
      "  rules firewall.rules\n"
      "  packet in0 tcp 198.51.100.7:40000 > 192.0.2.1:22 syn => DROP by FORWARD line 12\n"
      "\n"
      "Examples:\n"
      "  sallyport test firewall.scenario             TAP on stdout, what differs in words\n"
      "  sallyport test tests/ --junit report.xml     all *.scenario below a folder\n"
      "\nExit: 0 all passed, 1 a test failed or a SPEC is wrong, 2 wrong usage, 3 a file cannot be read.");
  auto arguments = std::make_shared<ScenarioTests>();
  command.add_option("SPEC", arguments->paths, "scenarios, or folders of them; - is standard input")->required();
  command.add_option("--junit", arguments->junit, "the outcome as JUnit's XML, for a build server");
  command
      .add_option("--module", arguments->modules,
                  "a module that runs in every test, and whose matches and targets the "
                  "rules may use: NAME[:key=value,...]; may be given again")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_module_path(command, arguments->module_path);
  command.callback([arguments, &exit_code] { exit_code = run_scenario_tests(*arguments); });
}

}  // namespace sallyport::cli
