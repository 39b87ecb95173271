// The composition root: puts tables, host, clock and path together.

#include "sallyport/engine.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>

#include "conntrack/connection_events.h"
#include "conntrack/conntrack_module.h"
#include "conntrack/listing.h"
#include "content/evasion_watch.h"
#include "content/packet_patterns.h"
#include "content/stream_search.h"
#include "defrag/defrag_module.h"
#include "engine/checksum_module.h"
#include "engine/module_host.h"
#include "engine/needs.h"
#include "engine/statistics.h"
#include "hook/packet_path.h"
#include "host/icmp_limit.h"
#include "match/label_names.h"
#include "match/pattern_option.h"
#include "nat/follow.h"
#include "nat/nat_module.h"
#include "ruleset/table_module.h"
#include "ruleset/tables.h"
#include "sallyport/random.h"
#include "sallyport/shared_state.h"
#include "target/log_line.h"

namespace sallyport {
namespace {

constexpr Family kFamilies[] = {Family::Ipv4, Family::Ipv6};

// Where lines go when nobody wants them.
class NoLog final : public LogSink {
 public:
  void line(uint8_t, std::string_view) override {}
  void packet(uint16_t, std::string_view, uint32_t, const Packet&, const HookContext&) override {}
};

// With the names that this machine has for them now.
LabelsText labels_in_words() {
  return [names = label_names_of_this_machine()](const std::array<uint64_t, 2>& labels, std::string& out) {
    append_labels(labels, names, out);
  };
}

void write_trace(std::string_view prefix, const Packet& packet, HookContext& context) {
  constexpr uint8_t kWarning = 4;
  log_packet(*context.log, kWarning, prefix, kDumpTrace, packet, context);
}

// Streams end with their connections, and modules hear of it.
class ConnectionEnds final : public ConnectionListener {
 public:
  ConnectionEnds(StreamSearch& streams, EvasionWatch& evasions, ModuleHost& modules, PacketPath& path)
      : streams_(streams), evasions_(evasions), modules_(modules), path_(path) {}
  void ended(Connection& connection) override {
    streams_.ended(connection);
    evasions_.ended(connection);
    if (!modules_.hears_ends()) return;
    HookContext context = path_.new_context();
    modules_.connection_ended(connection, context);
  }

 private:
  StreamSearch& streams_;
  EvasionWatch& evasions_;
  ModuleHost& modules_;
  PacketPath& path_;
};

class EngineImpl final : public Engine {
 public:
  explicit EngineImpl(EngineConfig config)
      : config_(std::move(config)),
        random_(config_.seed),
        shared_(~config_.seed),
        icmp_limit_(config_.host, random_.next64()),
        module_host_(config_.seed),
        path_({.router = &config_.host,
               .clock = &clock_,
               .random = &random_,
               .log = config_.log != nullptr ? config_.log : &no_log_,
               .events = config_.events,
               .sink = config_.sink,
               .icmp_gate = [this](const IpAddress& to, uint8_t type,
                                   Timestamp now) { return icmp_limit_.allows(to, type, now); },
               .counters = &counters_,
               .super_packets = config_.super_packets}) {}

  Errors set_up() {
    Errors errors;
    counters_.checksums.resize(config_.host.interface_count() + 1);
    for (const Family family : kFamilies) {
      auto module = std::make_unique<ChecksumModule>(config_.checksums, counters_.checksums);
      checksums_.emplace_back(family, module.get());
      add_module(std::move(module), family, Hook::Prerouting, std::numeric_limits<int>::min());
    }
    start_modules(errors);
    for (const Ruleset& ruleset : config_.rulesets) {
      // First, as rules may ask for connections.
      if (needs_conntrack(ruleset) || config_.evasions) add_conntrack(ruleset.family);
      if (needs_accounts(ruleset)) conntrack_->keep_accounts();
      if (needs_labels(ruleset)) conntrack_->keep_labels();
      add_ruleset(ruleset, errors);
      if (config_.evasions) watch_evasions(ruleset, errors);
    }
    if (module_host_.needs_nat()) {
      for (const Family family : kFamilies) {
        if (std::ranges::find(tracked_, family) == tracked_.end()) add_conntrack(family);
      }
    }
    add_nat();
    if (auto done = streams_.compile(); !done) errors.push_back(done.error());
    if (auto done = evasions_.compile(); !done) errors.push_back(done.error());
    const bool ends_count = !streams_.empty() || !evasions_.empty() || module_host_.hears_ends();
    if (ends_count && conntrack_ != nullptr) conntrack_->table().listen(connection_ends_);
    return errors;
  }

