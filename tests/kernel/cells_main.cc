// tcp_cells: every cell of the TCP state table on the running kernel and on the engine.
//
// A conversation reaches a state in one of the ways of tcp_ways.h, then says a segment of each kind in each direction,
// with right and wrong numbers, and a few more: what each packet is to its connection, whether it passes, and what the
// table then says must be equal. A difference is printed as a scenario.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/draw.h"
#include "kernel/namespace_referee.h"
#include "kernel/scenario_machine.h"
#include "kernel/settings.h"
#include "kernel/tcp_cell_scenarios.h"
#include "kernel/tcp_hits.h"
#include "kernel/tcp_ways.h"
#include "kernel/xtables_lock.h"
#include "sallyport/scenario.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

using namespace test;
using scenario::Machine;

constexpr uint16_t kFirstPort = 2000, kServerPort = 80;
constexpr uint32_t kFollowers = 3;
constexpr size_t kEnoughHits = 1000;  // of a cell, before a release

struct Segment {
  bool reply = false;
  uint8_t flags = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint16_t window = 65535;
  uint16_t length = 0;
  std::string_view options = {};  // in words
  bool bad_checksum = false;
};
using Talk = std::vector<Segment>;

// Both ends' numbers while a talk is made up.
class Author {
 public:
  Author(Draw& draw, uint32_t options) : draw_(draw), options_(options) {
    next_ = {draw.word(), draw.chance(10) ? 0xfffffff0 : draw.word()};
  }

  void follow(std::string_view letters) {
    for (const char letter : letters) say(letter);
  }

  void say(char letter) {
    const bool reply = from_server(letter);
    const char lower = kind_of(letter);
    Segment segment = exact(reply, flags_of(letter));
    if (lower == 'd') segment.length = 100;
    // A SYN that is said twice keeps its number.
    if (lower == 's' && begun_[reply]) segment.sequence = next_[reply] - 1;
    if (lower == 's' && begun_[reply] && established_) segment.sequence = draw_.word();
    established_ |= lower == 'k' || lower == 'd';
    tell(segment);
  }

  // A segment with numbers that may be wrong.
  void probe(bool reply, uint8_t flags) {
    Segment segment = exact(reply, flags);
    segment.sequence += displacement();
    if ((flags & kAck) != 0 || draw_.chance(20)) segment.acknowledgement = next_[!reply] + displacement();
    segment.window = draw_.pick<uint16_t>({0, 1, 500, 29200, 65535, 65535});
    if ((flags & (kSyn | kRst)) == 0) segment.length = draw_.pick<uint16_t>({0, 0, 0, 1, 100, 1400});
    segment.bad_checksum = draw_.chance(1);
    if ((flags & kSyn) == 0 && draw_.chance(10)) segment.options = "sack 100:200";
    tell(segment);
  }

  Talk take() { return std::move(talk_); }

 private:
  Segment exact(bool reply, uint8_t flags) const {
    Segment segment = {.reply = reply, .flags = flags, .sequence = next_[reply]};
    if ((flags & kAck) != 0) segment.acknowledgement = next_[!reply];
    if ((flags & kSyn) != 0) segment.options = syn_options();
    return segment;
  }

  std::string_view syn_options() const {
    constexpr std::string_view kOptions[] = {"mss 1460", "mss 1460 sackok wscale 7", "", "mss 536 wscale 14 ts 1 0",
                                             "sackok"};
    return kOptions[options_ % std::size(kOptions)];
  }

  uint32_t displacement() {
    if (draw_.chance(50)) return 0;
    return draw_.pick<uint32_t>({1, 0u - 1, 2, 100, 0u - 100, 1000, 0u - 1000, 65535, 65536, 0u - 65535, 0u - 66001,
                                 70000, 0u - 70000, 10000000, draw_.word()});
  }

  void tell(const Segment& segment) {
    talk_.push_back(segment);
    if (segment.bad_checksum || segment.sequence != next_[segment.reply]) return;
    const bool counts = (segment.flags & kSyn) != 0 || (segment.flags & kFin) != 0;
    next_[segment.reply] += segment.length + (counts ? 1u : 0u);
    begun_[segment.reply] |= counts;
  }

