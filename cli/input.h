// Reading whole files for the subcommands, and telling what went wrong.
#pragma once

#include <string>

#include "sallyport/result.h"

namespace sallyport::cli {

// What a subcommand answers with; see the manual.
enum ExitCode : int {
  kDone = 0,
  kAnswerIsNo = 1,
  kWrongUsage = 2,
  kCannotRead = 3,
  kNoPrivilege = 4,
  kInterrupted = 130
};

// The whole of PATH; "-" is standard input.
Result<std::string> read_file(const std::string& path);
// Writes all of `text` to PATH; "-" is standard output.
Result<void> write_file(const std::string& path, const std::string& text);
void print_errors(const Errors& errors);
void print_error(const Error& error);

}  // namespace sallyport::cli
