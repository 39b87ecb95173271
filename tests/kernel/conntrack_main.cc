// conntrack_lockstep: the same conversations through the running kernel and through the engine; what each packet is to
// its connection, and after each conversation every entry of the table, must be equal.

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/connection_listings.h"
#include "kernel/connection_rules.h"
#include "kernel/conntrack_tables.h"
#include "kernel/dialogue.h"
#include "kernel/engine_side.h"
#include "kernel/event_listener.h"
#include "kernel/kernel_tick.h"
#include "kernel/lockstep.h"
#include "kernel/namespace_referee.h"
#include "kernel/refusal_log.h"
#include "kernel/settings.h"
#include "kernel/tcp_hits.h"
#include "kernel/timeout_policies.h"
#include "kernel/tool.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

// So many conversations share a table before it is emptied: the shortest timeouts are ten seconds, and what ends by
// time takes others with it (PPTP's calls) whenever the kernel gets to it.
constexpr size_t kPerTable = 40;
// Who listens to the kernel's events is asked behind so many of them: it is another process, which has to be waited
// for.
constexpr size_t kPerAsking = 8;
// And so many each random ruleset.
constexpr uint32_t kPerRuleset = 12;
// A table that is older is not compared any more.
constexpr Duration kTableAge = 8 * kSecond;
// Of each cell of the TCP state table, before a release.
constexpr size_t kEnoughHits = 1000;

// Who hears what happens in the kernel.
struct Listeners {
  std::unique_ptr<EventListener> connections = nullptr;
  std::unique_ptr<EventListener> expectations = nullptr;

  struct Lines {
    std::vector<std::string> connections = {};
    std::vector<std::string> expectations = {};
  };

  static Result<Listeners> open() {
    auto connections = EventListener::open(EventListener::Subject::Connections);
    if (!connections) return std::unexpected(connections.error());
    auto expectations = EventListener::open(EventListener::Subject::Expectations);
    if (!expectations) return std::unexpected(expectations.error());
    return Listeners{std::move(*connections), std::move(*expectations)};
  }

  // What has happened since they were last asked.
  Result<Lines> take() {
    // The other's mark is a connection with another port: it is passed over.
    auto told = connections->take();
    if (!told) return std::unexpected(told.error());
    auto expected = expectations->take();
    if (!expected) return std::unexpected(expected.error());
    return Lines{std::move(*told), std::move(*expected)};
  }
};

struct Settings {
  uint64_t seed = 1;
  size_t dialogues = 400;
  size_t rulesets = 0;       // each with the matches of connection_rules.h, and its own table
  std::string family = {};   // "4" or "6" alone
  bool has_policies = true;  // this machine has nfct(8) to set them
};

class Comparison {
 public:
  Comparison(NamespaceReferee& referee, Listeners& listeners, const Settings& settings, Family family)
      : referee_(referee),
        settings_(settings),
        family_(family),
        draw_(settings.seed, family),
        listeners_(listeners),
        policies_(settings.has_policies ? different_policies(family) : std::vector<TimeoutPolicy>()) {}

  // The number of packets compared; 0 where something differed.
  size_t run(TcpHits& hits) {
    hits_ = &hits;
    for (size_t i = 0; i < settings_.dialogues; ++i) {
      if ((i % kPerTable == 0 || !sure_) && !begin_table(table_settings()[i / kPerTable % table_settings().size()]))
        return 0;
      if (!talk(random_dialogue(draw_, static_cast<uint32_t>(i)), i)) return 0;
      cut_short_ += !sure_;
    }
    return end_table() ? packets_ : 0;
  }

  // The same with random rules, and their counters compared. A connection limit asks the kernel's clock, so what came
  // while that moved on proves nothing: the table ends there.
  size_t run_rulesets(TcpHits& hits) {
    hits_ = &hits;
    for (size_t i = 0; i < settings_.rulesets; ++i) {
      const std::string rules = raw_rules_of(family_) + random_connection_rules(draw_);
      // A rule of connbytes turns it on, and nothing turns it off again.
      if (!set_sysctl({"net.netfilter.nf_conntrack_acct", 0}) || !begin_table(rules, {})) return 0;
      for (uint32_t j = 0; j < kPerRuleset && sure_; ++j) {
        if (!talk(random_dialogue(draw_, static_cast<uint32_t>(i * kPerRuleset + j)), j)) {
          fmt::print("ruleset {}\n{}", i, rules);
          return 0;
        }
      }
      cut_short_ += !sure_;
      if (!sure_) continue;
      if (const auto text = counters_difference(referee_.save(family_), ours_->save()); !text.empty()) {
        fmt::print("ruleset {} of seed {}\n{}counters differ:\n{}", i, settings_.seed, rules, text);
        return 0;
      }
    }
    return packets_;
  }