  Draw& draw_;
  uint32_t options_;
  std::array<uint32_t, 2> next_ = {};
  std::array<bool, 2> begun_ = {};
  bool established_ = false;
  Talk talk_;
};

std::string words_of(const Segment& segment, Family family, uint16_t port) {
  const bool v6 = family == Family::Ipv6;
  const std::string client = v6 ? fmt::format("[2001:db8:1::5]:{}", port) : fmt::format("10.0.0.5:{}", port);
  const std::string_view server = v6 ? "[2001:db8:2::9]:80" : "203.0.113.9:80";
  std::string out =
      segment.reply ? fmt::format("tcp {} > {}", server, client) : fmt::format("tcp {} > {}", client, server);
  constexpr std::string_view kNames[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if ((segment.flags >> i & 1) != 0) out += fmt::format(" {}", kNames[i]);
  }
  if (segment.flags == 0) out += " none";
  out += fmt::format(" seq {} acknr {} win {}", segment.sequence, segment.acknowledgement, segment.window);
  if (segment.length != 0) out += fmt::format(" len {}", segment.length);
  if (!segment.options.empty()) out += fmt::format(" {}", segment.options);
  return segment.bad_checksum ? out + " badsum" : out;
}

constexpr std::string_view kSetup =
    "iface lan 10.0.0.1/24 2001:db8:1::1/64\n"
    "iface wan 203.0.113.1/24 2001:db8:2::1/64\n"
    "rules\n*filter\n-A FORWARD -m state --state NEW\nCOMMIT\nend\n"
    "rules6\n*filter\n-A FORWARD -m state --state NEW\nCOMMIT\nend\n";

// A line of the table without its timeout, and the timeout.
struct Entry {
  std::string text = "no entry";
  long timeout_s = 0;
  std::string state = "NONE";
  bool begun_by_server = false;
};

Entry entry_of(std::string_view line) {
  Entry entry;
  size_t at = 0;
  for (int word = 0; word < 4; ++word) at = line.find_first_not_of(' ', line.find(' ', at));
  const size_t end = line.find(' ', at), state_end = line.find(' ', end + 1);
  entry.timeout_s = std::strtol(line.data() + at, nullptr, 10);
  entry.state = line.substr(end + 1, state_end - end - 1);
  entry.text = line.substr(end + 1);
  return entry;
}

long number_behind(std::string_view line, std::string_view word) {
  const size_t at = line.find(word);
  return at == std::string_view::npos ? 0 : std::strtol(line.data() + at + word.size(), nullptr, 10);
}

