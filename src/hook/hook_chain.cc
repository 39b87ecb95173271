// Traversal of one hook. Counterpart of nf_hook_slow() and nf_queue() in net/netfilter/{core,nf_queue}.c.

#include "hook/hook_chain.h"

#include <algorithm>
#include <utility>

#include "wire/parse.h"

namespace sallyport {
namespace {

// How often a queue may send a packet back to the module that queued it.
constexpr int kMostRepeats = 16;

}  // namespace

void Queues::listen(uint16_t number, QueueHandler handler) {
  if (handler) {
    handlers_[number] = std::move(handler);
  } else {
    handlers_.erase(number);
  }
}

const QueueHandler* Queues::listener(uint16_t number) const {
  const auto found = handlers_.find(number);
  return found == handlers_.end() ? nullptr : &found->second;
}

void HookChain::add(HookModule& module, int priority) {
  const auto place = std::ranges::find_if(places_, [&](const Place& other) { return other.priority >= priority; });
  places_.insert(place, {&module, priority});
}

void HookChain::remove(const HookModule& module) {
  std::erase_if(places_, [&](const Place& place) { return place.module == &module; });
}

HookChain::Next HookChain::ask(const Verdict& verdict, Packet& packet, const HookContext& context,
                               const Queues& queues) {
  const QueueHandler* handler = queues.listener(verdict.queue);
  if (handler == nullptr) return verdict.bypass ? Next::Module : Next::Dropped;
  const QueueAnswer answer = (*handler)(packet, context.hook);
  if (answer == QueueAnswer::Drop || parse(packet) != Malformed::None) return Next::Dropped;
  if (answer == QueueAnswer::Repeat) return Next::Again;
  return answer == QueueAnswer::Stop ? Next::HookDone : Next::Module;
}

Verdict::Kind HookChain::run(Packet& packet, HookContext& context, const Queues& queues) const {
  int repeats = 0;
  for (size_t i = 0; i < places_.size();) {
    const Verdict verdict = places_[i].module->handle(packet, context);
    if (verdict.kind == Verdict::Kind::Accept) [[likely]] {
      ++i;
      continue;
    }
    Next next = Next::Dropped;
    if (verdict.kind == Verdict::Kind::Stolen) return Verdict::Kind::Stolen;
    if (verdict.kind == Verdict::Kind::Stop) return Verdict::Kind::Accept;
    if (verdict.kind == Verdict::Kind::Queue) next = ask(verdict, packet, context, queues);
    if (verdict.kind == Verdict::Kind::Repeat) next = Next::Again;
    if (next == Next::HookDone) return Verdict::Kind::Accept;
    if (next == Next::Dropped || (next == Next::Again && ++repeats > kMostRepeats)) return Verdict::Kind::Drop;
    if (next == Next::Module) ++i;
  }
  return Verdict::Kind::Accept;
}

}  // namespace sallyport
