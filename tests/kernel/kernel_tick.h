// The kernel's tick, as it moves while packets pass.
#pragma once

#include "sallyport/clock.h"

namespace sallyport::kernel {

// The coarse clock moves with jiffies and with nothing else, so as long as it stands still they do. The engine, which
// has ticks of its own from the time that it is given, is given one of them for each of the kernel's.
class KernelTick {
 public:
  // Until enough of a tick is left for a packet to pass within it.
  void wait_for_room();
  // In the middle of the engine's tick that stands for the present one.
  Timestamp time();
  // Since time() was asked.
  bool moved() const;

 private:
  Timestamp coarse_ = 0;
  Duration least_late_ = kSecond;
  int64_t tick_ = 0;
};

}  // namespace sallyport::kernel
