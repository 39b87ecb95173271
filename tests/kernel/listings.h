// The kernel's tables of connections and expectations, read at a time that is known.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "kernel/kernel_tick.h"

namespace sallyport::kernel {

// A packet's time, or a listing's, is known so well, or what it does is not compared.
constexpr int64_t kUncertain_ticks = KernelTick::kPerSecond / 10;

inline std::string content_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Both tables and when they were read.
struct Listings {
  std::string connections = {};
  std::string expectations = {};
  Timestamp time = 0;

  // False: the machine stands still again and again.
  bool read(KernelTick& tick) {
    constexpr int kTries = 20;
    for (int i = 0; i < kTries; ++i) {
      time = tick.time();
      connections = content_of("/proc/net/nf_conntrack");
      expectations = content_of("/proc/net/nf_conntrack_expect");
      if (tick.passed() <= kUncertain_ticks) return true;
    }
    return false;
  }
};

}  // namespace sallyport::kernel