// By the client's port.
std::map<long, Entry> entries_of(std::string_view table) {
  std::map<long, Entry> entries;
  while (!table.empty()) {
    const size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = table.substr(0, end);
    // The server, which may have begun it, has port 80.
    long port = number_behind(line, "sport=");
    const bool by_server = port == kServerPort;
    if (by_server) port = number_behind(line, "dport=");
    if (port != 0) entries.emplace(port, entry_of(line)).first->second.begun_by_server = by_server;
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return entries;
}

constexpr std::string_view kPacketStates[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};

std::string seen_of(const scenario::Happened& happened) {
  const size_t state = happened.state ? static_cast<size_t>(*happened.state) : 0;
  const bool passes =
      std::ranges::find(happened.events, scenario::Event::Kind::Left, &scenario::Event::kind) != happened.events.end();
  return fmt::format("{} {}", happened.state ? kPacketStates[state] : "unseen", passes ? "passes" : "ends");
}

// Null: the segment never comes as far as the table.
const std::string_view* kind_of(const Segment& segment) {
  constexpr uint8_t kMeant = kFin | kSyn | kRst | kAck | kUrg;
  constexpr uint8_t kSensible[] = {kSyn,        kSyn | kUrg,        kSyn | kAck, kRst,       kRst | kAck,
                                   kFin | kAck, kFin | kAck | kUrg, kAck,        kAck | kUrg};
  const auto flags = static_cast<uint8_t>(segment.flags & kMeant);
  if (segment.bad_checksum || std::ranges::find(kSensible, flags) == std::end(kSensible)) return nullptr;
  if ((flags & kRst) != 0) return &kTcpKinds[4];
  if ((flags & kSyn) != 0) return (flags & kAck) != 0 ? &kTcpKinds[1] : &kTcpKinds[0];
  return (flags & kFin) != 0 ? &kTcpKinds[2] : &kTcpKinds[3];
}

struct Told {
  Talk talk;
  std::vector<std::string> seen;  // of the kernel, by segment
  Entry ours;
};

class Comparison {
 public:
  Comparison() {
    const auto scenario = Scenario::read(std::string(kSetup) + "no conntrack\n", "cells", {});
    setup_ = scenario->script().setup;
  }

  // False: the kernel could not be had.
  bool begin_round(Family family) {
    family_ = family;
    // First the old one's devices must go.
    kernel_.reset();
    auto machine = make_kernel_machine(setup_, true);
    if (!machine) {
      fmt::print("the kernel: {}\n", machine.error().text());
      return false;
    }
    kernel_ = std::move(*machine);
    begin_ = std::chrono::steady_clock::now();
    told_.clear();
    return true;
  }

  // What differs, packet by packet; the tables are compared at the end of the round.
  std::string tell(const Talk& talk) {
    const auto port = static_cast<uint16_t>(kFirstPort + told_.size());
    Told told = {.talk = talk, .seen = {}, .ours = {}};
    auto engine = scenario::make_engine_machine(setup_);
    std::string differs;
    for (const Segment& segment : talk) {
      const auto bytes = packet_from_words(words_of(segment, family_, port));
      const std::string interface = segment.reply ? "wan" : "lan";
      (*engine)->wait_until(std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin_).count());
      told.seen.push_back(seen_of(kernel_->put(interface, *bytes, false)));
      const std::string mine = seen_of((*engine)->put(interface, *bytes, false));
      ++packets_;
      note_hit(told.ours, segment);
      const auto table = entries_of((*engine)->connections());
      told.ours = table.empty() ? Entry() : table.begin()->second;
      if (mine != told.seen.back() && differs.empty()) {
        differs = fmt::format("packet {}: kernel {}, ours {}\n", told.seen.size(), told.seen.back(), mine);
      }
    }
    told_.push_back(std::move(told));
    return differs;
  }

  // Of all talks of the round: the number of the first whose entry differs, and how.
  std::string table_difference(size_t& number) {
    const auto theirs = entries_of(kernel_->connections());
    constexpr long kClockTolerance_s = 2;
    for (number = 0; number < told_.size(); ++number) {
      const auto found = theirs.find(static_cast<long>(kFirstPort + number));
      const Entry kernel = found == theirs.end() ? Entry() : found->second;
      const Entry& ours = told_[number].ours;
      if (kernel.text == ours.text && std::labs(kernel.timeout_s - ours.timeout_s) <= kClockTolerance_s) continue;
      return fmt::format("kernel: {} {}\nours:   {} {}\n", kernel.timeout_s, kernel.text, ours.timeout_s, ours.text);
    }
    return {};
  }

  // The talk alone, in a namespace of its own.
  std::string difference_alone(const Talk& talk, Family family) {
    if (!begin_round(family)) return {};
    std::string differs = tell(talk);
    size_t number = 0;
    return differs.empty() ? table_difference(number) : differs;
  }

  const Told& told(size_t number) const { return told_[number]; }
  size_t packets() const { return packets_; }
  const TcpHits& hits() const { return hits_; }

 private:
  // `before` is the entry that the segment finds. Without one the segment is of the original direction.
  void note_hit(const Entry& before, const Segment& segment) {
    const std::string_view* const kind = kind_of(segment);
    const auto row = std::ranges::find(kTcpStates, before.state);
    if (kind == nullptr || row == std::end(kTcpStates)) return;
    const bool reply = row != std::begin(kTcpStates) && segment.reply != before.begun_by_server;
    hits_.add(static_cast<size_t>(row - std::begin(kTcpStates)), reply, static_cast<size_t>(kind - kTcpKinds));
  }

  scenario::Setup setup_;
  Family family_ = Family::Ipv4;
  std::unique_ptr<Machine> kernel_;
  std::chrono::steady_clock::time_point begin_ = {};
  std::vector<Told> told_;
  size_t packets_ = 0;
  TcpHits hits_;
};

