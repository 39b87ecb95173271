// Stands between the engine and a module: what the module throws, or takes too long for, ends here.
//
// One process cannot contain more: a module that writes where it must not, or never returns, takes the program with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "sallyport/module_set.h"

namespace sallyport {

// Of one --module. One thread.
class ModuleGuard {
 public:
  ModuleGuard(std::string name, FailurePolicy policy, Duration budget)
      : name_(std::move(name)), policy_(policy), budget_(budget) {}

  const std::string& name() const { return name_; }
  const ModuleFailures& failures() const { return failures_; }

  FailurePolicy policy() const { return policy_; }

  void count_exception() { ++failures_.exceptions; }
  // Of a module in a process of its own: what it threw there, and how that process ended.
  void tell_exception(const HookContext& context, std::string_view what) { threw(context, what); }
  void tell_crash(const HookContext& context, std::string_view what);

  // What `call` answers; what the policy says where it fails.
  template <class Answer, class Call>
  Answer run(const HookContext& context, Answer open, Answer closed, Call&& call) {
    try {
      if (budget_ == 0) [[likely]]
        return call();
      const auto before = std::chrono::steady_clock::now();
      const Answer answer = call();
      const auto took = std::chrono::steady_clock::now() - before;
      if (std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() <= budget_) return answer;
      over_budget(context);
    } catch (const std::exception& problem) {
      threw(context, problem.what());
    } catch (...) {
      threw(context, "something that is no std::exception");
    }
    return policy_ == FailurePolicy::Open ? open : closed;
  }

 private:
  void threw(const HookContext& context, std::string_view what);
  void over_budget(const HookContext& context);
  void report(const HookContext& context, std::string_view event, std::string_view what, uint64_t count);
  void tell(const HookContext& context, std::string_view event, std::string_view what, uint64_t count);

  std::string name_;
  FailurePolicy policy_;
  Duration budget_;
  ModuleFailures failures_;
};

// A helper whose calls go through a guard. They find back to it from their connection, so it stays where it is.
class GuardedHelper final : public Helper {
 public:
  GuardedHelper(const Helper& helper, std::shared_ptr<ModuleGuard> guard);
  GuardedHelper(const GuardedHelper&) = delete;
  GuardedHelper& operator=(const GuardedHelper&) = delete;

 private:
  static const GuardedHelper& of(const Connection& connection);
  static bool look_guarded(Packet& packet, Connection& connection, const HelperContext& context);
  static void end_guarded(Connection& connection, const HelperContext& context);

  Helper own_;
  std::shared_ptr<ModuleGuard> guard_;
};

// The types with their makers put behind `guard`.
MatchType guarded(const MatchType& type, std::shared_ptr<ModuleGuard> guard);
TargetType guarded(const TargetType& type, std::shared_ptr<ModuleGuard> guard);

}  // namespace sallyport
