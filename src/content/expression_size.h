// How large an expression of --regex gets when it is compiled, told before it is.
#pragma once

#include <string_view>

#include "sallyport/result.h"

namespace sallyport {

// The automaton (Glushkov's) of an expression that Hyperscan reads: its letters, each as often as repeats have it, and
// the ways from one to a next. Compiling takes time and memory that grow a little faster than this does. O(n log n) for
// an expression of n bytes, whatever its repeats; one that is no expression has some size, too.
double automaton_size(std::string_view expression);

// Some seconds of compiling at the worst.
constexpr double kLargestAutomaton = 32768;

// Refuses what is larger.
Result<void> check_expression(std::string_view expression);

}  // namespace sallyport
