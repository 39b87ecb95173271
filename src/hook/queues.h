// User space behind queues, and the packets that wait for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sallyport/hook.h"
#include "sallyport/queue.h"

namespace sallyport {

// What routes are chosen by. A packet of the machine's own is routed again when user space changed it.
class RouteChoice {
 public:
  RouteChoice() = default;
  explicit RouteChoice(const Packet& packet);
  bool changed(const Packet& packet) const;
  Family family() const { return source_.family; }

 private:
  IpAddress source_ = {};
  IpAddress destination_ = {};
  uint32_t mark_ = 0;
  uint8_t tos_ = 0;
};

// A packet that waits, and what its walk needs to go on.
struct QueuedPacket {
  Packet packet;
  HookContext context;
  RouteChoice before;
  const HookModule* module = nullptr;  // the one that queued it, and
  int priority = 0;                    // its place
  int repeats = 0;
  uint64_t number = 0;
  Connection* connection = nullptr;  // kept alive while the packet waits
};

// One numbered queue with a listener.
class Queue {
 public:
  Queue(QueueHandler handler, QueueLimits limits) : handler_(share(std::move(handler))), limits_(limits) {}

  void listen(QueueHandler handler, QueueLimits limits);
  // Whoever calls the handler holds it: the call may put another in its place.
  std::shared_ptr<const QueueHandler> handler() const { return handler_; }
  bool full() const { return waiting_.size() >= limits_.most; }
  const QueueLimits& limits() const { return limits_; }
  QueueCounters counters() const;

  uint64_t count_asked() { return ++asked_; }
  void count_full() { ++found_full_; }

  // A place for one more, which then waits under `number`; its packet has bytes to be exchanged for the new one's.
  QueuedPacket& hold(uint64_t number);
  QueuedPacket* find(uint64_t number);
  std::unique_ptr<QueuedPacket> take(uint64_t number);
  std::unique_ptr<QueuedPacket> take_oldest();
  // For the next that waits.
  void give_back(std::unique_ptr<QueuedPacket> place) { spare_.push_back(std::move(place)); }

 private:
  using Places = std::vector<std::unique_ptr<QueuedPacket>>;
  static std::shared_ptr<const QueueHandler> share(QueueHandler handler);
  Places::iterator place_of(uint64_t number);

  std::shared_ptr<const QueueHandler> handler_;
  QueueLimits limits_;
  uint64_t asked_ = 0;
  uint64_t found_full_ = 0;
  Places waiting_;  // in order of arrival; bounded by limits_.most
  Places spare_;
};

// The queues that have a listener, at most 65,536. One thread.
class Queues {
 public:
  void listen(uint16_t number, QueueHandler handler, QueueLimits limits);
  // Its packets are to be taken out before.
  void forget(uint16_t number) { queues_.erase(number); }
  // Null when nobody listens.
  Queue* find(uint16_t number);
  const Queue* find(uint16_t number) const;

 private:
  std::map<uint16_t, Queue> queues_;
};

}  // namespace sallyport
