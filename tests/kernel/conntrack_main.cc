// conntrack_lockstep: the same conversations through the running kernel and through the engine; what each packet is to
// its connection, and after each conversation every entry of the table, must be equal.

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/connection_rules.h"
#include "kernel/dialogue.h"
#include "kernel/engine_side.h"
#include "kernel/event_listener.h"
#include "kernel/kernel_tick.h"
#include "kernel/listings.h"
#include "kernel/lockstep.h"
#include "kernel/namespace_referee.h"
#include "kernel/refusal_log.h"
#include "kernel/settings.h"
#include "kernel/tcp_hits.h"
#include "kernel/tool.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

// Both clocks tick while a conversation runs; more than this apart is another timeout.
constexpr long kClockTolerance_s = 1;
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

// The packet's state as its mark, so that it can be seen from outside.
constexpr std::string_view kRules =
    "*raw\n"
    "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp\n"
    "-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\n"
    "-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip\n"
    "-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip\n"
    "-A PREROUTING -p tcp -m tcp --dport 80 -j CT --ctevents new,assured,mark\n"
    "-A PREROUTING -p udp -m udp --dport 443 -j CT --ctevents destroy,reply\n"
    "-A PREROUTING -p tcp -m tcp --dport 22 -j CT --zone 7\n"
    "-A PREROUTING -p tcp -m tcp --sport 22 -j CT --zone 7\n"
    "-A PREROUTING -p udp -m udp --dport 22 -j CT --zone-orig 9\n"
    "-A PREROUTING -p udp -m udp --dport 53 -j CT --zone-reply 11\n"
    "-A PREROUTING -p udp -m udp --sport 53 -j CT --zone-reply 11\n"
    "-A PREROUTING -p udp -m udp --dport 80 -j CT --zone mark\n"
    "-A PREROUTING -p tcp -m multiport --ports 443 -j MARK --set-mark 0x1234\n"
    "-A PREROUTING -p sctp -m multiport --ports 443 -j MARK --set-mark 0x10005\n"
    "-A PREROUTING -m mark ! --mark 0 -j CT --zone mark\n"
    "COMMIT\n"
    "*mangle\n"
    "-A PREROUTING -m state --state NEW -j MARK --set-mark 1\n"
    "-A PREROUTING -m state --state ESTABLISHED -j MARK --set-mark 2\n"
    "-A PREROUTING -m state --state RELATED -j MARK --set-mark 3\n"
    "-A PREROUTING -m state --state INVALID -j MARK --set-mark 4\n"
    "-A PREROUTING -m state --state UNTRACKED -j MARK --set-mark 5\n"
    "-A PREROUTING -m conntrack --ctdir REPLY -j MARK --set-xmark 16/16\n"
    "-A FORWARD -m conntrack --ctstatus ASSURED -j MARK --set-xmark 32/32\n"
    "-A FORWARD -p tcp -m multiport --ports 80 -m length --length 60:1100 -j CONNMARK --or-mark 1\n"
    "-A FORWARD -p udp -m multiport --ports 443 -m length --length 100: -j CONNMARK --save-mark\n"
    "-A FORWARD -p tcp -m tcp --tcp-flags RST,FIN FIN -m length --length 41: -j DROP\n"
    "-A FORWARD -m helper --helper ftp-21 -j MARK --set-xmark 64/64\n"
    "-A FORWARD -m helper --helper sip -j MARK --set-xmark 128/128\n"
    "-A FORWARD -m helper ! --helper \"\" -j MARK --set-xmark 256/256\n"
    "COMMIT\n";
// Those of IPv4 alone.
constexpr std::string_view kIpv4Rules =
    "-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\n"
    "-A PREROUTING -p tcp -m tcp --dport 1723 -j CT --helper pptp\n";

std::string rules_of(Family family, bool plain) {
  if (plain) return "*raw\nCOMMIT\n" + std::string(kRules.substr(kRules.find("*mangle")));
  constexpr std::string_view kBegin = "*raw\n";
  std::string rules(kBegin);
  if (family == Family::Ipv4) rules += kIpv4Rules;
  return rules.append(kRules.substr(kBegin.size()));
}
// Helpers and zones alone.
std::string raw_rules_of(Family family) {
  const std::string rules = rules_of(family, false);
  return rules.substr(0, rules.find("*mangle"));
}

