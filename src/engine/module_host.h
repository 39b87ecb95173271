// The modules of one engine: started, put on hooks, guarded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/module_guard.h"
#include "engine/module_process.h"
#include "sallyport/module_set.h"
#include "sallyport/random.h"

namespace sallyport {

// Where a hook module is registered.
using HookPlacer = std::function<void(HookModule& module, Family family, Hook hook, int priority)>;

// Stands in for the nat module, which comes after the modules that will ask it.
class LaterNat final : public Nat {
 public:
  void is(Nat* nat) { nat_ = nat; }
  void map(Packet& packet, const HookContext& context, NatEnd end, const NatRequest& request) override {
    if (nat_ != nullptr) nat_->map(packet, context, end, request);
  }
  void bind(Packet& packet, InterfaceId out) override {
    if (nat_ != nullptr) nat_->bind(packet, out);
  }

 private:
  Nat* nat_ = nullptr;
};

// Owns what modules register. One thread.
class ModuleHost {
 public:
  // What modules draw does not change what the engine draws from the same seed.
  explicit ModuleHost(uint64_t seed) : random_(seed ^ 0x6d6f64756c65) {}

  // Starts each use in turn; what they refuse, or throw, is an error each.
  Errors start(const ModuleSet& modules, const Router& router, SharedState& shared, const HookPlacer& place);
  void look_ahead(std::span<const Packet> burst) {
    if (!looking_.empty()) let_look(burst);
  }
  std::vector<ModuleReport> reports() const;

  // Whether any module wants connections mapped, and who does it.
  bool needs_nat() const { return needs_nat_; }
  void set_nat(Nat& nat) { nat_.is(&nat); }
  bool hears_ends() const { return !hearing_.empty(); }
  void connection_ended(const Connection& connection, HookContext& context);
  Result<std::string> command(std::string_view module, std::string_view words, HookContext& context);

 private:
  class Setup;
  Result<void> start_apart(const ModuleUse& use, const Router& router, const HookPlacer& place);
  struct Started {
    std::shared_ptr<ModuleGuard> guard;
    std::map<std::string, uint64_t, std::less<>> metrics;
    std::vector<std::shared_ptr<HookModule>> hooks;
    ModuleCommand command;
    std::unique_ptr<ModuleProcess> process;  // of an isolated one
  };

  struct Looking {
    LooksAhead* module;
    ModuleGuard* guard;
  };
  void let_look(std::span<const Packet> burst);
  struct Hearing {
    HearsEnds* module;
    ModuleGuard* guard;
  };

  Random random_;
  std::vector<std::unique_ptr<Started>> started_;
  std::vector<Looking> looking_;
  std::vector<Hearing> hearing_;
  LaterNat nat_;
  bool needs_nat_ = false;
};

}  // namespace sallyport
