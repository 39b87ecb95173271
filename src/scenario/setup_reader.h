// The lines of a scenario that describe the machine.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "sallyport/result.h"
#include "scenario/script.h"
#include "scenario/words.h"

namespace sallyport::scenario {

// Whether the first word is one of: iface, route, rule, timeout, sysctl, seed, clock.
bool is_setup_word(std::string_view word);
// What is set before a scenario's own sysctls: a machine that forwards, and answers as often as it is asked.
std::span<const std::pair<std::string_view, int64_t>> usual_sysctls();
Result<void> read_setup_line(Words& words, Setup& setup);

}  // namespace sallyport::scenario