// Leaves out whatever can be left out and still differs, and prints the rest as a scenario.
void report(Comparison& comparison, Talk talk, Family family) {
  std::string differs = comparison.difference_alone(talk, family);
  for (size_t i = 0; i < talk.size();) {
    Talk fewer = talk;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string still = comparison.difference_alone(fewer, family);
    if (still.empty()) {
      ++i;
      continue;
    }
    talk = std::move(fewer);
    differs = still;
  }
  comparison.difference_alone(talk, family);
  fmt::print("\n{}", kSetup);
  for (size_t i = 0; i < talk.size(); ++i) {
    const std::string& seen = comparison.told(0).seen[i];
    fmt::print("in {} {}\nout {} same\nexpect state {}\n", talk[i].reply ? "wan" : "lan",
               words_of(talk[i], family, kFirstPort), talk[i].reply ? "lan" : "wan", seen.substr(0, seen.find(' ')));
  }
  fmt::print("# differs:\n{}", differs);
}

struct Settings {
  uint64_t seed = 1;
  size_t rounds = 4;
  size_t most_differences = 1;
  std::string written;  // where the cells go as scenarios, with no comparison
};

Talk make_talk(Draw& draw, const TcpWay& way, bool reply, uint8_t flags, uint32_t number) {
  Author author(draw, number);
  author.follow(way.letters);
  author.probe(reply, flags);
  for (uint32_t i = 0; i < draw.below(kFollowers + 1); ++i) {
    author.probe(draw.chance(50),
                 draw.pick<uint8_t>({kSyn, kSyn | kAck, kAck, kAck | kPsh, kFin | kAck, kRst, kRst | kAck}));
  }
  return author.take();
}

// How many differences the round brought.
size_t run_round(Comparison& comparison, Draw& draw, Family family) {
  constexpr uint8_t kProbes[] = {kSyn,        kSyn | kAck, kFin | kAck,       kAck, kRst, kRst | kAck, 0, kFin,
                                 kSyn | kFin, kAck | kUrg, kSyn | kEce | kCwr};
  if (!comparison.begin_round(family)) return 1;
  uint32_t number = 0;
  for (const TcpWay& way : kTcpWays) {
    for (const bool reply : {false, true}) {
      for (const uint8_t flags : kProbes) {
        const Talk talk = make_talk(draw, way, reply, flags, number++);
        if (comparison.tell(talk).empty()) continue;
        report(comparison, talk, family);
        return 1;
      }
    }
  }
  size_t which = 0;
  const std::string differs = comparison.table_difference(which);
  if (differs.empty()) return 0;
  const Talk talk = comparison.told(which).talk;
  // On a busy machine a clock may have run on: by itself the talk takes no time.
  if (comparison.difference_alone(talk, family).empty()) return 0;
  report(comparison, talk, family);
  return 1;
}

int run(const Settings& settings) {
  if (auto there = kernel_is_there(); !there) {
    fmt::print("NOT TESTED: the TCP state table against this machine's kernel ({} rounds).\nMissing: {}\n",
               settings.rounds, there.error().text());
    return kNotTested;
  }
  if (!settings.written.empty()) return write_cell_scenarios(settings.written);
  fmt::print("referee: {}\n", NamespaceReferee::version());
  Comparison comparison;
  size_t differences = 0;
  for (size_t round = 0; round < settings.rounds && differences < settings.most_differences; ++round) {
    const Family family = round % 2 == 0 ? Family::Ipv4 : Family::Ipv6;
    Draw draw(settings.seed + round, family);
    const size_t found = run_round(comparison, draw, family);
    if (found != 0) fmt::print("seed {}\n", settings.seed + round);
    differences += found;
  }
  comparison.hits().print(kEnoughHits);
  fmt::print("{} packets, {} differences\n", comparison.packets(), differences);
  return differences == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(count, words,
                                        {{"--seed", &settings.seed},
                                         {"--rounds", &settings.rounds},
                                         {"--most", &settings.most_differences},
                                         {"--write", &settings.written}})) {
    return sallyport::kernel::kWrongUsage;
  }
  const sallyport::kernel::XtablesLock lock;
  return sallyport::kernel::run(settings);
}
