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
    auto behind = std::make_shared<GuardedHook>(std::move(module), use_.guard);
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      if (exists_in(families, family)) place_(*behind, family, hook, priority);
    }
    started_.hooks.push_back(std::move(behind));
  }

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
    if (use.module->type().start == nullptr) continue;
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

std::vector<ModuleReport> ModuleHost::reports() const {
  std::vector<ModuleReport> reports;
  for (const auto& started : started_) {
    reports.push_back({.name = started->guard->name(), .failures = started->guard->failures(), .metrics = {}});
    for (const auto& [name, value] : started->metrics) reports.back().metrics.emplace_back(name, value);
  }
  return reports;
}

}  // namespace sallyport
