// Times as people write them: 250ms, 10s, 5m, 1h, 2d; a bare number is seconds.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/clock.h"
#include "sallyport/options.h"

namespace sallyport {

Result<Duration> parse_duration(std::string_view text);
// In the largest unit that leaves no rest.
std::string duration_text(Duration duration);

// An option that takes one, in nanoseconds in `number`.
OptionSpec duration_option(std::string_view name, std::string_view summary);

}  // namespace sallyport
