// The outcome of tests as other programs read it: TAP 14 and JUnit's XML.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sallyport/result.h"
#include "sallyport/scenario.h"

namespace sallyport::cli {

// One file: its tests, or why it cannot be read as a scenario.
struct TestedFile {
  std::string file = {};
  std::vector<ScenarioOutcome> outcomes = {};
  Errors errors = {};
};

// One point of the stream, from 1. A file with errors is one point.
std::string tap_point(size_t number, const TestedFile& file, const ScenarioOutcome& outcome);
std::string tap_point(size_t number, const TestedFile& file);

std::string junit_text(std::span<const TestedFile> files);

}  // namespace sallyport::cli