  size_t cut_short() const { return cut_short_; }

  size_t expectations() const { return expectations_; }
  const RefusalHits& refusals() const { return refusals_; }
  size_t events() const { return events_.compared(); }
  size_t expectation_events() const { return expectation_events_.compared(); }

 private:
  bool begin_table(const TableSetting& setting) {
    if (!set_sysctls(setting)) {
      fmt::print("the kernel lacks a sysctl of the table \"{}\"\n", setting.what);
      return false;
    }
    setting_ = setting.what;
    const bool lacks_policies = setting.kind == RuleKind::Policies && policies_.empty();
    return begin_table(rules_of(family_, lacks_policies ? RuleKind::Usual : setting.kind), setting.sysctls);
  }

  bool begin_table(const std::string& rules, const std::vector<Sysctl>& sysctls) {
    if (auto done = referee_.load(family_, rules); !done) {
      fmt::print("the kernel refuses the rules: {}\n{}", done.error().text(), rules);
      return false;
    }
    if (!end_table()) return false;
    auto side = EngineSide::create(family_, rules, told_, happened_, sysctls, policies_);
    if (!side) {
      fmt::print("the engine refuses the rules: {}\n{}", side.error().text(), rules);
      return false;
    }
    ours_ = std::move(*side);
    ours_->add_module(std::make_unique<TcpHitCounter>(*hits_), family_, Hook::Prerouting, kPriorityConntrack + 1);
    sure_ = true;
    table_began_ = tick_.time();
    return true;
  }

  // What there was goes; what ended on one side before the other is seen to have ended.
  bool end_table() {
    std::string left;
    if (ours_ != nullptr && sure_ && listings_.read(tick_)) {
      ours_->let_pass(listings_.time);
      if (!events_are_equal()) return false;
      left = events_.left_over(listings_.connections, ours_->connections());
    }
    events_.forget();
    if (!left.empty()) fmt::print("{}: {}", setting_, left);
    run_tool({"conntrack", "-F"});
    told_.take();
    happened_.take();
    happened_.take_expectations();
    stories_.clear();
    unasked_ = 0;
    return left.empty() && listeners_.take().has_value();
  }

  // What came while the machine stood still proves nothing: nobody knows when the kernel saw it.
  bool time_is_known() {
    const int64_t most = settings_.rulesets != 0 ? 0 : kUncertain_ticks;
    sure_ = tick_.passed() <= most && tick_.time() - table_began_ < kTableAge;
    return sure_;
  }

  // False: something differs. Where the time of a packet is not known the table is compared no further.
  bool talk(const std::vector<Input>& packets, size_t number) {
    std::string story;
    for (const Input& packet : packets) {
      if (settings_.rulesets != 0) tick_.wait_for_room();
      ours_->set_time(tick_.time());
      Observed theirs = referee_.pass(packet);
      if (!time_is_known()) return true;
      const Observed mine = ours_->pass(packet);
      story += fmt::format("{} {}\n{}", packet.interface == 0 ? "A" : "B", test::to_hex(packet.frame), text_of(mine));
      const std::vector<std::string> log = take_log_lines(theirs);
      std::string differs = difference(theirs, mine);
      differs += refusal_difference(log, told_.take(), refusals_);
      if (differs.empty()) continue;
      fmt::print("conversation {} of seed {}, {}\n{}differs:\n{}", number, settings_.seed, setting_, story, differs);
      return false;
    }
    if (!listings_.read(tick_) || listings_.time - table_began_ >= kTableAge) {
      sure_ = false;
      return true;
    }
    packets_ += packets.size();
    if (const std::string differs = tables_difference(); !differs.empty()) {
      fmt::print("conversation {} of seed {}, {}\n{}tables differ:\n{}", number, settings_.seed, setting_, story,
                 differs);
      return false;
    }
    stories_ += fmt::format("conversation {}\n{}", number, story);
    return ++unasked_ < kPerAsking || events_are_equal();
  }

  // Those since the last time, which are of one table.
  bool events_are_equal() {
    const std::string stories = std::exchange(stories_, {});
    unasked_ = 0;
    const auto happened = listeners_.take();
    const std::string differs = happened ? events_difference(*happened) : happened.error().text() + "\n";
    if (differs.empty()) return true;
    fmt::print("seed {}, {}\n{}events differ:\n{}", settings_.seed, setting_, stories, differs);
    return false;
  }

