// A listener of one of the kernel's queues (nfnetlink_queue).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/queue.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

// A packet as it came into a queue; what the two sides must agree on.
struct Queued {
  uint64_t number = 0;
  uint8_t hook = 0;
  uint32_t mark = 0;
  std::vector<uint8_t> bytes = {};
  bool operator==(const Queued&) const = default;
};

class KernelQueue {
 public:
  // At most `most` packets wait.
  static Result<std::unique_ptr<KernelQueue>> open(uint16_t number, uint32_t most);
  ~KernelQueue();
  KernelQueue(const KernelQueue&) = delete;
  KernelQueue& operator=(const KernelQueue&) = delete;

  // What came in since.
  std::vector<Queued> read();
  // All that follows has happened when this returns.
  void answer(uint64_t number, QueueAnswer answer, uint32_t mark, const std::optional<std::vector<uint8_t>>& bytes);

 private:
  KernelQueue(int socket, uint16_t number) : socket_(socket), number_(number), buffer_(1 << 18) {}
  Result<void> configure(uint32_t most);

  int socket_;
  uint16_t number_;
  std::vector<uint8_t> buffer_;
};

}  // namespace sallyport::kernel
