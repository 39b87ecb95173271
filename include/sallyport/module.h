// A module of your own: a shared library built against these headers alone and loaded by --module.
// docs/writing-a-module.md walks through one.
//
//   class Counter final : public sallyport::HookModule { ... };
//
//   static Result<void> start(ModuleSetup& setup) {
//     setup.add_hook(std::make_unique<Counter>(setup), Hook::Prerouting, kPriorityMangle);
//     return {};
//   }
//   SALLYPORT_MODULE({.name = "counter", .start = start})
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/connection.h"
#include "sallyport/event.h"
#include "sallyport/helper.h"
#include "sallyport/hook.h"
#include "sallyport/host.h"
#include "sallyport/match.h"
#include "sallyport/nat.h"
#include "sallyport/options.h"
#include "sallyport/result.h"
#include "sallyport/shared_state.h"
#include "sallyport/siphash.h"
#include "sallyport/target.h"

namespace sallyport {

// Answers what a person asks a running module for (Engine::command): text for people, or what is wrong with `words`.
using ModuleCommand = std::function<Result<std::string>(std::string_view words, HookContext& context)>;

// What a module starts with: its options, and where it registers what sees packets. Valid during `start` only, but for
// what it hands out by reference, which lives as long as the engine.
class ModuleSetup {
 public:
  virtual ~ModuleSetup() = default;
  // As --module NAME:key=value,... gave them.
  virtual const Options& options() const = 0;
  virtual const Router& router() const = 0;
  // Where it meets matches and targets of rules.
  virtual SharedState& shared() = 0;
  // A key for a table, another with each call; equal for equal --seed.
  virtual SipHashKey key() = 0;
  // The counter of this name, one of ModuleType::metrics. Another name has a counter that nobody sees.
  virtual uint64_t& metric(std::string_view name) = 0;
  // Puts the module on a hook. Of equal priority, the one that was there first goes last.
  virtual void add_hook(std::shared_ptr<HookModule> module, Hook hook, int priority,
                        Families families = Families::Both) = 0;
  // Maps new connections to other addresses, see map_connection(). Does nothing unless the module says needs_nat.
  virtual Nat& nat() = 0;
  // The module takes commands from now on; a second call takes the place of the first.
  virtual void on_command(ModuleCommand command) = 0;
};

// A hook module that wants to fetch memory ahead. `burst` are packets that come by soon, in this order, the first of
// them next; some may never come. Parsed where transport_state is not Missing. A hint: it changes nothing that counts.
class LooksAhead {
 public:
  virtual ~LooksAhead() = default;
  virtual void look_ahead(std::span<const Packet> burst) = 0;
};

// A hook module that wants to hear of connections that are gone: the connection may be read during the call, and what
// PerConnection has of it. No packet is at hand.
class HearsEnds {
 public:
  virtual ~HearsEnds() = default;
  virtual void connection_ended(const Connection& connection, HookContext& context) = 0;
};

// A hook module made of a function (Packet&, HookContext&) -> Verdict.
template <class Call>
std::shared_ptr<HookModule> hook_module(std::string_view name, Call call) {
  class Made final : public HookModule {
   public:
    Made(std::string_view name, Call call) : name_(name), call_(std::move(call)) {}
    std::string_view name() const override { return name_; }
    Verdict handle(Packet& packet, HookContext& context) override { return call_(packet, context); }

   private:
    std::string_view name_;
    Call call_;
  };
  return std::make_shared<Made>(name, std::move(call));
}

// What becomes of a packet that a module threw an exception over, or took too long for: Open lets it pass (a match does
// not match), Closed drops it. --module NAME:on-error=... overrules it.
enum class FailurePolicy : uint8_t { Closed, Open };

// A kind of event, or a counter, that the module has; for `sallyport module info`.
struct Described {
  std::string_view name = {};
  std::string_view summary = {};
};

// What a module offers. Text must live as long as the library is loaded: literals do.
struct ModuleType {
  std::string_view name = {};  // as --module names it
  std::string_view version = "0.1.0";
  std::string_view summary = {};
  std::vector<OptionSpec> options = {};
  std::vector<MatchType> matches = {};
  std::vector<TargetType> targets = {};
  // For -j CT --helper NAME. What they throw is caught: in what `look` throws the policy decides (open: the packet
  // passes), what `ended` throws is counted; budget= does not measure them. Where `look` expects a connection that
  // needs the same helper, it passes on the master's (connection.extra->helper): a helper that it names itself is not
  // guarded, and what that one throws ends the program.
  std::vector<Helper> helpers = {};
  std::vector<Described> events = {};
  std::vector<Described> metrics = {};
  FailurePolicy on_failure = FailurePolicy::Open;
  bool needs_nat = false;  // connections are tracked and mapped in both families, whether rules ask for it or not
  // Called once per --module and engine, before the rules are compiled. Null: it has nothing on hooks.
  Result<void> (*start)(ModuleSetup& setup) = nullptr;
};

// Grows with each change that a module built before it would not survive.
constexpr uint32_t kModuleAbi = 3;
// Catches what the number above forgot: sizes that both sides must agree on.
constexpr uint32_t kModuleLayout = sizeof(Packet) + 8 * sizeof(HookContext) + 16 * sizeof(Ipv6Connection) +
                                   32 * sizeof(Event) + 64 * sizeof(ModuleType) + 128 * sizeof(MatchType) +
                                   256 * sizeof(TargetType) + 512 * sizeof(OptionSpec) + 1024 * sizeof(Helper) +
                                   2048 * sizeof(HelperContext);

// The door: a library's one symbol, sallyport_module, plain C. Nothing behind `abi` is looked at before it agrees.
struct ModuleDoor {
  uint32_t abi;
  uint32_t layout;
  ModuleType (*describe)();
};

// Tells an event about `packet`; nothing happens where nobody listens.
inline void tell(HookContext& context, std::string_view type, const Packet& packet,
                 std::initializer_list<EventField> fields) {
  if (context.events == nullptr) return;
  context.events->emit({.type = type,
                        .time = context.now(),
                        .packet = &packet,
                        .context = &context,
                        .fields = {fields.begin(), fields.size()}});
}

// Maps the connection that `packet` begins: its destination (at PREROUTING or OUTPUT, behind kPriorityConntrack and
// before kPriorityDestinationNat) or its source (at POSTROUTING or INPUT, before kPrioritySourceNat) becomes `to`, and
// `port` unless that is 0. Packets of both directions, ICMP errors and what they quote are rewritten from then on. Who
// decides first, decides: rules and other modules change nothing any more. False: the packet begins no connection, or
// that end is decided.
inline bool map_connection(Nat& nat, Packet& packet, const HookContext& context, NatEnd end, const IpAddress& to,
                           uint16_t port) {
  const uint32_t decided = end == NatEnd::Source ? kStatusSourceNatDone : kStatusDestinationNatDone;
  const Connection* const connection = packet.connection;
  if (connection == nullptr || (connection->status & (kStatusConfirmed | decided)) != 0) return false;
  NatRequest request = {.has_addresses = true, .has_ids = port != 0};
  request.low = request.high = to;
  request.low_id = request.high_id = port;
  nat.map(packet, context, end, request);
  return connection->has(decided);
}

}  // namespace sallyport

// Exports the module. The argument is a ModuleType.
#define SALLYPORT_MODULE(...)                                                                      \
  static sallyport::ModuleType sallyport_module_type() { return __VA_ARGS__; }                     \
  extern "C" {                                                                                     \
  extern __attribute__((visibility("default"))) const sallyport::ModuleDoor sallyport_module;      \
  const sallyport::ModuleDoor sallyport_module = {sallyport::kModuleAbi, sallyport::kModuleLayout, \
                                                  sallyport_module_type};                          \
  }                                                                                                \
  static_assert(true)
