// Opens the libraries of modules and reads their options.

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/module_guard.h"
#include "sallyport/duration.h"
#include "sallyport/module_set.h"
#include "sallyport/nearest.h"
#include "target/targets.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

// Whoever may write to it, or put something else in its place, may run code as this program.
Result<void> check_owner(const fs::path& path, bool is_folder) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return fail(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  const bool known = status.st_uid == 0 || status.st_uid == geteuid();
  // In a sticky folder nobody replaces what is another's.
  const bool sticky = is_folder && (status.st_mode & S_ISVTX) != 0;
  const bool shared = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky;
  if (known && !shared) return {};
  return fail(fmt::format("others may write to {}: no module is loaded from there", path.string()),
              "a file in folders that only you and root may write: chmod go-w");
}

Result<std::string> checked_path(const std::string& path) {
  std::error_code problem;
  const fs::path real = fs::canonical(path, problem);
  if (problem) return fail(fmt::format("no module {}: {}", path, problem.message()));
  if (auto checked = check_owner(real, false); !checked) return std::unexpected(checked.error());
  for (fs::path folder = real.parent_path();; folder = folder.parent_path()) {
    if (auto checked = check_owner(folder, true); !checked) return std::unexpected(checked.error());
    if (folder == folder.root_path()) return real.string();
  }
}

Result<void> check_door(const ModuleDoor& door, const std::string& path) {
  if (door.abi != kModuleAbi) {
    return fail(fmt::format("{} is built for module ABI {}, this program has {}", path, door.abi, kModuleAbi),
                "a module built against this version's headers");
  }
  if (door.layout != kModuleLayout) {
    return fail(fmt::format("{} is built with layout {}, this program has {}", path, door.layout, kModuleLayout),
                "a module built against this version's headers");
  }
  return {};
}

Result<ModuleType> described(const ModuleDoor& door, const std::string& path) {
  if (auto checked = check_door(door, path); !checked) return std::unexpected(checked.error());
  try {
    ModuleType type = door.describe();
    type.options.push_back({.name = "on-error",
                            .kind = OptionKind::Text,
                            .hint = "open or closed",
                            .summary = "what becomes of a packet that the module fails for"});
    type.options.push_back(
        duration_option("budget", "how long the module may take for a packet; 0: it is not measured"));
    type.options.push_back(
        {.name = "isolate",
         .summary = "in a process of its own: hooks and events, but no matches, targets, helpers, NAT"});
    return type;
  } catch (const std::exception& problem) {
    return fail(fmt::format("module {} threw while it described itself: {}", path, problem.what()));
  }
}

// key=value, or key alone.
Result<void> read_option(std::string_view text, const ModuleType& type, Options& options) {
  const size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  for (size_t i = 0; i < type.options.size(); ++i) {
    const OptionSpec& spec = type.options[i];
    if (spec.name != key) continue;
    OptionValue& value = options.values()[i];
    if (value.present) return fail(fmt::format("{} is given twice", key));
    value.present = true;
    if (spec.kind == OptionKind::Flag) {
      if (equals == std::string_view::npos) return {};
      return fail(fmt::format("{} takes no value", key), std::string(key) + " alone");
    }
    if (equals == std::string_view::npos) return fail(fmt::format("{} has no value", key), fmt::format("{}=...", key));
    auto read = parse_option(spec, text.substr(equals + 1), RuleContext{}, value);
    if (!read) read.error().what = fmt::format("{}: {}", key, read.error().what);
    return read;
  }
  std::string known;
  for (const OptionSpec& spec : type.options) known += fmt::format("{}{}", known.empty() ? "" : ", ", spec.name);
  return fail(fmt::format("module {} has no option {}", type.name, key), "one of " + known);
}

Result<Options> read_options(std::string_view text, const ModuleType& type) {
  Options options(type.options);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    if (auto read = read_option(text.substr(0, comma), type, options); !read) return std::unexpected(read.error());
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  const OptionValue& policy = options["on-error"];
  if (policy.present && policy.text != "open" && policy.text != "closed") {
    return fail(fmt::format("on-error: \"{}\" is no policy", policy.text), "open or closed");
  }
  return options;
}

// A match or target of an isolated module: it is known, and a rule that uses it is told why it cannot.
template <class Made, class Type>
Type apart(Type type, const ModuleGuard& guard) {
  type.create = [name = guard.name()](const Options&, const RuleContext&) -> Result<std::unique_ptr<Made>> {
    return fail(fmt::format("module {} is isolated: it has no matches and targets", name),
                "the module without isolate");
  };
  return type;
}

}  // namespace

LoadedModule::~LoadedModule() {
  type_ = {};
  if (library_ != nullptr) dlclose(library_);
}