  void process(std::span<Packet> burst) override {
    if (!checksums_.empty() && !busy_) retire_checksums();
    const bool within = std::exchange(busy_, true);
    for (size_t at = 0; at < burst.size(); at += kLookAhead) {
      process_some(burst.subspan(at, std::min(kLookAhead, burst.size() - at)), within);
    }
    busy_ = within;
  }

  void on_queue(uint16_t number, QueueHandler handler, QueueLimits limits) override {
    if (handler) return path_.queues().listen(number, std::move(handler), limits);
    Queue* queue = path_.queues().find(number);
    if (queue == nullptr) return;
    // What waits is dropped with nobody to be asked in between.
    Queue left = std::move(*queue);
    path_.queues().forget(number);
    while (std::unique_ptr<QueuedPacket> held = left.take_oldest()) go_on(*held, QueueAnswer::Drop);
  }

  Packet* queued(uint16_t number, uint64_t ticket) override {
    Queue* queue = path_.queues().find(number);
    QueuedPacket* held = queue == nullptr ? nullptr : queue->find(ticket);
    return held == nullptr ? nullptr : &held->packet;
  }

  bool answer(uint16_t number, uint64_t ticket, QueueAnswer answer) override {
    if (answer == QueueAnswer::Later) return queued(number, ticket) != nullptr;
    Queue* queue = path_.queues().find(number);
    std::unique_ptr<QueuedPacket> held = queue == nullptr ? nullptr : queue->take(ticket);
    if (held == nullptr) return false;
    go_on(*held, answer);
    queue = path_.queues().find(number);
    if (queue != nullptr) queue->give_back(std::move(held));
    return true;
  }

  QueueCounters queue_counters(uint16_t number) const override {
    const Queue* queue = path_.queues().find(number);
    return queue == nullptr ? QueueCounters{} : queue->counters();
  }

  void add_module(std::unique_ptr<HookModule> module, Family family, Hook hook, int priority) override {
    path_.chain(family, hook).add(*module, priority);
    modules_.push_back(std::move(module));
  }

  std::string expectation_listing() const override {
    if (conntrack_ == nullptr) return {};
    return list_expectations(std::as_const(*conntrack_).expectations(), clock_.now());
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> warnings;
    for (const Ruleset& ruleset : config_.rulesets) add_warnings(ruleset, helper_finder(), warnings);
    return warnings;
  }
  ContentCounters content_counters() const override {
    const auto& [found, bounds_met, unknown] = streams_.counters;
    return {.found = found, .bounds_met = bounds_met, .unknown = unknown, .evasions = evasions_.found()};
  }
  std::vector<StateListing> state_listings() const override {
    std::vector<StateListing> listings;
    shared_.for_each([&](const std::string& kind, const std::string& name, const SharedObject& object) {
      std::string text = object.listing(clock_.now());
      if (!text.empty()) listings.push_back({.file = kind + '/' + name, .text = std::move(text)});
    });
    return listings;
  }
  std::vector<ModuleReport> module_reports() const override { return module_host_.reports(); }
  Result<std::string> command(std::string_view module, std::string_view words) override {
    HookContext context = path_.new_context();
    return module_host_.command(module, words, context);
  }

  Clock& clock() override { return clock_; }
  const HostModel& host() const override { return config_.host; }
  const EngineCounters& counters() const override { return counters_; }
  void tell_statistics() override {
    if (config_.events == nullptr) return;
    const ConnectionCounters connections = connection_counters();
    sallyport::tell_statistics(counters_, conntrack_ != nullptr ? &connections : nullptr, began_, clock_.now(),
                               *config_.events);
  }

