// What a replay tells at its end: for people on stderr, or as one JSON object.
#pragma once

#include <string>
#include <vector>

#include "replay_input.h"
#include "replay_output.h"
#include "sallyport/engine.h"

namespace sallyport::cli {

struct SummaryInput {
  const ReplayArguments& arguments;
  const InputCounters& input;
  const ReplayOutput& output;
  const ReplayLog& log;
  Engine& engine;
  const std::vector<Ruleset>& before;  // as loaded: what the counters began with
  double seconds = 0;
  const Error* damage = nullptr;
};

std::string summary_text(const SummaryInput& input);
std::string summary_json(const SummaryInput& input);

}  // namespace sallyport::cli
