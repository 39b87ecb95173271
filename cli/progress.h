// A progress bar on a terminal; silence anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sallyport::cli {

class Progress {
 public:
  explicit Progress(std::string_view what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `share` from 0 to 1, negative where unknown. Draws ten times a second at most.
  void show(double share, uint64_t packets);
  void clear();

 private:
  std::string_view what_;
  bool terminal_;
  bool drawn_ = false;
  uint32_t calls_ = 0;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace sallyport::cli
