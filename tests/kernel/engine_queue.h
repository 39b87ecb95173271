// A listener of one of the engine's queues, as KernelQueue is of the kernel's.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/kernel_queue.h"
#include "sallyport/engine.h"
#include "sallyport/queue.h"

namespace sallyport::kernel {

class EngineQueue {
 public:
  // At most `most` packets wait. `engine` outlives this.
  EngineQueue(Engine& engine, uint16_t number, uint32_t most) : engine_(engine), number_(number) {
    const auto keep = [this](Packet& packet, const QueueTicket& ticket) {
      came_.push_back({.number = ticket.number,
                       .hook = static_cast<uint8_t>(ticket.hook),
                       .mark = packet.mark,
                       .bytes = {packet.bytes().begin(), packet.bytes().end()}});
      return QueueAnswer::Later;
    };
    engine_.on_queue(number_, keep, {.most = most});
  }
  ~EngineQueue() { engine_.on_queue(number_, {}); }
  EngineQueue(const EngineQueue&) = delete;
  EngineQueue& operator=(const EngineQueue&) = delete;

  // What came in since.
  std::vector<Queued> read() { return std::exchange(came_, {}); }
  void answer(uint64_t number, QueueAnswer answer, uint32_t mark, const std::optional<std::vector<uint8_t>>& bytes) {
    if (Packet* const held = engine_.queued(number_, number)) {
      held->mark = mark;
      if (bytes) replace_bytes(*held, *bytes);
    }
    engine_.answer(number_, number, answer);
  }
  uint64_t found_full() const { return engine_.queue_counters(number_).found_full; }

 private:
  Engine& engine_;
  uint16_t number_;
  std::vector<Queued> came_;
};

}  // namespace sallyport::kernel
