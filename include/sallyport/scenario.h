// Tests of rules as text: packets in, what must come out, when, and what the connection table then says. The language
// is in docs/scenarios.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/result.h"

namespace sallyport {

class ModuleSet;

namespace scenario {
struct Script;
}

// Answers with the text of a file that a scenario names (`rules FILE`, `host FILE`).
using FileReader = std::function<Result<std::string>(const std::string& path)>;

// What went otherwise than a line said.
struct ScenarioFailure {
  uint32_t line = 0;                  // of the scenario's file
  uint32_t packet_line = 0;           // where the packet is that it is about; 0: none came in yet
  std::string what = {};              // "nothing left by wan"
  std::string expected = {};          // the line itself
  std::string got = {};               // the packet that came instead, in the same words; may be empty
  std::vector<std::string> way = {};  // the rules that the packet met, in order
};

// One test of a file: all steps behind a `test` line, or one `packet` line.
struct ScenarioOutcome {
  std::string name = {};
  uint32_t line = 0;
  size_t checks = 0;  // expectations that were looked at
  std::optional<ScenarioFailure> failure = {};
};

// A file of tests, read and ready to run any number of times. Cheap to copy.
class Scenario {
 public:
  // Every mistake of the file is reported, rules that are refused included. Files that it names are found from its own
  // folder and read by `reader`; a scenario that names one where there is no reader is an error. With `modules`, which
  // outlive it, rules may use what they offer, and they run in every test.
  static Results<Scenario> read(std::string_view text, const std::string& file, const FileReader& reader,
                                const ModuleSet* modules = nullptr);

  size_t tests() const;
  // Runs the test with this number, from 0, on a fresh engine: equal every time.
  ScenarioOutcome run(size_t test) const;

  const scenario::Script& script() const { return *script_; }

 private:
  std::shared_ptr<const scenario::Script> script_;
};

// A packet in the scenario language's words, as bytes from the IP header on, and the other way.
Result<std::vector<uint8_t>> packet_from_words(std::string_view words);
std::string packet_in_words(std::span<const uint8_t> packet);

}  // namespace sallyport
