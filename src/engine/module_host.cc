// Starts modules and puts them on hooks, each behind its guard.

#include "engine/module_host.h"

#include <algorithm>
#include <utility>

namespace sallyport {
namespace {

class GuardedHook final : public HookModule {
 public:
  GuardedHook(std::shared_ptr<HookModule> module, std::shared_ptr<ModuleGuard> guard)
      : module_(std::move(module)), guard_(std::move(guard)) {}
  std::string_view name() const override { return guard_->name(); }
  Verdict handle(Packet& packet, HookContext& context) override {
    return guard_->run(context, Verdict::accept(), Verdict::drop(), [&] { return module_->handle(packet, context); });
  }

 private:
  std::shared_ptr<HookModule> module_;
  std::shared_ptr<ModuleGuard> guard_;
};

// A place of a module that runs in another process.
class DistantHook final : public HookModule {
 public:
  DistantHook(ModuleProcess& process, uint32_t place, std::string_view name)
      : process_(process), place_(place), name_(name) {}
  std::string_view name() const override { return name_; }
  Verdict handle(Packet& packet, HookContext& context) override { return process_.handle(place_, packet, context); }

 private:
  ModuleProcess& process_;
  uint32_t place_;
  std::string_view name_;
};

}  // namespace

class ModuleHost::Setup final : public ModuleSetup {
 public:
  Setup(const ModuleUse& use, const Router& router, SharedState& shared, const HookPlacer& place, ModuleHost& host,
        Started& started)
      : use_(use), router_(router), shared_(shared), place_(place), host_(host), started_(started) {
    for (const Described& metric : use.module->type().metrics) started.metrics[std::string(metric.name)] = 0;
  }

  const Options& options() const override { return use_.options; }
  const Router& router() const override { return router_; }
  SharedState& shared() override { return shared_; }
  SipHashKey key() override {
    const uint64_t first = host_.random_.next64();
    return {first, host_.random_.next64()};
  }
  uint64_t& metric(std::string_view name) override {
    const auto found = started_.metrics.find(name);
    return found != started_.metrics.end() ? found->second : unseen_;
  }
  void add_hook(std::shared_ptr<HookModule> module, Hook hook, int priority, Families families) override {
    auto* const looks = dynamic_cast<LooksAhead*>(module.get());
    const auto& known = host_.looking_;
    if (looks != nullptr && std::ranges::find(known, looks, &Looking::module) == known.end()) {
      host_.looking_.push_back({looks, use_.guard.get()});
    }
    auto* const hears = dynamic_cast<HearsEnds*>(module.get());
    if (hears != nullptr && std::ranges::find(host_.hearing_, hears, &Hearing::module) == host_.hearing_.end()) {
      host_.hearing_.push_back({hears, use_.guard.get()});
    }
    auto behind = std::make_shared<GuardedHook>(std::move(module), use_.guard);
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      if (exists_in(families, family)) place_(*behind, family, hook, priority);
    }
    started_.hooks.push_back(std::move(behind));
  }
  Nat& nat() override { return host_.nat_; }
  void on_command(ModuleCommand command) override { started_.command = std::move(command); }

 private:
  const ModuleUse& use_;
  const Router& router_;
  SharedState& shared_;
  const HookPlacer& place_;
  ModuleHost& host_;
  Started& started_;
  static inline thread_local uint64_t unseen_ = 0;
};

Errors ModuleHost::start(const ModuleSet& modules, const Router& router, SharedState& shared, const HookPlacer& place) {
  Errors errors;
  for (const ModuleUse& use : modules.uses()) {
    started_.push_back(std::make_unique<Started>());
    started_.back()->guard = use.guard;
    needs_nat_ |= use.module->type().needs_nat && !use.isolated;
    if (use.module->type().start == nullptr) continue;
    if (use.isolated) {
      if (auto done = start_apart(use, router, place); !done) {
        done.error().what = "module " + use.text + ": " + done.error().what;
        errors.push_back(done.error());
      }
      continue;
    }
    Setup setup(use, router, shared, place, *this, *started_.back());
    Result<void> done;
    try {
      done = use.module->type().start(setup);
    } catch (const std::exception& problem) {
      done = fail(std::string("it threw: ") + problem.what());
    }
    if (done) continue;
    done.error().what = "module " + use.text + ": " + done.error().what;
    errors.push_back(done.error());
  }
  return errors;
}

Result<void> ModuleHost::start_apart(const ModuleUse& use, const Router& router, const HookPlacer& place) {
  auto process = ModuleProcess::start(use, router, random_.next64());
  if (!process) return std::unexpected(process.error());
  Started& started = *started_.back();
  started.process = std::move(*process);
  for (uint32_t i = 0; i < started.process->places().size(); ++i) {
    const ModuleProcess::Place& at = started.process->places()[i];
    auto hook = std::make_shared<DistantHook>(*started.process, i, use.guard->name());
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      if (exists_in(at.families, family)) place(*hook, family, at.hook, at.priority);
    }
    started.hooks.push_back(std::move(hook));
  }
  return {};
}

// Who throws over a hint is asked for none any more.
void ModuleHost::let_look(std::span<const Packet> burst) {
  std::erase_if(looking_, [&](const Looking& one) {
    try {
      one.module->look_ahead(burst);
      return false;
    } catch (...) {
      one.guard->count_exception();
      return true;
    }
  });
}

// What it throws is counted; no packet is there for a policy.
void ModuleHost::connection_ended(const Connection& connection, HookContext& context) {
  for (const Hearing& one : hearing_) {
    one.guard->run(context, 0, 0, [&] {
      one.module->connection_ended(connection, context);
      return 0;
    });
  }
}

Result<std::string> ModuleHost::command(std::string_view module, std::string_view words, HookContext& context) {
  for (const auto& started : started_) {
    if (started->guard->name() != module || !started->command) continue;
    try {
      return started->command(words, context);
    } catch (const std::exception& problem) {
      started->guard->count_exception();
      return fail("module " + started->guard->name() + " threw: " + problem.what());
    }
  }
  return fail("no module " + std::string(module) + " that takes commands");
}

std::vector<ModuleReport> ModuleHost::reports() const {
  std::vector<ModuleReport> reports;
  for (const auto& started : started_) {
    reports.push_back({.name = started->guard->name(), .failures = started->guard->failures(), .metrics = {}});
    if (started->process != nullptr) reports.back().metrics = started->process->metrics();
    for (const auto& [name, value] : started->metrics) reports.back().metrics.emplace_back(name, value);
  }
  return reports;
}

}  // namespace sallyport
