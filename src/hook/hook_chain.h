// The modules on one hook, in order of priority. Knows verdicts and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hook/queues.h"
#include "sallyport/hook.h"

namespace sallyport {

// Does not own its modules. Filled at set-up, run by one thread.
class HookChain {
 public:
  // Before those of equal priority, as in today's kernel.
  void add(HookModule& module, int priority);
  // Not while a packet is on its way through.
  void remove(const HookModule& module);
  bool empty() const { return places_.empty(); }

  // Leads the packet through the modules: Accept, Drop, Stolen, or Queue where it was moved into one, to wait. A packet
  // that user space looked at is parsed anew, and dropped when it cannot be.
  // What every packet takes stands here, to be inlined; all that a queue needs to remember stands elsewhere.
  Verdict::Kind run(Packet& packet, HookContext& context, Queues& queues) const {
    const Place* const end = places_.data() + places_.size();
    for (const Place* place = places_.data(); place != end; ++place) {
      const Verdict verdict = place->module->handle(packet, context);
      if (verdict.kind == Verdict::Kind::Accept) [[likely]]
        continue;
      if (verdict.kind == Verdict::Kind::Drop) return Verdict::Kind::Drop;
      return go_on_after(verdict, place, packet, context, queues);
    }
    return Verdict::Kind::Accept;
  }
  // The same for one that waited, from where it was queued. Dropped when the module that queued it is gone.
  Verdict::Kind resume(QueuedPacket& held, QueueAnswer answer, Queues& queues) const;

 private:
  struct Place {
    HookModule* module;
    int priority;
  };
  enum class Next : uint8_t { Module, Again, HookDone, Dropped, Waits };
  // Where a walk is, how often a queue sent its packet back, and, while the module sees it again, what it was before.
  struct Walk {
    size_t at = 0;
    int repeats = 0;
    std::optional<RouteChoice> before = {};
  };
  Verdict::Kind go_on_after(Verdict verdict, const Place* place, Packet& packet, HookContext& context,
                            Queues& queues) const;
  std::optional<Verdict::Kind> follow(const Verdict& verdict, Walk& walk, Packet& packet, HookContext& context,
                                      Queues& queues) const;
  Verdict::Kind go_on(Walk walk, Packet& packet, HookContext& context, Queues& queues) const;
  Next ask(const Verdict& verdict, const Walk& walk, const RouteChoice& before, Packet& packet, HookContext& context,
           Queues& queues) const;
  static Next settle(QueueAnswer answer, const RouteChoice& before, Packet& packet, HookContext& context);
  static bool may_go_on(const RouteChoice& before, Packet& packet, HookContext& context);
  static bool take(Next next, const RouteChoice& before, Walk& walk);

  std::vector<Place> places_;
};

}  // namespace sallyport