Result<std::shared_ptr<const LoadedModule>> LoadedModule::load(const std::string& path) {
  const auto real = checked_path(path);
  if (!real) return std::unexpected(real.error());
  std::shared_ptr<LoadedModule> module(new LoadedModule);
  module->path_ = *real;
  module->library_ = dlopen(real->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module->library_ == nullptr) return fail(fmt::format("cannot load {}: {}", *real, dlerror()));
  const auto* const door = static_cast<const ModuleDoor*>(dlsym(module->library_, "sallyport_module"));
  if (door == nullptr) {
    return fail(fmt::format("{} is no module: it has no symbol sallyport_module", *real),
                "a library with SALLYPORT_MODULE in it");
  }
  auto type = described(*door, *real);
  if (!type) return std::unexpected(type.error());
  module->type_ = std::move(*type);
  return module;
}

Result<std::shared_ptr<const LoadedModule>> LoadedModule::of(const ModuleDoor& door) {
  auto type = described(door, "a module of the program's own");
  if (!type) return std::unexpected(type.error());
  std::shared_ptr<LoadedModule> module(new LoadedModule);
  module->type_ = std::move(*type);
  return module;
}

Result<void> ModuleSet::add(std::string_view text, const std::vector<std::string>& path) {
  const std::string name(text.substr(0, text.find(':')));
  if (name.find('/') != std::string::npos) {
    auto module = LoadedModule::load(name);
    return module ? add(std::move(*module), text) : std::unexpected(module.error());
  }
  std::string looked;
  for (const std::string& folder : path) {
    const std::string file = fmt::format("{}/{}.so", folder, name);
    looked += fmt::format("{}{}", looked.empty() ? "" : ", ", folder);
    if (!fs::exists(file)) continue;
    auto module = LoadedModule::load(file);
    return module ? add(std::move(*module), text) : std::unexpected(module.error());
  }
  return fail(fmt::format("there is no module {}", name),
              fmt::format("{}.so in {}, or a path with a slash", name, looked.empty() ? "--module-path" : looked));
}

Result<void> ModuleSet::add(std::shared_ptr<const LoadedModule> module, std::string_view text) {
  const ModuleType& type = module->type();
  const size_t colon = text.find(':');
  auto options = read_options(colon == std::string_view::npos ? "" : text.substr(colon + 1), type);
  if (!options) return std::unexpected(options.error());
  const OptionValue& asked = (*options)["on-error"];
  const FailurePolicy policy = !asked.present         ? type.on_failure
                               : asked.text == "open" ? FailurePolicy::Open
                                                      : FailurePolicy::Closed;
  auto guard =
      std::make_shared<ModuleGuard>(std::string(type.name), policy, static_cast<Duration>(options->number("budget")));
  const bool isolated = options->has("isolate") || isolate_;
  if (isolated && type.needs_nat) {
    return fail(fmt::format("module {} maps connections, which an isolated one cannot", type.name), "without isolate");
  }
  bool first = true;
  for (const ModuleUse& use : uses_) first &= use.module->type().name != type.name;
  if (first) {
    for (const MatchType& match : type.matches)
      registry_.add(isolated ? apart<Match>(match, *guard) : guarded(match, guard));
    for (const TargetType& target : type.targets)
      registry_.add(isolated ? apart<Target>(target, *guard) : guarded(target, guard));
  }
  uses_.push_back({std::move(module), std::string(text), std::move(*options), std::move(guard), isolated});
  if (first && !isolated) add_helpers(uses_.back());
  return {};
}

// -j CT asks this set for them, which outlives what its registry reads.
void ModuleSet::add_helpers(const ModuleUse& use) {
  const std::vector<Helper>& own = use.module->type().helpers;
  if (own.empty()) return;
  if (helpers_.empty()) {
    registry_.add(ct_target_with([this](std::string_view name, Family family, uint8_t protocol) {
      return find_helper(name, family, protocol);
    }));
  }
  for (const Helper& helper : own) helpers_.push_front(std::make_shared<GuardedHelper>(helper, use.guard));
}

const Helper* ModuleSet::find_helper(std::string_view name, Family family, uint8_t protocol) const {
  const auto found = std::ranges::find_if(helpers_, [&](const std::shared_ptr<const Helper>& helper) {
    return helper->name == name && helper->protocol == protocol && exists_in(helper->families, family);
  });
  return found != helpers_.end() ? found->get() : sallyport::find_helper(name, family, protocol);
}

std::vector<std::string> default_module_path() {
  std::vector<std::string> path;
  const char* const listed = std::getenv("SALLYPORT_MODULE_PATH");
  std::string_view left = listed != nullptr ? listed : "";
  while (!left.empty()) {
    const size_t colon = left.find(':');
    if (colon != 0) path.emplace_back(left.substr(0, colon));
    left = colon == std::string_view::npos ? "" : left.substr(colon + 1);
  }
  Dl_info self = {};
  if (dladdr(reinterpret_cast<const void*>(&default_module_path), &self) != 0 && self.dli_fname != nullptr) {
    path.push_back((fs::path(self.dli_fname).parent_path() / "sallyport").string());
  }
  return path;
}

}  // namespace sallyport
