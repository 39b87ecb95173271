// An engine under a scenario.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "sallyport/engine.h"
#include "sallyport/event.h"
#include "scenario/machine.h"

namespace sallyport::scenario {
namespace {

constexpr std::string_view kTrace = "TRACE: ";
// /proc/net/nf_conntrack is one for both families, and so are the counters here.
constexpr Family kFamilies[] = {Family::Ipv4, Family::Ipv6};

// Behind connection tracking: what the packet that was put in is to its connection.
class StateObserver final : public HookModule {
 public:
  explicit StateObserver(std::optional<PacketState>& state) : state_(state) {}
  std::string_view name() const override { return "scenario"; }
  Verdict handle(Packet& packet, HookContext&) override {
    if (!state_) state_ = packet_state(packet);
    return Verdict::accept();
  }

 private:
  std::optional<PacketState>& state_;
};

class EngineMachine final : public Machine, public PacketSink, public LogSink, public EventSink {
 public:
  explicit EngineMachine(Timestamp start) : start_(start), now_(start), packet_(1) {}

  Errors set_up(const Setup& setup) {
    auto model = model_of(setup);
    if (!model) return model.error();
    auto engine = Engine::create({.rulesets = setup.rulesets,
                                  .host = std::move(*model),
                                  .seed = setup.seed,
                                  .log = this,
                                  .events = this,
                                  .sink = this,
                                  .modules = setup.modules});
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    for (const Family family : kFamilies) {
      for (const Hook hook : {Hook::Prerouting, Hook::Output}) {
        engine_->add_module(std::make_unique<StateObserver>(happened_.state), family, hook, kPriorityConntrack + 1);
      }
    }
    engine_->clock().advance_to(start_);
    return {};
  }

  Happened put(const std::string& interface, const std::vector<uint8_t>& bytes, bool with_way) override {
    happened_ = {};
    Packet& packet = packet_.front();
    packet.assign(bytes, 0);
    packet.in = interface.empty() ? kNoInterface : engine_->host().find_interface(interface).value_or(kNoInterface);
    packet.time = now_;
    packet.number = ++number_;
    packet.traced = with_way;
    follows_ = with_way;
    engine_->process(packet_);
    return std::exchange(happened_, {});
  }

  void wait_until(Duration since_start) override {
    now_ = std::max(now_, start_ + since_start);
    engine_->clock().advance_to(now_);
  }

  Result<Happened> command(const std::string& module, const std::string& words) override {
    happened_ = {};
    auto answer = engine_->command(module, words);
    if (!answer) return std::unexpected(answer.error());
    return std::exchange(happened_, {});
  }

  Result<void> down(const std::string& interface, const std::optional<IpAddress>& address) override {
    engine_->interface_down(*engine_->host().find_interface(interface), address);
    return {};
  }

  std::string connections() override { return engine_->connection_listing(); }

  std::string counters() override {
    std::string out;
    for (const Family family : kFamilies) {
      if (const Ruleset* ruleset = engine_->ruleset(family)) out += save_ruleset(*ruleset, true);
    }
    return out;
  }

  void ended(Packet& packet, Fate fate, Hook, const Decision& decision) override {
    constexpr Event::Kind kKinds[kFates] = {Event::Kind::Left,      Event::Kind::Delivered,  Event::Kind::Dropped,
                                            Event::Kind::Malformed, Event::Kind::Unroutable, Event::Kind::Held};
    Event event = {.kind = kKinds[static_cast<size_t>(fate)],
                   .interface = name_of(fate == Fate::Left ? packet.out : packet.in),
                   .bytes = {packet.bytes().begin(), packet.bytes().end()},
                   .mark = packet.mark};
    if (fate == Fate::Dropped) {
      event.table = decision.table;
      event.chain = decision.chain;
      event.rule_line = decision.line;
      event.policy = decision.rule_number == 0;
    }
    happened_.events.push_back(std::move(event));
  }

  void line(uint8_t, std::string_view text) override {
    if (follows_ && text.starts_with(kTrace)) {
      happened_.way.push_back(place_in_words(text.substr(kTrace.size())));
    } else {
      happened_.log.emplace_back(text);
    }
  }

  void packet(uint16_t, std::string_view, uint32_t, const Packet&, const HookContext&) override {}

  // What modules tell, as lines: "event rate event=rise count=3".
  void emit(const sallyport::Event& event) override {
    if (event.type == "drop" || event.type == "anomaly") return;
    std::string line = fmt::format("event {}", event.type);
    for (const EventField& field : event.fields) line += fmt::format(" {}={}", field.name, value_text(field));
    happened_.log.push_back(std::move(line));
  }

 private:
  static std::string value_text(const EventField& field) {
    switch (field.kind) {
      case EventField::Kind::Text:
        return std::string(field.text);
      case EventField::Kind::Address:
        return field.address.text();
      case EventField::Kind::Real:
        return fmt::format("{}", field.real);
      case EventField::Kind::Signed:
      case EventField::Kind::Time:
        return fmt::format("{}", static_cast<int64_t>(field.number));
      default:
        return fmt::format("{}", field.number);
    }
  }

  std::string name_of(InterfaceId id) const {
    return id == kNoInterface ? std::string() : std::string(engine_->host().interface(id).name_text());
  }

  // "filter:FORWARD:rule:2 IN=..." as "filter FORWARD line 12: -A FORWARD -p tcp -j DROP".
  std::string place_in_words(std::string_view text) {
    const bool ipv6 = text.find(" TC=") != std::string_view::npos;
    text = text.substr(0, text.find(' '));
    const size_t first = text.find(':');
    const size_t last = text.rfind(':');
    const size_t middle = text.rfind(':', last - 1);
    if (first == std::string_view::npos || middle <= first) return std::string(text);
    const std::string_view table = text.substr(0, first), chain = text.substr(first + 1, middle - first - 1);
    const std::string_view type = text.substr(middle + 1, last - middle - 1);
    size_t number = 0;
    std::from_chars(text.data() + last + 1, text.data() + text.size(), number);
    const Ruleset* ruleset = engine_->ruleset(ipv6 ? Family::Ipv6 : Family::Ipv4);
    Table* const found = ruleset == nullptr ? nullptr : const_cast<Ruleset*>(ruleset)->table(table);
    const Chain* const in = found == nullptr ? nullptr : found->chain(chain);
    if (in == nullptr || type == "policy" || number == 0 || number > in->rules.size()) {
      const bool drops = in != nullptr && in->policy_drop;
      return type == "policy" ? fmt::format("{} {} policy {}", table, chain, drops ? "DROP" : "ACCEPT")
                              : fmt::format("{} {} ends", table, chain);
    }
    const Rule& rule = in->rules[number - 1];
    return fmt::format("{} {} line {}: {}", table, chain, rule.line, rule_text(rule, chain, table, ruleset->family));
  }

  Timestamp start_;
  Timestamp now_;
  std::vector<Packet> packet_;
  uint64_t number_ = 0;
  bool follows_ = false;
  Happened happened_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Results<std::unique_ptr<Machine>> make_engine_machine(const Setup& setup) {
  auto machine = std::make_unique<EngineMachine>(setup.start);
  if (Errors errors = machine->set_up(setup); !errors.empty()) return std::unexpected(std::move(errors));
  return machine;
}

}  // namespace sallyport::scenario
