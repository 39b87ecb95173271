// Scenarios: whatever text is given is refused with a place and a hint, or runs; and packets in words that can be made
// are described in words that can be read again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sallyport/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto no_files = [](const std::string& path) -> Result<std::string> { return fail("no file " + path, "none"); };
  auto scenario = Scenario::read(text, "fuzz", no_files);
  if (!scenario) {
    if (scenario.error().empty()) std::abort();
    for (const Error& error : scenario.error()) {
      if (error.what.empty()) std::abort();
    }
  } else {
    for (size_t i = 0; i < scenario->tests(); ++i) {
      const ScenarioOutcome first = scenario->run(i);
      if (first.failure && first.failure->what.empty()) std::abort();
    }
  }
  if (auto packet = packet_from_words(text)) (void)packet_in_words(*packet);
  (void)packet_in_words({data, size});
  return 0;
}
