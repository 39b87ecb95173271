// Traversal of one hook. Counterpart of nf_hook_slow(), nf_queue() and nf_reinject() in
// net/netfilter/{core,nf_queue,nfnetlink_queue}.c.

#include "hook/hook_chain.h"

#include <algorithm>
#include <utility>

#include "sallyport/connection.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

// How often a queue may send a packet back to the module that queued it.
constexpr int kMostRepeats = 16;

// Moves the packet into its place in the queue; what bytes the place had become the caller's, to be used again.
void put(Packet& packet, QueuedPacket& held) {
  Packet spare = std::move(held.packet);
  held.packet = std::move(packet);
  packet = std::move(spare);
  held.connection = held.packet.connection;
  if (held.connection != nullptr) ++held.connection->dependents;
}

}  // namespace

void HookChain::add(HookModule& module, int priority) {
  const auto place = std::ranges::find_if(places_, [&](const Place& other) { return other.priority >= priority; });
  places_.insert(place, {&module, priority});
}

void HookChain::remove(const HookModule& module) {
  std::erase_if(places_, [&](const Place& place) { return place.module == &module; });
}

HookChain::Next HookChain::ask(const Verdict& verdict, const Walk& walk, const RouteChoice& before, Packet& packet,
                               HookContext& context, Queues& queues) const {
  Queue* queue = queues.find(verdict.queue);
  if (queue == nullptr) return verdict.bypass ? Next::Module : Next::Dropped;
  if (queue->full()) {
    queue->count_full();
    return queue->limits().accept_when_full ? Next::Module : Next::Dropped;
  }
  const QueueTicket ticket = {
      .number = queue->count_asked(), .hook = context.hook, .in = context.in, .out = context.out};
  const auto handler = queue->handler();
  const QueueAnswer answer = (*handler)(packet, ticket);
  if (answer != QueueAnswer::Later) return settle(answer, before, packet, context);

  queue = queues.find(verdict.queue);
  if (queue == nullptr) return Next::Dropped;  // the handler has just left
  QueuedPacket& held = queue->hold(ticket.number);
  held.context = context;
  held.before = before;
  held.module = places_[walk.at].module;
  held.priority = places_[walk.at].priority;
  held.repeats = walk.repeats;
  put(packet, held);
  return Next::Waits;
}

HookChain::Next HookChain::settle(QueueAnswer answer, const RouteChoice& before, Packet& packet, HookContext& context) {
  if (answer == QueueAnswer::Drop) return Next::Dropped;
  if (parse(packet, Arrival::UserSpace) != Malformed::None || packet.family != before.family()) return Next::Dropped;
  if (answer == QueueAnswer::Repeat) return Next::Again;
  if (answer == QueueAnswer::Stop) return Next::HookDone;
  return may_go_on(before, packet, context) ? Next::Module : Next::Dropped;
}

// A packet of the machine's own is routed again where user space changed what its route was chosen by.
bool HookChain::may_go_on(const RouteChoice& before, Packet& packet, HookContext& context) {
  return context.hook != Hook::Output || !before.changed(packet) || context.output->reroute(packet);
}

// Where the walk goes on. False: it does not.
bool HookChain::take(Next next, const RouteChoice& before, Walk& walk) {
  if (next == Next::Module) ++walk.at;
  if (next == Next::Again) walk.before = before;
  return next == Next::Module || (next == Next::Again && ++walk.repeats <= kMostRepeats);
}

Verdict::Kind HookChain::go_on_after(Verdict verdict, const Place* place, Packet& packet, HookContext& context,
                                     Queues& queues) const {
  Walk walk = {.at = static_cast<size_t>(place - places_.data())};
  const auto ended = follow(verdict, walk, packet, context, queues);
  return ended ? *ended : go_on(walk, packet, context, queues);
}

Verdict::Kind HookChain::resume(QueuedPacket& held, QueueAnswer answer, Queues& queues) const {
  const auto place = std::ranges::find_if(
      places_, [&](const Place& other) { return other.module == held.module && other.priority == held.priority; });
  if (place == places_.end()) return Verdict::Kind::Drop;
  Walk walk = {.at = static_cast<size_t>(place - places_.begin()), .repeats = held.repeats};
  const Next next = settle(answer, held.before, held.packet, held.context);
  if (next == Next::HookDone) return Verdict::Kind::Accept;
  if (!take(next, held.before, walk)) return Verdict::Kind::Drop;
  return go_on(walk, held.packet, held.context, queues);
}

Verdict::Kind HookChain::go_on(Walk walk, Packet& packet, HookContext& context, Queues& queues) const {
  while (walk.at < places_.size()) {
    const Verdict verdict = places_[walk.at].module->handle(packet, context);
    if (verdict.kind == Verdict::Kind::Accept) [[likely]] {
      if (walk.before && !may_go_on(*walk.before, packet, context)) return Verdict::Kind::Drop;
      walk.before.reset();
      ++walk.at;
      continue;
    }
    walk.before.reset();
    if (const auto ended = follow(verdict, walk, packet, context, queues)) return *ended;
  }
  return Verdict::Kind::Accept;
}

// A verdict other than Accept: what it makes of the hook, or nothing where the walk goes on.
std::optional<Verdict::Kind> HookChain::follow(const Verdict& verdict, Walk& walk, Packet& packet, HookContext& context,
                                               Queues& queues) const {
  if (verdict.kind == Verdict::Kind::Stolen) return Verdict::Kind::Stolen;
  if (verdict.kind == Verdict::Kind::Stop) return Verdict::Kind::Accept;
  const RouteChoice before(packet);
  Next next = Next::Dropped;
  if (verdict.kind == Verdict::Kind::Queue) next = ask(verdict, walk, before, packet, context, queues);
  if (verdict.kind == Verdict::Kind::Repeat) next = Next::Again;
  if (next == Next::HookDone) return Verdict::Kind::Accept;
  if (next == Next::Waits) return Verdict::Kind::Queue;
  if (!take(next, before, walk)) return Verdict::Kind::Drop;
  return std::nullopt;
}

}  // namespace sallyport
