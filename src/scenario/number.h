// A number as scenarios write it: 7, 0x1f, $name, $name+1, or * for any.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sallyport/result.h"
#include "scenario/words.h"

namespace sallyport::scenario {

using Variables = std::map<std::string, uint64_t, std::less<>>;

struct Number {
  enum class Kind : uint8_t { Any, Fixed, Variable };
  Kind kind = Kind::Any;
  uint64_t value = 0;         // Fixed; of a Variable what is added to it
  std::string variable = {};  // without the $

  static Number fixed(uint64_t value) { return {.kind = Kind::Fixed, .value = value}; }
};

// At most `most` where it is fixed.
Result<Number> read_number(const Word& word, uint64_t most);

// What it stands for in a packet that is to be made: an error for "any" and for a variable that nothing has bound yet.
Result<uint64_t> value_of(const Number& number, const Variables& variables);

// Whether `actual`, a field of `bits` bits, is what was asked for. A variable that is not bound yet is bound to it.
bool holds(const Number& number, uint64_t actual, unsigned bits, Variables& variables);

// As it was written; a bound variable with its value.
std::string text_of(const Number& number, const Variables& variables);

// `text` with each $name that is bound replaced by its value.
std::string substituted(std::string_view text, const Variables& variables);

}  // namespace sallyport::scenario
