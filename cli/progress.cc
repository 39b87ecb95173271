// A progress bar on stderr.

#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

namespace sallyport::cli {
namespace {

constexpr int kWidth = 30;
// The clock is not asked for every burst.
constexpr uint32_t kCallsPerLook = 64;

}  // namespace

Progress::Progress(std::string_view what)
    : what_(what), terminal_(isatty(STDERR_FILENO) != 0), next_(std::chrono::steady_clock::now()) {}

void Progress::show(double share, uint64_t packets) {
  if (!terminal_ || calls_++ % kCallsPerLook != 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  drawn_ = true;
  if (share < 0) {
    fmt::print(stderr, "\r{}  {} packets", what_, packets);
  } else {
    const int filled = static_cast<int>(share * kWidth);
    fmt::print(stderr, "\r{}  [{}{}] {:3.0f} %  {} packets", what_, std::string(static_cast<size_t>(filled), '='),
               std::string(static_cast<size_t>(kWidth - filled), ' '), share * 100, packets);
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace sallyport::cli
