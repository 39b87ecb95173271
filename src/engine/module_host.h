// The modules of one engine: started, put on hooks, guarded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/module_guard.h"
#include "sallyport/module_set.h"
#include "sallyport/random.h"

namespace sallyport {

// Where a hook module is registered.
using HookPlacer = std::function<void(HookModule& module, Family family, Hook hook, int priority)>;

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

 private:
  class Setup;
  struct Started {
    std::shared_ptr<ModuleGuard> guard;
    std::map<std::string, uint64_t, std::less<>> metrics;
    std::vector<std::shared_ptr<HookModule>> hooks;
  };

  struct Looking {
    LooksAhead* module;
    ModuleGuard* guard;
  };
  void let_look(std::span<const Packet> burst);

  Random random_;
  std::vector<std::unique_ptr<Started>> started_;
  std::vector<Looking> looking_;
};

}  // namespace sallyport
