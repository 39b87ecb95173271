// The kernel's tick, as it moves while packets pass.
#pragma once

#include <cstdint>

#include "sallyport/clock.h"

namespace sallyport::kernel {

// Jiffies, by which the kernel counts the time of connections and limits: neither early nor late, also where a machine
// that stood still makes up for lost ticks. The engine, which has ticks of its own from the time that it is given, is
// given one of them for each of the kernel's.
class KernelTick {
 public:
  static constexpr int64_t kPerSecond = 250;

  KernelTick();
  ~KernelTick();
  KernelTick(const KernelTick&) = delete;
  KernelTick& operator=(const KernelTick&) = delete;

  // Until enough of a tick is left for a packet to pass within it, as far as that can be foreseen.
  void wait_for_room();
  // In the middle of the engine's tick that stands for the present one.
  Timestamp time();
  // How many ticks have gone by since time() was asked.
  int64_t passed() const;

 private:
  uint32_t read_ticks() const;

  int socket_;
  uint32_t first_;
  int64_t tick_ = 0;  // as it was when time() was asked
  Duration least_late_ = kSecond;
};

}  // namespace sallyport::kernel
