// A text on the terminal that is shown anew from time to time.
#pragma once

#include <termios.h>

#include <chrono>
#include <string_view>

namespace sallyport::cli {

// Takes the whole terminal, and gives it back as it was when it ends, however that comes about. One at a time.
class LiveView {
 public:
  LiveView();
  ~LiveView();
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  // Where there is a terminal to show something on, and one to be asked by.
  static bool possible();
  // Shows as much of the text as the terminal has room for. False: the reader wants no more (q, Ctrl-C, the end of
  // input), else so much time has passed, or a key was pressed.
  bool show(std::string_view text, std::chrono::milliseconds lasts) const;

 private:
  termios before_ = {};
};

}  // namespace sallyport::cli