  std::string connection_listing(const ConnectionStyle& style) override {
    if (conntrack_ == nullptr) return {};
    return list_connections(conntrack_->table(), clock_.now(), conntrack_->timeouts(), style,
                            style.labels ? labels_in_words() : LabelsText());
  }

  Results<uint64_t> restore_connections(std::string_view listing, std::string_view file) override {
    if (conntrack_ == nullptr) return 0;
    auto restored = sallyport::restore_connections(
        conntrack_->table(), listing, file,
        {.now = clock_.now(), .timeouts = conntrack_->timeouts(), .find_helper = helper_finder()});
    conntrack_->reclaim();
    return restored;
  }

  void interface_down(InterfaceId interface, std::optional<IpAddress> address) override {
    if (nat_ == nullptr) return;
    conntrack_->sweep(clock_.now(), 0);
    nat_->forget_masqueraded(interface, address, clock_.now());
    if (!busy_) conntrack_->reclaim();
  }

  ConnectionCounters connection_counters() const override {
    return conntrack_ == nullptr ? ConnectionCounters() : conntrack_->counters();
  }

  std::span<const RefusalCount> refusals() const override {
    if (conntrack_ == nullptr) return {};
    return conntrack_->refusals();
  }

  const Ruleset* ruleset(Family family) override {
    for (Ruleset& ruleset : config_.rulesets) {
      if (ruleset.family != family) continue;
      for (const auto& [module, table] : tables_) module->table().save_counters(*table);
      return &ruleset;
    }
    return nullptr;
  }

 private:
  // How many packets are read, and have memory fetched for them, before the first of them is led through the hooks.
  static constexpr size_t kLookAhead = 32;

  // Each packet goes its whole way before the next one begins its own; what is done ahead is reading and hints.
  // `within` another packet's way (a queue's answer called), that packet still holds its connection.
  void process_some(std::span<Packet> packets, bool within) {
    std::array<Malformed, kLookAhead> reasons = {};
    for (size_t i = 0; i < packets.size(); ++i) {
      Packet& packet = packets[i];
      if (packet.in != kNoInterface) reasons[i] = path_.look_at(packet);
      counters_.bytes += packet.length;
    }
    if (counters_.packets == 0 && !packets.empty()) began_ = packets.front().time;
    counters_.packets += packets.size();
    if (conntrack_ != nullptr) {
      conntrack_->prepare(packets);
      for (Packet& packet : packets) conntrack_->look_ahead(packet);
    }
    module_host_.look_ahead(packets);
    HookContext context = path_.new_context();
    for (size_t i = 0; i < packets.size(); ++i) {
      Packet& packet = packets[i];
      clock_.advance_to(packet.time);
      streams_.next_packet();
      if (packet.in != kNoInterface) {
        path_.receive(packet, reasons[i], context);
      } else {
        path_.send_local(packet);
      }
      if (conntrack_ != nullptr && !within) conntrack_->reclaim();
    }
    if (conntrack_ != nullptr) conntrack_->sweep(clock_.now(), packets.size());
  }

  void go_on(QueuedPacket& held, QueueAnswer answer) {
    const bool within = std::exchange(busy_, true);
    Connection* connection = std::exchange(held.connection, nullptr);
    path_.resume(held, answer);
    if (connection != nullptr) conntrack_->table().release(*connection);
    if (conntrack_ != nullptr && !within) conntrack_->reclaim();
    busy_ = within;
  }

  // A module that is done costs a call per packet all the same; between bursts it can go.
  void retire_checksums() {
    std::erase_if(checksums_, [&](const auto& side) {
      if (side.second->done()) path_.chain(side.first, Hook::Prerouting).remove(*side.second);
      return side.second->done();
    });
  }

