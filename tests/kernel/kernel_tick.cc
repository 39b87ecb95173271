// The kernel's tick, seen in CLOCK_MONOTONIC_COARSE.

#include "kernel/kernel_tick.h"

#include <time.h>

#include <algorithm>

namespace sallyport::kernel {
namespace {

constexpr Duration kTick = kSecond / 250;

Timestamp read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

}  // namespace

// The coarse clock is always late: by something when it moves, and by a tick more just before it moves again.
void KernelTick::wait_for_room() {
  while (true) {
    const Duration late = read(CLOCK_MONOTONIC) - read(CLOCK_MONOTONIC_COARSE);
    if (late < least_late_ || late > least_late_ + 2 * kTick) least_late_ = late;
    if (late - least_late_ <= kTick / 2) return;
  }
}

Timestamp KernelTick::time() {
  const Timestamp coarse = read(CLOCK_MONOTONIC_COARSE);
  // Rounded, as the interrupt comes a little early or late; but a tick that moved is another one.
  if (coarse != coarse_) tick_ = std::max((coarse + kTick / 2) / kTick, tick_ + 1);
  coarse_ = coarse;
  return tick_ * kTick + kTick / 2;
}

bool KernelTick::moved() const { return read(CLOCK_MONOTONIC_COARSE) != coarse_; }

}  // namespace sallyport::kernel
