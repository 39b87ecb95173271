// The modules on one hook, in order of priority. Knows verdicts and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "sallyport/engine.h"
#include "sallyport/hook.h"

namespace sallyport {

// Who answers for queued packets. Bounded by the 65,536 numbers there are.
class Queues {
 public:
  void listen(uint16_t number, QueueHandler handler);
  // The answer of who listens to `number`, or null when nobody does.
  const QueueHandler* listener(uint16_t number) const;

 private:
  std::map<uint16_t, QueueHandler> handlers_;
};

// Does not own its modules. Filled at set-up, run by one thread.
class HookChain {
 public:
  // Before those of equal priority, as in today's kernel.
  void add(HookModule& module, int priority);
  // Not while a packet is on its way through.
  void remove(const HookModule& module);
  bool empty() const { return places_.empty(); }

  // Leads the packet through the modules: Accept, Drop or Stolen. A queued packet is answered within the call; a packet
  // whose bytes the answer changed is parsed anew, and dropped when it no longer can be.
  Verdict::Kind run(Packet& packet, HookContext& context, const Queues& queues) const;

 private:
  struct Place {
    HookModule* module;
    int priority;
  };
  enum class Next : uint8_t { Module, Again, HookDone, Dropped };
  static Next ask(const Verdict& verdict, Packet& packet, const HookContext& context, const Queues& queues);

  std::vector<Place> places_;
};

}  // namespace sallyport
