// A module in a process of its own (--module NAME:isolate): what it does to memory, it does to its own.
//
// The module's library is loaded here; a fork of this process starts it and hands over what it registers. For each
// packet that reaches one of its hooks, the packet, its connection and the time are laid into memory that both share;
// the child is woken, looks at its copies, and leaves its verdict, the packet if it changed it, and its events there.
// Where the child ends, or does not answer in time, the module's policy decides about that one packet, the event is
// told, and another child begins with the module's state at the start; counters live on, as they are in shared memory.
//
// What the parent reads was written by code that may have gone wrong: every size is checked, the packet is parsed anew.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/module_guard.h"
#include "sallyport/module_set.h"

namespace sallyport {

// Of one --module and engine. One thread.
class ModuleProcess {
 public:
  struct Place {
    Hook hook = Hook::Prerouting;
    int priority = 0;
    Families families = Families::Both;
  };

  // Starts it; an error where the module refuses, or does not survive its start.
  static Result<std::unique_ptr<ModuleProcess>> start(const ModuleUse& use, const Router& router, uint64_t seed);
  ~ModuleProcess();
  ModuleProcess(const ModuleProcess&) = delete;
  ModuleProcess& operator=(const ModuleProcess&) = delete;

  // In the order in which the module registered them; their numbers are for handle().
  std::span<const Place> places() const;
  Verdict handle(uint32_t place, Packet& packet, HookContext& context);
  std::vector<std::pair<std::string, uint64_t>> metrics() const;

 private:
  struct Shared;
  struct Child;

  ModuleProcess(const ModuleUse& use, const Router& router, uint64_t seed);
  Result<void> begin();
  void end();
  enum class Answer : uint8_t { Given, Died, Late };
  Answer wait_for_answer() const;
  Verdict failed(Answer answer, HookContext& context);
  bool hand_over(uint32_t place, const Packet& packet, const HookContext& context);
  bool take_back(Packet& packet) const;
  void tell_events(const Packet& packet, HookContext& context) const;

  const ModuleUse& use_;
  const Router& router_;
  uint64_t seed_;
  Shared* shared_ = nullptr;
  int socket_ = -1;
  int child_ = -1;
  uint32_t failures_in_a_row_ = 0;
};

}  // namespace sallyport
