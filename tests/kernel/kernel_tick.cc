// A TCP socket that never sends says for how long it has not: in milliseconds, but counted in jiffies.

#include "kernel/kernel_tick.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <stdexcept>

namespace sallyport::kernel {
namespace {

constexpr Duration kTick = kSecond / KernelTick::kPerSecond;
constexpr uint32_t kMillisecondsPerTick = 1000 / KernelTick::kPerSecond;
// The milliseconds turn round at 2^32.
constexpr uint32_t kTicksMask = UINT32_MAX / kMillisecondsPerTick;

Timestamp read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

}  // namespace

KernelTick::KernelTick() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP)), first_(read_ticks()) {}

KernelTick::~KernelTick() { close(socket_); }

uint32_t KernelTick::read_ticks() const {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) throw std::runtime_error("no TCP_INFO\n");
  return info.tcpi_last_data_sent / kMillisecondsPerTick;
}

// The coarse clock moves with the tick and is always late: by something when it moves, and by a tick more just before
// it moves again.
void KernelTick::wait_for_room() {
  while (true) {
    const Duration late = read(CLOCK_MONOTONIC) - read(CLOCK_MONOTONIC_COARSE);
    if (late < least_late_ || late > least_late_ + 2 * kTick) least_late_ = late;
    if (late - least_late_ <= kTick / 2) return;
  }
}

Timestamp KernelTick::time() {
  tick_ = (read_ticks() - first_) & kTicksMask;
  return (tick_ + kPerSecond) * kTick + kTick / 2;
}

int64_t KernelTick::passed() const { return ((read_ticks() - first_) & kTicksMask) - tick_; }

}  // namespace sallyport::kernel
