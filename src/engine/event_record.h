// Events as bytes, from one process to another: written by a module's, read by the engine's, which believes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sallyport/event.h"

namespace sallyport {

// Appends events to memory of a fixed size. One that does not fit is not there, and counted.
class EventWriter final : public EventSink {
 public:
  explicit EventWriter(std::span<std::byte> room) : room_(room) {}
  void emit(const Event& event) override;
  void clear() { used_ = lost_ = 0; }
  uint32_t used() const { return used_; }
  uint32_t lost() const { return lost_; }

 private:
  std::span<std::byte> room_;
  uint32_t used_ = 0;
  uint32_t lost_ = 0;
};

// Emits into `sink` what an EventWriter wrote; an event that had a packet has `packet`. Ends where bytes mean nothing.
void replay_events(std::span<const std::byte> written, const Packet& packet, const HookContext& context,
                   EventSink& sink);

}  // namespace sallyport
