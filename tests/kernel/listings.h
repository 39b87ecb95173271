// The kernel's tables of connections and expectations, read at a time that is known.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "kernel/kernel_tick.h"

namespace sallyport::kernel {

// A packet's time, or a listing's, is known so well, or what it does is not compared.
constexpr int64_t kUncertain_ticks = KernelTick::kPerSecond / 10;

// Of a file of /proc. Empty where it cannot be read.
inline std::string content_of(const char* path) {
  constexpr size_t kPiece = 1 << 16;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string content;
  for (ssize_t got = 1; got > 0;) {
    const size_t before = content.size();
    content.resize(before + kPiece);
    got = read(file, content.data() + before, kPiece);
    content.resize(before + static_cast<size_t>(got > 0 ? got : 0));
  }
  close(file);
  return content;
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
