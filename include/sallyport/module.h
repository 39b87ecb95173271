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
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sallyport/connection.h"
#include "sallyport/event.h"
#include "sallyport/hook.h"
#include "sallyport/host.h"
#include "sallyport/match.h"
#include "sallyport/options.h"
#include "sallyport/result.h"
#include "sallyport/shared_state.h"
#include "sallyport/siphash.h"
#include "sallyport/target.h"

namespace sallyport {

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
};

// A hook module that wants to fetch memory ahead. `burst` are packets that come by soon, in this order, the first of
// them next; some may never come. Parsed where transport_state is not Missing. A hint: it changes nothing that counts.
class LooksAhead {
 public:
  virtual ~LooksAhead() = default;
  virtual void look_ahead(std::span<const Packet> burst) = 0;
};

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
  std::vector<Described> events = {};
  std::vector<Described> metrics = {};
  FailurePolicy on_failure = FailurePolicy::Open;
  // Called once per --module and engine, before the rules are compiled. Null: it has nothing on hooks.
  Result<void> (*start)(ModuleSetup& setup) = nullptr;
};

// Grows with each change that a module built before it would not survive.
constexpr uint32_t kModuleAbi = 1;
// Catches what the number above forgot: sizes that both sides must agree on.
constexpr uint32_t kModuleLayout = sizeof(Packet) + 8 * sizeof(HookContext) + 16 * sizeof(Ipv6Connection) +
                                   32 * sizeof(Event) + 64 * sizeof(ModuleType) + 128 * sizeof(MatchType) +
                                   256 * sizeof(TargetType) + 512 * sizeof(OptionSpec);

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
