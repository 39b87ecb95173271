// The five places where modules see a packet, what they may answer, and what they are given to decide with.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "sallyport/clock.h"
#include "sallyport/packet.h"

namespace sallyport {

class EventSink;
class LogSink;
class Nat;
class PacketOutput;
class Random;
class Router;

//                  +-> Input --> local process --> Output -+
//                  |                                       |
//  --> Prerouting -+-> route -------> Forward -------------+-> Postrouting -->
//
// In the kernel's order (linux/netfilter.h).
enum class Hook : uint8_t { Prerouting = 0, Input = 1, Forward = 2, Output = 3, Postrouting = 4 };
constexpr size_t kHooks = 5;
std::string_view hook_name(Hook hook);  // "PREROUTING" ...

constexpr uint8_t hook_bit(Hook hook) { return static_cast<uint8_t>(1u << static_cast<unsigned>(hook)); }
constexpr uint8_t kAllHooks = 0x1f;

// Netfilter's priorities (linux/netfilter_ipv4.h); lower runs first.
constexpr int kPriorityDefrag = -400;
constexpr int kPriorityRaw = -300;
constexpr int kPriorityConntrack = -200;
constexpr int kPriorityMangle = -150;
constexpr int kPriorityDestinationNat = -100;
constexpr int kPriorityFilter = 0;
constexpr int kPrioritySecurity = 50;
constexpr int kPrioritySourceNat = 100;
constexpr int kPriorityLast = std::numeric_limits<int>::max();

// What a module says of a packet. The zero value is the safe one.
struct Verdict {
  enum class Kind : uint8_t {
    Drop,    // the packet ends here
    Accept,  // the next module sees it
    Stolen,  // the module has moved it out and answers for it
    Queue,   // user space decides (see Engine::on_queue)
    Repeat,  // answer of a queue: the queueing module runs again
    Stop,    // answer of a queue: the rest of this hook is skipped
  };
  Kind kind = Kind::Drop;
  bool bypass = false;  // Queue: accept when nobody listens
  uint16_t queue = 0;   // Queue: its number

  static constexpr Verdict drop() { return {}; }
  static constexpr Verdict accept() { return {.kind = Kind::Accept}; }
  static constexpr Verdict stolen() { return {.kind = Kind::Stolen}; }
  static constexpr Verdict queued(uint16_t number, bool bypass) {
    return {.kind = Kind::Queue, .bypass = bypass, .queue = number};
  }
  bool operator==(const Verdict&) const = default;
};

// Where a packet's fate was sealed, for people: the table, chain and line whose rule (or policy) decided.
struct Decision {
  std::string_view table = {};
  std::string_view chain = {};
  uint32_t line = 0;         // of the ruleset's text; 0 for a policy that the file does not state
  uint32_t rule_number = 0;  // from 1; 0 for the policy
};

// What a module, a match and a target may use while they look at one packet. Made once per traversal and handed down;
// everything it points to outlives it. One thread.
struct HookContext {
  Hook hook = Hook::Prerouting;
  bool drop_packet = false;  // a match sets it when the packet is too broken to judge: it is dropped at once, uncounted
  InterfaceId in = kNoInterface;   // as the hook sees it: none at Output and, for local senders, at Postrouting
  InterfaceId out = kNoInterface;  // none at Prerouting and Input
  const Router* router = nullptr;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  PacketOutput* output = nullptr;
  LogSink* log = nullptr;
  Nat* nat = nullptr;           // null outside the nat table's hooks
  EventSink* events = nullptr;  // null: nobody listens
  Decision decision = {};       // left by the table that last dropped, queued or stole

  Timestamp now() const { return clock->now(); }
};

// A way to send packets that the engine itself makes (REJECT, ICMP errors): each runs from Output to its end before
// the call returns.
class PacketOutput {
 public:
  virtual ~PacketOutput() = default;
  // `packet` holds a network packet without link header; it is routed here. `cause` gave rise to it. Without a source
  // it gets the address that `cause` asked for, where that is one of this machine's, else one by route.
  virtual void send(Packet&& packet, const Packet& cause) = 0;
  // Routes a packet at Output again because its addresses, mark, TOS or hop limit changed; sets packet.out. Modules
  // behind still see the interface that the hook began with. False: no route leads there any more.
  virtual bool reroute(Packet& packet) = 0;
  // Whether the machine's rate limits let an ICMP error of this type answer `cause` now; counts as sent if so.
  virtual bool may_send_error(const Packet& cause, uint8_t type) = 0;
};

// Something that sits on hooks. Registered with a priority per hook; called for every packet that reaches it.
class HookModule {
 public:
  virtual ~HookModule() = default;
  virtual std::string_view name() const = 0;
  // Never throws, never allocates once warm.
  virtual Verdict handle(Packet& packet, HookContext& context) = 0;
};

}  // namespace sallyport