  std::string tables_difference() {
    ours_->let_pass(listings_.time);
    expectations_ += static_cast<size_t>(std::ranges::count(listings_.expectations, '\n'));
    return connections_difference(listings_.connections, ours_->connections()) +
           expectations_difference(listings_.expectations, ours_->expectations());
  }

  std::string events_difference(const Listeners::Lines& kernel) {
    std::vector<std::string> ours = happened_.take(), our_expectations = happened_.take_expectations();
    if (settings_.rulesets != 0) return {};
    return events_.difference(kernel.connections, std::move(ours)) +
           expectation_events_.difference(kernel.expectations, std::move(our_expectations));
  }

  NamespaceReferee& referee_;
  const Settings& settings_;
  Family family_;
  Draw draw_;
  RefusalSink told_;
  RefusalHits refusals_;
  Listeners& listeners_;
  std::vector<TimeoutPolicy> policies_;
  EventLines happened_;
  EventComparison events_;
  EventComparison expectation_events_;  // none of them ends by time while a table lives
  std::unique_ptr<EngineSide> ours_;
  std::string_view setting_ = {};
  std::string stories_;  // of the conversations whose events were not asked for yet
  size_t unasked_ = 0;
  KernelTick tick_;
  Listings listings_;
  Timestamp table_began_ = 0;
  bool sure_ = true;  // the time of everything in this table is known
  size_t cut_short_ = 0;
  size_t packets_ = 0;
  size_t expectations_ = 0;  // seen in the kernel's table, behind each conversation
  TcpHits* hits_ = nullptr;
};

bool give_kernel_policies() {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    for (const TimeoutPolicy& policy : different_policies(family)) {
      if (auto done = add_to_kernel(policy); !done) {
        fmt::print("NOT TESTED: timeout policies.\nMissing: {}\n", done.error().text());
        return false;
      }
    }
  }
  return true;
}

int run(Settings settings) {
  if (!settings.family.empty() && settings.family != "4" && settings.family != "6") return kWrongUsage;
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: connection tracking against this machine's kernel ({} conversations).\nMissing: {}\n",
               settings.dialogues, referee.error().text());
    return kNotTested;
  }
  // The kernel's own answers to pings are no business of netfilter.
  for (const char* family : {"ipv4/icmp_", "ipv6/icmp/"}) {
    std::ofstream(fmt::format("/proc/sys/net/{}echo_ignore_all", family)) << 1;
  }
  // Of a datagram that a table was cut short in some pieces still wait, and their sender would be told of it a minute
  // later, in the middle of another conversation.
  NamespaceReferee::keep_fragments();
  if (!turn_on_refusal_log()) {
    fmt::print("NOT TESTED: why packets are INVALID: this kernel has no nf_conntrack_log_invalid.\n");
    return kNotTested;
  }
  // What a connection limit makes of an entry depends on the processor that made it.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
  fmt::print("referee: {}\n", NamespaceReferee::version());
  auto listeners = Listeners::open();
  if (!listeners) {
    fmt::print("NOT TESTED: events of connections.\nMissing: {}\n", listeners.error().text());
    return kNotTested;
  }
  settings.has_policies = give_kernel_policies();
  TcpHits hits;
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const std::string_view name = family == Family::Ipv4 ? "IPv4" : "IPv6";
    if (!settings.family.empty() && !name.ends_with(settings.family)) continue;
    Comparison comparison(**referee, *listeners, settings, family);
    const size_t packets = settings.rulesets != 0 ? comparison.run_rulesets(hits) : comparison.run(hits);
    if (packets == 0) return 1;
    if (settings.rulesets != 0) {
      fmt::print("{}: {} rulesets, {} packets, no difference; {} rulesets cut short as the clock moved\n", name,
                 settings.rulesets, packets, comparison.cut_short());
      continue;
    }
    fmt::print(
        "{}: {} conversations, {} packets, {} expectations, {} events and {} of expectations, no difference; {} tables "
        "cut short as the machine stood still\n",
        name, settings.dialogues, packets, comparison.expectations(), comparison.events(),
        comparison.expectation_events(), comparison.cut_short());
    comparison.refusals().print();
  }
  if (settings.rulesets == 0) hits.print(kEnoughHits);
  return 0;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) try {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(count, words,
                                        {{"--seed", &settings.seed},
                                         {"--dialogues", &settings.dialogues},
                                         {"--rulesets", &settings.rulesets},
                                         {"--family", &settings.family}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 1;
}
