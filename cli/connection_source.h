// Where connections come from: a file, or this machine's own table.
#pragma once

#include <string>
#include <string_view>

#include "mapped_file.h"
#include "sallyport/connection_text.h"

namespace sallyport::cli {

constexpr std::string_view kOwnTable = "/proc/net/nf_conntrack";

// The file, or where `from` is empty the machine's own table. `exit_code` is set where that cannot be had.
Result<MappedFile> open_connections(const std::string& from, int& exit_code);
// Tells of the lines that were no connections; the exit code that follows from them.
int report_bad_lines(const ConnectionReader& reader);

}  // namespace sallyport::cli
