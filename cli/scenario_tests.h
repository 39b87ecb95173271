// Scenarios as tests: what sallyport test and sallyport module test run.
#pragma once

#include <string>
#include <vector>

namespace sallyport::cli {

struct ScenarioTests {
  std::vector<std::string> paths;  // files, or folders of them
  std::string junit;               // a file; empty: none
  std::vector<std::string> modules;
  std::vector<std::string> module_path;
};

// TAP on standard output; returns the exit code.
int run_scenario_tests(const ScenarioTests& tests);

}  // namespace sallyport::cli