// A table's rules, and what is set for it.
struct TableSetting {
  std::string_view what;
  std::vector<Sysctl> sysctls = {};
  bool plain = false;  // no rule looks at a transport header, which would drop what is cut short
};
// One table after the other.
const TableSetting kTables[] = {
    {"as it is"},
    {"no pick-up", {{"net.netfilter.nf_conntrack_tcp_loose", 0}}},
    {"as it is"},
    {"plain rules", {}, true},
    {"liberal windows", {{"net.netfilter.nf_conntrack_tcp_be_liberal", 1}}},
    {"as it is"},
    {"checksums believed", {{"net.netfilter.nf_conntrack_checksum", 0}}},
    {"RSTs believed", {{"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 1}}},
};
// What a setting does not name has the kernel's default.
constexpr Sysctl kUsual[] = {{"net.netfilter.nf_conntrack_tcp_loose", 1},
                             {"net.netfilter.nf_conntrack_tcp_be_liberal", 0},
                             {"net.netfilter.nf_conntrack_checksum", 1},
                             {"net.netfilter.nf_conntrack_acct", 0},
                             {"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0}};

bool set(const Sysctl& sysctl) {
  std::string path(sysctl.name);
  std::ranges::replace(path, '.', '/');
  std::ofstream file("/proc/sys/" + path);
  file << sysctl.value;
  file.flush();
  return file.good();
}

// A line of a table without its timeout, by which it is found, and the timeout.
struct Entry {
  std::string text;
  long timeout_s = 0;
};
// "ipv4     2 tcp      6 431999 ESTABLISHED ...": the timeout is the fifth word; of what is expected, the first.
constexpr int kBeforeTimeout = 4, kBeforeTimeLeft = 0;
Entry entry_of(std::string_view line, int words_before) {
  size_t at = 0;
  for (int word = 0; word < words_before; ++word) at = line.find_first_not_of(' ', line.find(' ', at));
  const size_t end = line.find(' ', at);
  return {std::string(line.substr(0, at)) + std::string(line.substr(end)), std::strtol(line.data() + at, nullptr, 10)};
}

std::map<std::string, long> entries_of(std::string_view text, int words_before) {
  std::map<std::string, long> entries;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const Entry entry = entry_of(text.substr(0, end), words_before);
    entries.emplace(entry.text, entry.timeout_s);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return entries;
}

std::string table_difference(const std::string& kernel, const std::string& ours, int words_before) {
  const auto theirs = entries_of(kernel, words_before);
  auto mine = entries_of(ours, words_before);
  std::string difference;
  for (const auto& [text, timeout_s] : theirs) {
    const auto found = mine.find(text);
    if (found == mine.end()) {
      // One that is about to end may have ended on the other side.
      if (timeout_s > kClockTolerance_s) difference += fmt::format("kernel: {} {}\n", timeout_s, text);
    } else {
      if (std::labs(found->second - timeout_s) > kClockTolerance_s) {
        difference += fmt::format("kernel {} ours {}: {}\n", timeout_s, found->second, text);
      }
      mine.erase(found);
    }
  }
  for (const auto& [text, timeout_s] : mine) {
    if (timeout_s > kClockTolerance_s) difference += fmt::format("ours:   {} {}\n", timeout_s, text);
  }
  return difference;
}

struct Settings {
  uint64_t seed = 1;
  size_t dialogues = 400;
  size_t rulesets = 0;  // each with the matches of connection_rules.h, and its own table
};

class Comparison {
 public:
  Comparison(NamespaceReferee& referee, EventListener& listener, const Settings& settings, Family family)
      : referee_(referee), settings_(settings), family_(family), draw_(settings.seed, family), listener_(listener) {}

  // The number of packets compared; 0 where something differed.
  size_t run(TcpHits& hits) {
    hits_ = &hits;
    for (size_t i = 0; i < settings_.dialogues; ++i) {
      if ((i % kPerTable == 0 || !sure_) && !begin_table(kTables[i / kPerTable % std::size(kTables)])) return 0;
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
      if (!begin_table(rules, {})) return 0;
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

 private:
  bool begin_table(const TableSetting& setting) {
    for (const std::span<const Sysctl> sysctls : {std::span<const Sysctl>(kUsual), std::span(setting.sysctls)}) {
      for (const Sysctl& sysctl : sysctls) {
        if (set(sysctl)) continue;
        fmt::print("the kernel has no {}\n", sysctl.name);
        return false;
      }
    }
    setting_ = setting.what;
    return begin_table(rules_of(family_, setting.plain), setting.sysctls);
  }

  bool begin_table(const std::string& rules, const std::vector<Sysctl>& sysctls) {
    // A rule of connbytes turns it on, and nothing turns it off again.
    if (!set({"net.netfilter.nf_conntrack_acct", 0})) return false;
    if (auto done = referee_.load(family_, rules); !done) {
      fmt::print("the kernel refuses the rules: {}\n{}", done.error().text(), rules);
      return false;
    }
    if (!end_table()) return false;
    auto side = EngineSide::create(family_, rules, told_, happened_, sysctls);
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
    stories_.clear();
    unasked_ = 0;
    return left.empty() && listener_.take().has_value();
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
    const auto happened = listener_.take();
    const std::string differs = happened ? events_difference(*happened) : happened.error().text() + "\n";
    if (differs.empty()) return true;
    fmt::print("seed {}, {}\n{}events differ:\n{}", settings_.seed, setting_, stories, differs);
    return false;
  }

  std::string tables_difference() {
    ours_->let_pass(listings_.time);
    expectations_ += static_cast<size_t>(std::ranges::count(listings_.expectations, '\n'));
    return table_difference(listings_.connections, ours_->connections(), kBeforeTimeout) +
           table_difference(listings_.expectations, ours_->expectations(), kBeforeTimeLeft);
  }

  std::string events_difference(const std::vector<std::string>& kernel) {
    std::vector<std::string> ours = happened_.take();
    return settings_.rulesets == 0 ? events_.difference(kernel, std::move(ours)) : std::string();
  }

  NamespaceReferee& referee_;
  const Settings& settings_;
  Family family_;
  Draw draw_;
  RefusalSink told_;
  RefusalHits refusals_;
  EventListener& listener_;
  EventLines happened_;
  EventComparison events_;
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

int run(const Settings& settings) {
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
  // What was lost piles up faster in a test than it is given up.
  for (const char* name : {"net/netfilter/nf_conntrack_frag6_high_thresh", "net/ipv4/ipfrag_high_thresh"}) {
    std::ofstream(fmt::format("/proc/sys/{}", name)) << (256 << 20);
  }
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
  auto listener = EventListener::open();
  if (!listener) {
    fmt::print("NOT TESTED: events of connections.\nMissing: {}\n", listener.error().text());
    return kNotTested;
  }
  TcpHits hits;
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const std::string_view name = family == Family::Ipv4 ? "IPv4" : "IPv6";
    Comparison comparison(**referee, **listener, settings, family);
    const size_t packets = settings.rulesets != 0 ? comparison.run_rulesets(hits) : comparison.run(hits);
    if (packets == 0) return 1;
    if (settings.rulesets != 0) {
      fmt::print("{}: {} rulesets, {} packets, no difference; {} rulesets cut short as the clock moved\n", name,
                 settings.rulesets, packets, comparison.cut_short());
      continue;
    }
    fmt::print(
        "{}: {} conversations, {} packets, {} expectations, {} events, no difference; {} tables cut short as the "
        "machine stood still\n",
        name, settings.dialogues, packets, comparison.expectations(), comparison.events(), comparison.cut_short());
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
  if (!sallyport::kernel::read_settings(
          count, words,
          {{"--seed", &settings.seed}, {"--dialogues", &settings.dialogues}, {"--rulesets", &settings.rulesets}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 1;
}
