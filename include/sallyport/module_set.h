// The modules that a program loads, and what they add to rules and hooks.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/helper.h"
#include "sallyport/module.h"
#include "sallyport/registry.h"

namespace sallyport {

// A module's library. Stays loaded as long as anything holds this.
class LoadedModule {
 public:
  // Opens PATH. Refused: a file, or a folder above it, that others than its owner and root may write or replace; a file
  // that is no module; one built for another ABI.
  static Result<std::shared_ptr<const LoadedModule>> load(const std::string& path);
  // A module that is part of the program itself.
  static Result<std::shared_ptr<const LoadedModule>> of(const ModuleDoor& door);
  ~LoadedModule();
  LoadedModule(const LoadedModule&) = delete;
  LoadedModule& operator=(const LoadedModule&) = delete;

  const ModuleType& type() const { return type_; }
  const std::string& path() const { return path_; }

 private:
  LoadedModule() = default;
  ModuleType type_;
  std::string path_;
  void* library_ = nullptr;
};

// How often a module failed.
struct ModuleFailures {
  uint64_t exceptions = 0;
  uint64_t over_budget = 0;
  uint64_t crashes = 0;  // isolated: its process ended, or did not answer and was ended
};

// What a module counted, for people.
struct ModuleReport {
  std::string name = {};
  ModuleFailures failures = {};
  std::vector<std::pair<std::string, uint64_t>> metrics = {};
};

class ModuleGuard;

// One --module: a library with its options.
struct ModuleUse {
  std::shared_ptr<const LoadedModule> module;
  std::string text = {};  // as it was given
  Options options = {};
  std::shared_ptr<ModuleGuard> guard;  // takes what it throws
  bool isolated = false;               // runs in a process of its own
};

// Filled at start; outlives the rulesets that were read with its registry and the engines that use it. Its guards count
// for one engine at a time.
class ModuleSet {
 public:
  ModuleSet() : registry_(builtin_registry()) {}
  ModuleSet(const ModuleSet&) = delete;
  ModuleSet& operator=(const ModuleSet&) = delete;

  // `text` is NAME[:key=value,...]. NAME with a slash is a file; else NAME.so is looked for in `path`, in order. Every
  // module has three options more: on-error=open|closed; budget=TIME, how long it may take for one packet; and isolate:
  // it runs in a process of its own, in which it has hooks, options, metrics and events, but no matches, targets,
  // helpers, NAT or commands.
  Result<void> add(std::string_view text, const std::vector<std::string>& path);
  Result<void> add(std::shared_ptr<const LoadedModule> module, std::string_view text);

  // Each module that is added from now on runs in a process of its own.
  void isolate_all() { isolate_ = true; }

  // The built-in matches and targets and the modules' own.
  const Registry& registry() const { return registry_; }
  const std::vector<ModuleUse>& uses() const { return uses_; }
  // The helper that -j CT --helper NAME gives: one of the module that was added last and has it, else Sallyport's own.
  // Null: there is none. Lives as long as this set.
  const Helper* find_helper(std::string_view name, Family family, uint8_t protocol) const;

 private:
  void add_helpers(const ModuleUse& use);

  std::vector<ModuleUse> uses_;
  Registry registry_;
  std::deque<std::shared_ptr<const Helper>> helpers_;  // the latest first
  bool isolate_ = false;
};

// Where modules are looked for when nobody says where: SALLYPORT_MODULE_PATH, then the installation's own folder.
std::vector<std::string> default_module_path();

}  // namespace sallyport
