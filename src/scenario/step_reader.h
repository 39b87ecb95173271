// One line of a scenario's tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sallyport/result.h"
#include "scenario/script.h"
#include "scenario/words.h"

namespace sallyport::scenario {

// `words` are the words of `line`; `interfaces` those that packets may come in and leave by.
Result<Step> read_step(Words& words, std::string_view line, std::span<const std::string> interfaces);

// "1.5s", "300ms", "2m", "1h", "5d".
Result<Duration> read_duration(const Word& word);

// An error of `name` not being one of `known`, with the nearest.
std::unexpected<Error> unknown(const Word& word, std::string_view what, std::span<const std::string_view> known);

}  // namespace sallyport::scenario
