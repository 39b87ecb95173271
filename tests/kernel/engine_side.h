// The engine's side of the comparison.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/coverage.h"
#include "kernel/observed.h"
#include "sallyport/engine.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

struct Sysctl {
  std::string_view name;
  int value;
};

// An engine in the world, with one family's rules, that reports as NamespaceReferee does.
class EngineSide {
 public:
  // With `coverage`, what is evaluated is counted there; with these sysctls beside the world's own.
  static Result<std::unique_ptr<EngineSide>> create(Family family, std::string_view rules, Coverage* coverage = nullptr,
                                                    std::span<const Sysctl> sysctls = {});
  // Tells `events`, which outlives it; with these sysctls beside the world's own, and timeout policies.
  static Result<std::unique_ptr<EngineSide>> create(Family family, std::string_view rules, EventSink& events,
                                                    ConnectionEventSink& connection_events,
                                                    std::span<const Sysctl> sysctls = {},
                                                    std::span<const TimeoutPolicy> policies = {});
  ~EngineSide();

  Observed pass(const Input& input);
  // What happened since, with no packet going in.
  Observed take();
  std::string save();
  Engine& engine() { return *engine_; }
  // The time of the next packet; by itself it is a millisecond after the one before.
  void set_time(Timestamp time) { time_ = time; }
  // Until what would be the time of the next packet; for listings.
  void let_pass(Timestamp until) { engine_->clock().advance_to(until + kMillisecond); }
  // The connection table, as /proc/net/nf_conntrack lists it.
  std::string connections();
  // What helpers expect, as /proc/net/nf_conntrack_expect lists it.
  std::string expectations();

  // Before the first packet.
  void add_module(std::unique_ptr<HookModule> module, Family family, Hook hook, int priority);

  // The lines that LOG and TRACE wrote since they were last asked for.
  std::vector<std::string> take_lines();

 private:
  class Recorder;
  static Result<std::unique_ptr<EngineSide>> create_with(Family family, std::string_view rules, Coverage* coverage,
                                                         EventSink* events, ConnectionEventSink* connection_events,
                                                         std::span<const Sysctl> sysctls,
                                                         std::span<const TimeoutPolicy> policies);
  EngineSide();

  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Engine> engine_;
  Family family_ = Family::Ipv4;
  std::vector<Packet> packet_;
  Timestamp time_ = 0;
};

// Fills `packet` as the world's interface delivers it. `model` is world_model().
void receive(const Input& input, const Router& model, Packet& packet);

}  // namespace sallyport::kernel