  // IPv6 fragments held for connection tracking have limits of their own.
  ReassemblyLimits reassembly_limits(Family family) const {
    const auto value = [&](std::string_view name) { return config_.host.sysctl(name); };
    ReassemblyLimits limits;
    if (family == Family::Ipv4) {
      limits.high_bytes = static_cast<uint64_t>(value("net.ipv4.ipfrag_high_thresh"));
      limits.timeout = value("net.ipv4.ipfrag_time") * kSecond;
      limits.max_distance = static_cast<uint32_t>(value("net.ipv4.ipfrag_max_dist"));
    } else {
      limits.high_bytes = static_cast<uint64_t>(value("net.netfilter.nf_conntrack_frag6_high_thresh"));
      limits.timeout = value("net.netfilter.nf_conntrack_frag6_timeout") * kSecond;
    }
    return limits;
  }

  // Modules' helpers, too.
  HelperFinder helper_finder() const {
    if (config_.modules == nullptr) return find_helper;
    return [modules = config_.modules](std::string_view name, Family family, uint8_t protocol) {
      return modules->find_helper(name, family, protocol);
    };
  }

  // One connection table serves both families.
  void add_conntrack(Family family) {
    if (conntrack_ == nullptr) {
      conntrack_ = std::make_unique<ConntrackModule>(config_.host, SipHashKey{random_.next64(), random_.next64()},
                                                     SipHashKey{random_.next64(), random_.next64()},
                                                     config_.host.timeout_policies());
      confirm_ = std::make_unique<ConfirmModule>(*conntrack_);
      EventSink* const flows = config_.flows ? config_.events : nullptr;
      if (flows != nullptr || config_.connection_events != nullptr) {
        connection_events_.emplace(conntrack_->timeouts(), flows, config_.connection_events,
                                   config_.connection_events != nullptr ? labels_in_words() : LabelsText());
        conntrack_->set_events(&*connection_events_);
      }
    }
    auto defrag = std::make_unique<DefragModule>(family, reassembly_limits(family),
                                                 SipHashKey{random_.next64(), random_.next64()});
    for (const Hook hook : {Hook::Prerouting, Hook::Output}) {
      path_.chain(family, hook).add(*defrag, kPriorityDefrag);
      path_.chain(family, hook).add(*conntrack_, kPriorityConntrack);
    }
    modules_.push_back(std::move(defrag));
    for (const Hook hook : {Hook::Input, Hook::Postrouting}) path_.chain(family, hook).add(*confirm_, kPriorityLast);
    tracked_.push_back(family);
  }

  // The nat table is asked by the nat module, which has connections to decide about only where they are tracked. It is
  // there for modules without a table, too.
  void add_nat() {
    if (conntrack_ == nullptr || (nat_tables_.empty() && !module_host_.needs_nat())) return;
    nat_ = std::make_unique<NatModule>(conntrack_->table(), random_, SipHashKey{random_.next64(), random_.next64()},
                                       SparedPorts(config_.host));
    conntrack_->set_nat(nat_.get());
    conntrack_->set_clashes(nat_.get());
    module_host_.set_nat(*nat_);
    for (const Family family : kFamilies) {
      const auto rules = std::ranges::find(nat_tables_, family, &std::pair<Family, HookModule*>::first);
      if (rules == nat_tables_.end() && !module_host_.needs_nat()) continue;
      if (rules != nat_tables_.end()) nat_->set_rules(family, *rules->second);
      for (const HookPlace& place : table_type("nat")->places)
        path_.chain(family, place.hook).add(*nat_, place.priority);
      if (config_.follow_mappings) {
        add_module(std::make_unique<FollowModule>(conntrack_->table(), counters_.followed), family, Hook::Prerouting,
                   kPriorityDefrag + 1);
      }
    }
  }

