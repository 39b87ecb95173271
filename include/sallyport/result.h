// What can fail at set-up returns a Result: the value, or an Error that teaches. Nothing on the packet path does.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace sallyport {

// Says where input is wrong, what is wrong, and what would have been right. `file` may be empty (no file), `line`
// and `column` count from 1 and are 0 when unknown. A value: copy it, keep it, compare it.
struct Error {
  std::string what = {};
  std::string expected = {};
  std::string file = {};
  uint32_t line = 0;
  uint32_t column = 0;

  // "FILE:LINE:COLUMN: WHAT; expected EXPECTED", leaving out what is unknown.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

// For readers that go on after a mistake, so that one run reports them all. Never empty when it is returned as an
// error.
using Errors = std::vector<Error>;

template <class T>
using Results = std::expected<T, Errors>;

// `return fail("port 70000 is too large", "a number from 0 to 65535");`
inline std::unexpected<Error> fail(std::string what, std::string expected = {}) {
  return std::unexpected(Error{.what = std::move(what), .expected = std::move(expected)});
}

}  // namespace sallyport
