// The engine with a recorder as its sink, its log, and its last module at INPUT and POSTROUTING.

#include "kernel/engine_side.h"

#include <algorithm>
#include <utility>

#include "kernel/world.h"
#include "sallyport/event.h"
#include "sallyport/packet_io.h"
#include "sallyport/registry.h"
#include "sallyport/ruleset.h"

namespace sallyport::kernel {
namespace {

std::vector<uint8_t> bytes_of(const Packet& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }

std::string name_of(const Router& router, InterfaceId id) { return std::string(router.interface(id).name_text()); }

// Notes every packet that passes behind the tables.
class Observer final : public HookModule {
 public:
  // `last` becomes what it saw last.
  Observer(Seen::Where where, std::vector<Seen>& journal, const Packet*& last)
      : where_(where), journal_(journal), last_(last) {}

  std::string_view name() const override { return "observer"; }
  Verdict handle(Packet& packet, HookContext& context) override {
    journal_.push_back({.where = where_,
                        .in = name_of(*context.router, context.in),
                        .out = name_of(*context.router, context.out),
                        .mark = packet.mark,
                        .bytes = bytes_of(packet)});
    last_ = &packet;
    return Verdict::accept();
  }

 private:
  Seen::Where where_;
  std::vector<Seen>& journal_;
  const Packet*& last_;
};

}  // namespace

class EngineSide::Recorder final : public PacketSink, public LogSink {
 public:
  void ended(Packet& packet, Fate fate, Hook hook, const Decision&) override {
    // What a rule drops no observer has seen: the last that one saw may have been its copy.
    const bool behind_observers = fate == Fate::Dropped && last_seen == &packet;
    if (behind_observers && hook == Hook::Input) forget_last(packet, Seen::Where::AtInput);
    if (behind_observers && hook == Hook::Postrouting) forget_last(packet, Seen::Where::AtPostrouting);
    if (fate != Fate::Left) return;
    observed.left.push_back(
        {.where = Seen::Where::Left, .out = name_of(*router, packet.out), .bytes = bytes_of(packet)});
  }
  void line(uint8_t, std::string_view text) override { lines.emplace_back(text); }
  void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
              const HookContext& context) override {
    Seen seen = {.where = Seen::Where::Logged,
                 .in = name_of(*context.router, context.in),
                 .out = name_of(*context.router, context.out),
                 .mark = packet.mark,
                 .group = group,
                 .prefix = std::string(prefix),
                 .bytes = bytes_of(packet)};
    if (seen.bytes.size() > copy_bytes) seen.bytes.resize(copy_bytes);
    observed.journal.push_back(std::move(seen));
  }

  // The kernel's observer stands behind its confirmation, ours before it: what that drops was not seen.
  void forget_last(const Packet& packet, Seen::Where where) {
    std::vector<Seen>& journal = observed.journal;
    if (journal.empty() || journal.back().bytes != bytes_of(packet) || journal.back().where != where) return;
    journal.pop_back();
  }

  Observed observed;
  const Packet* last_seen = nullptr;  // by an observer; only compared with
  std::vector<std::string> lines;
  const Router* router = nullptr;
};

EngineSide::EngineSide() : recorder_(std::make_unique<Recorder>()), packet_(1) {}
EngineSide::~EngineSide() = default;

Result<std::unique_ptr<EngineSide>> EngineSide::create(Family family, std::string_view rules, Coverage* coverage,
                                                       std::span<const Sysctl> sysctls) {
  return create_with(family, rules, coverage, nullptr, nullptr, sysctls, {});
}

Result<std::unique_ptr<EngineSide>> EngineSide::create(Family family, std::string_view rules, EventSink& events,
                                                       ConnectionEventSink& connection_events,
                                                       std::span<const Sysctl> sysctls,
                                                       std::span<const TimeoutPolicy> policies) {
  return create_with(family, rules, nullptr, &events, &connection_events, sysctls, policies);
}

Result<std::unique_ptr<EngineSide>> EngineSide::create_with(Family family, std::string_view rules, Coverage* coverage,
                                                            EventSink* events, ConnectionEventSink* connection_events,
                                                            std::span<const Sysctl> sysctls,
                                                            std::span<const TimeoutPolicy> policies) {
  auto ruleset = read_ruleset(rules, "rules", family, builtin_registry());
  if (!ruleset) return std::unexpected(ruleset.error().front());
  if (coverage != nullptr) coverage->watch(*ruleset);
  std::unique_ptr<EngineSide> side(new EngineSide);
  side->family_ = family;
  EngineConfig config;
  config.rulesets.push_back(std::move(*ruleset));
  config.host = world_model();
  for (const auto& [name, value] : sysctls) config.host.set_sysctl(name, value);
  for (const TimeoutPolicy& policy : policies) {
    if (auto added = config.host.add_timeout_policy(policy); !added) return std::unexpected(added.error());
  }
  config.log = side->recorder_.get();
  config.events = events;
  config.connection_events = connection_events;
  config.sink = side->recorder_.get();
  auto engine = Engine::create(std::move(config));
  if (!engine) return std::unexpected(engine.error().front());
  side->engine_ = std::move(*engine);
  side->recorder_->router = &side->engine_->host();
  std::vector<Seen>& journal = side->recorder_->observed.journal;
  for (const Family each : {Family::Ipv4, Family::Ipv6}) {
    const auto observe = [&](Seen::Where where, Hook hook, int priority) {
      side->engine_->add_module(std::make_unique<Observer>(where, journal, side->recorder_->last_seen), each, hook,
                                priority);
    };
    observe(Seen::Where::AtOutput, Hook::Output, kPriorityDefrag - 1);
    observe(Seen::Where::AtInput, Hook::Input, kPriorityLast);
    observe(Seen::Where::AtPostrouting, Hook::Postrouting, kPriorityLast);
  }
  return side;
}

void receive(const Input& input, const Router& model, Packet& packet) {
  const WorldInterface& place = kWorldInterfaces[input.interface];
  packet.assign(input.frame, place.ethernet ? kEthernetHeader : 0);
  packet.in = *model.find_interface(place.name);
  packet.link_type = static_cast<uint16_t>(place.ethernet ? LinkType::Ethernet : LinkType::Raw);
  packet.number = 1;
  if (place.ethernet) {
    packet.type = static_cast<PacketType>(find_network(LinkType::Ethernet, input.frame).packet_type);
  }
}

Observed EngineSide::pass(const Input& input) {
  recorder_->observed.journal.clear();
  recorder_->observed.left.clear();
  receive(input, engine_->host(), packet_.front());
  time_ = input.time != 0 ? input.time : time_ + kMillisecond;
  packet_.front().time = time_;
  engine_->process(packet_);
  return take();
}

Observed EngineSide::take() {
  Observed observed = recorder_->observed;
  recorder_->observed.journal.clear();
  recorder_->observed.left.clear();
  std::ranges::stable_sort(observed.left, {}, &Seen::out);
  return observed;
}

void EngineSide::add_module(std::unique_ptr<HookModule> module, Family family, Hook hook, int priority) {
  engine_->add_module(std::move(module), family, hook, priority);
}

std::string EngineSide::save() {
  Ruleset rules = *engine_->ruleset(family_);
  Coverage::unwatch(rules);
  return save_ruleset(rules, true);
}

std::string EngineSide::connections() { return engine_->connection_listing(); }

std::string EngineSide::expectations() { return engine_->expectation_listing(); }

std::vector<std::string> EngineSide::take_lines() { return std::exchange(recorder_->lines, {}); }

}  // namespace sallyport::kernel
