// "Did you mean": the known word nearest to a mistaken one.
#pragma once

#include <span>
#include <string_view>

namespace sallyport {

// By edit distance, at most a third of the word's length; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace sallyport
