// What a module throws, or takes too long for, ends here.

#include "engine/module_guard.h"

#include <bit>
#include <utility>

namespace sallyport {
namespace {

class GuardedMatch final : public Match {
 public:
  GuardedMatch(std::unique_ptr<Match> match, std::shared_ptr<ModuleGuard> guard)
      : match_(std::move(match)), guard_(std::move(guard)) {}

  bool matches(const Packet& packet, HookContext& context) override {
    enum class Answer : uint8_t { No, Yes, Failed };
    const Answer answer = guard_->run(context, Answer::No, Answer::Failed,
                                      [&] { return match_->matches(packet, context) ? Answer::Yes : Answer::No; });
    if (answer == Answer::Failed) context.drop_packet = true;
    return answer == Answer::Yes;
  }

 private:
  std::unique_ptr<Match> match_;
  std::shared_ptr<ModuleGuard> guard_;
};

class GuardedTarget final : public Target {
 public:
  GuardedTarget(std::unique_ptr<Target> target, std::shared_ptr<ModuleGuard> guard)
      : target_(std::move(target)), guard_(std::move(guard)) {}

  Action apply(Packet& packet, HookContext& context) override {
    return guard_->run(context, Action::go_on(), Action::drop(), [&] { return target_->apply(packet, context); });
  }

 private:
  std::unique_ptr<Target> target_;
  std::shared_ptr<ModuleGuard> guard_;
};

// Makes the inner match or target; an exception is a rule that is refused.
template <class Inner, class Outer, class Type>
Type guarded_type(const Type& type, std::shared_ptr<ModuleGuard> guard) {
  Type result = type;
  if (type.create == nullptr) return result;
  result.create = [make = type.create, guard = std::move(guard)](
                      const Options& options, const RuleContext& rule) -> Result<std::unique_ptr<Inner>> {
    try {
      auto made = make(options, rule);
      if (!made) return std::unexpected(made.error());
      return std::make_unique<Outer>(std::move(*made), guard);
    } catch (const std::exception& problem) {
      return fail("module " + guard->name() + " threw: " + problem.what());
    }
  };
  return result;
}

}  // namespace

MatchType guarded(const MatchType& type, std::shared_ptr<ModuleGuard> guard) {
  return guarded_type<Match, GuardedMatch>(type, std::move(guard));
}

TargetType guarded(const TargetType& type, std::shared_ptr<ModuleGuard> guard) {
  return guarded_type<Target, GuardedTarget>(type, std::move(guard));
}

GuardedHelper::GuardedHelper(const Helper& helper, std::shared_ptr<ModuleGuard> guard)
    : Helper(helper), own_(helper), guard_(std::move(guard)) {
  if (own_.look != nullptr) look = look_guarded;
  if (own_.ended != nullptr) ended = end_guarded;
}

const GuardedHelper& GuardedHelper::of(const Connection& connection) {
  return static_cast<const GuardedHelper&>(*connection.extra->helper);
}

bool GuardedHelper::look_guarded(Packet& packet, Connection& connection, const HelperContext& context) {
  const GuardedHelper& helper = of(connection);
  return helper.guard_->run(*context.hook, true, false, [&] { return helper.own_.look(packet, connection, context); });
}

// No packet is there for a policy.
void GuardedHelper::end_guarded(Connection& connection, const HelperContext& context) {
  const GuardedHelper& helper = of(connection);
  try {
    helper.own_.ended(connection, context);
  } catch (...) {
    helper.guard_->count_exception();
  }
}

void ModuleGuard::threw(const HookContext& context, std::string_view what) {
  report(context, "exception", what, ++failures_.exceptions);
}

void ModuleGuard::over_budget(const HookContext& context) {
  report(context, "over_budget", "it took longer for a packet than it may", ++failures_.over_budget);
}

// Each of them: none costs less than a new process.
void ModuleGuard::tell_crash(const HookContext& context, std::string_view what) {
  tell(context, "crash", what, ++failures_.crashes);
}

// A module that fails for every packet tells of it 20 times in a million: the first, the second, the fourth ...
void ModuleGuard::report(const HookContext& context, std::string_view event, std::string_view what, uint64_t count) {
  if (std::has_single_bit(count)) tell(context, event, what, count);
}

void ModuleGuard::tell(const HookContext& context, std::string_view event, std::string_view what, uint64_t count) {
  if (context.events == nullptr) return;
  const EventField fields[] = {{"name", name_},
                               {"event", event},
                               {"what", what},
                               {"count", count},
                               {"policy", policy_ == FailurePolicy::Open ? "open" : "closed"}};
  context.events->emit({.type = "module", .time = context.now(), .context = &context, .fields = fields});
}

}  // namespace sallyport