  // Every rule of -m string that looks for something and not for its absence.
  void watch_evasions(const Ruleset& ruleset, Errors& errors) {
    for (const Table& table : ruleset.tables) {
      for (const Chain& chain : table.chains) {
        for (const Rule& rule : chain.rules) {
          for (const MatchUse& use : rule.matches) {
            if (use.type->name != "string") continue;
            watch_evasions(use, ruleset,
                           {.family = ruleset.family, .table = table.name, .chain = chain.name, .line = rule.line},
                           errors);
          }
        }
      }
    }
    for (const Hook hook : {Hook::Prerouting, Hook::Output}) {
      path_.chain(ruleset.family, hook).add(evasions_, kPriorityConntrack + 1);
    }
  }
  void watch_evasions(const MatchUse& use, const Ruleset& ruleset, const RuleContext& rule, Errors& errors) {
    const OptionValue& given = *given_pattern(use.options);
    if (given.inverted) return;
    auto match = use.type->create(use.options, rule);
    if (!match) {
      match.error().file = ruleset.file;
      match.error().line = rule.line;
      return errors.push_back(match.error());
    }
    evasions_.add(ruleset.family, std::move(*match),
                  {.bytes = given.text,
                   .ignore_case = use.options.has("icase"),
                   .table = rule.table,
                   .chain = rule.chain,
                   .line = rule.line});
  }

  void start_modules(Errors& errors) {
    if (config_.modules == nullptr) return;
    const auto place = [this](HookModule& module, Family family, Hook hook, int priority) {
      path_.chain(family, hook).add(module, priority);
    };
    Errors refused = module_host_.start(*config_.modules, config_.host, shared_, place);
    errors.insert(errors.end(), std::make_move_iterator(refused.begin()), std::make_move_iterator(refused.end()));
  }

  // Tables of equal priority do not exist, so the order of registration does not matter. Matches are made in the file's
  // order, as in the kernel: what rules share by name has the traits that the first of them gave it.
  void add_ruleset(const Ruleset& ruleset, Errors& errors) {
    for (const Table& table : ruleset.tables | std::views::reverse) {
      auto patterns = std::make_unique<PacketPatterns>();
      auto compiled = LinearTable::compile(
          table, ruleset.family, ruleset.file, write_trace,
          {.patterns = patterns.get(), .streams = &streams_, .shared = &shared_, .connections = conntrack_.get()});
      if (!compiled) {
        errors.insert(errors.end(), compiled.error().begin(), compiled.error().end());
        continue;
      }
      if (auto done = patterns->compile(); !done) errors.push_back(done.error());
      patterns_.push_back(std::move(patterns));
      auto module = std::make_unique<TableModule>(std::move(*compiled));
      if (table.name == "nat") {
        nat_tables_.emplace_back(ruleset.family, module.get());
      } else {
        for (const HookPlace& place : table_type(table.name)->places) {
          path_.chain(ruleset.family, place.hook).add(*module, place.priority);
        }
      }
      tables_.emplace_back(module.get(), const_cast<Table*>(&table));
      modules_.push_back(std::move(module));
    }
  }

  EngineConfig config_;
  Clock clock_;
  Random random_;
  SharedState shared_;
  IcmpLimit icmp_limit_;
  NoLog no_log_;
  ModuleHost module_host_;
  EngineCounters counters_;
  Timestamp began_ = 0;  // with the first packet
  PacketPath path_;
  std::unique_ptr<ConntrackModule> conntrack_;
  std::unique_ptr<ConfirmModule> confirm_;
  std::optional<ConnectionEvents> connection_events_;
  std::unique_ptr<NatModule> nat_;
  std::vector<std::pair<Family, HookModule*>> nat_tables_;
  std::vector<Family> tracked_;
  StreamSearch streams_;
  EvasionWatch evasions_;
  ConnectionEnds connection_ends_{streams_, evasions_, module_host_, path_};
  std::vector<std::unique_ptr<PacketPatterns>> patterns_;  // one per table
  std::vector<std::unique_ptr<HookModule>> modules_;
  std::vector<std::pair<Family, ChecksumModule*>> checksums_;  // those still at work
  bool busy_ = false;                                          // in process(), which a queue's answer may call
  std::vector<std::pair<TableModule*, Table*>> tables_;
};

}  // namespace

Results<std::unique_ptr<Engine>> Engine::create(EngineConfig config) {
  auto engine = std::make_unique<EngineImpl>(std::move(config));
  if (Errors errors = engine->set_up(); !errors.empty()) return std::unexpected(std::move(errors));
  return engine;
}

}  // namespace sallyport
