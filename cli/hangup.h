// SIGHUP: files are to be opened anew by their names.
#pragma once

namespace sallyport::cli {

// While it lives, SIGHUP does not end the program but is noted. One at a time.
class Hangup {
 public:
  Hangup();
  ~Hangup();
  Hangup(const Hangup&) = delete;
  Hangup& operator=(const Hangup&) = delete;
  // Whether the signal came since the last call.
  bool asked();
};

}  // namespace sallyport::cli
