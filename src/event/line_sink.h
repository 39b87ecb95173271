// What lines are given to at last: a file, a socket, the system's log.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/result.h"

namespace sallyport {

// Used by one thread.
class LineSink {
 public:
  // `to` as in EventOutputConfig.
  static Result<std::unique_ptr<LineSink>> open(const std::string& to, bool truncate);
  virtual ~LineSink() = default;

  // Gives whole lines away, as fast as the reader takes them, and says how many went. Those that a failure or, once
  // `hurry` is set, a reader that has taken nothing for a second leaves over are lost. Nothing is ever put behind half
  // a line: its reader is cut off, or the line is ended.
  virtual size_t write(std::string_view lines, const std::atomic<bool>& hurry) = 0;
  // A file is opened anew by its name.
  virtual void reopen() {}
  // The first failure; null: none.
  const Error* failure() const { return failed_ ? &error_ : nullptr; }

 protected:
  void keep(Error error);

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sallyport
