// The lock file of the iptables tools.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace sallyport::kernel {

// Has the tools that this process starts take a lock file of their own: they would wait for those of other processes,
// and a user may not even open the common one. All of one process share the file, which ends with any of them and is
// made anew by the tools.
class XtablesLock {
 public:
  XtablesLock()
      : path_((std::filesystem::temp_directory_path() / fmt::format("sallyport-xtables-{}.lock", getpid())).string()) {
    setenv("XTABLES_LOCKFILE", path_.c_str(), 1);
  }
  ~XtablesLock() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  XtablesLock(const XtablesLock&) = delete;
  XtablesLock& operator=(const XtablesLock&) = delete;

 private:
  std::string path_;
};

}  // namespace sallyport::kernel
