// Where connections come from.

#include "connection_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include "input.h"

namespace sallyport::cli {

Result<MappedFile> open_connections(const std::string& from, int& exit_code) {
  exit_code = kCannotRead;
  if (!from.empty()) return MappedFile::open(from);
  exit_code = kNoPrivilege;
  const std::string own(kOwnTable);
  if (access(own.c_str(), F_OK) != 0)
    return fail(fmt::format("{} is not there: connection tracking is not loaded, or the kernel was built without "
                            "CONFIG_NF_CONNTRACK_PROCFS",
                            kOwnTable),
                "--from FILE with a listing, such as one that conntrack -L -o extended printed");
  if (access(own.c_str(), R_OK) != 0)
    return fail(fmt::format("{} may not be read", kOwnTable), "root, or --from FILE with a listing");
  return MappedFile::open(own);
}

int report_bad_lines(const ConnectionReader& reader) {
  if (reader.bad_lines() == 0) return kDone;
  print_errors(reader.errors());
  if (reader.bad_lines() > reader.errors().size())
    fmt::print(stderr, "and {} more bad lines\n", reader.bad_lines() - reader.errors().size());
  return kCannotRead;
}

}  // namespace sallyport::cli
