// Two packets that both begin the same connection, because the first waits in a queue when the second comes: what
// becomes of either, the connection table and its counters must be equal to the kernel's.
// Usage: clash_lockstep [--seed N] [--rounds N]; exit 77 where the kernel cannot be asked.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "kernel/draw.h"
#include "kernel/engine_queue.h"
#include "kernel/engine_side.h"
#include "kernel/kernel_queue.h"
#include "kernel/namespace_referee.h"
#include "kernel/settings.h"
#include "kernel/tool.h"
#include "kernel/world.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

constexpr uint16_t kQueue = 7;
constexpr uint32_t kMostWaiting = 64;
constexpr uint32_t kStepsPerRound = 12;

// What is long waits; where, is up to chance. Connections are mapped in some rounds. The state is seen as a mark.
std::string random_rules(Draw& draw) {
  const bool marks_late = draw.chance(50);
  std::string rules = "*mangle\n";
  rules += fmt::format("-A {} -m length --length 60:65535 -j NFQUEUE --queue-num {}\n",
                       marks_late ? "POSTROUTING" : "FORWARD", kQueue);
  rules +=
      "-A PREROUTING -m conntrack --ctstate NEW -j MARK --set-mark 1\n"
      "-A PREROUTING -m conntrack --ctstate ESTABLISHED -j MARK --set-mark 2\n"
      "COMMIT\n";
  std::string mappings;
  if (draw.chance(40)) {
    mappings += fmt::format("-A PREROUTING -i ta -p udp -j DNAT --to-destination {}\n",
                            draw.v6() ? "2001:db8:2::9" : "10.2.1.9");
  }
  if (draw.chance(40)) {
    mappings += fmt::format("-A POSTROUTING -o tb -j SNAT --to-source {}\n", draw.v6() ? "2001:db8:9::9" : "10.9.9.9");
  }
  return rules + "*nat\n" + mappings + "COMMIT\n";
}

// The kernel's columns, of all processors together.
std::map<std::string, uint64_t> counters_of(std::istream& text) {
  std::string line;
  std::getline(text, line);
  std::vector<std::string> names;
  std::istringstream words(line);
  for (std::string name; words >> name;) names.push_back(name);
  std::map<std::string, uint64_t> sums;
  while (std::getline(text, line)) {
    std::istringstream values(line);
    std::string value;
    for (size_t i = 0; i < names.size() && values >> value; ++i) sums[names[i]] += std::stoull(value, nullptr, 16);
  }
  return sums;
}
constexpr std::string_view kCompared[] = {"clashres", "insert_failed", "drop"};

// Without the seconds left, which tick on.
std::multiset<std::string> lines_of(std::istream& text) {
  std::multiset<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string word, rest;
    for (int i = 0; words >> word; ++i) {
      if (i != 4) rest += word + ' ';
    }
    // A packet that waits holds its connection.
    lines.insert(rest.substr(0, rest.find("use=")));
  }
  return lines;
}

struct Tally {
  uint64_t steps = 0;
  std::map<std::string, uint64_t> counted;
};

class Round {
 public:
  Round(NamespaceReferee& referee, KernelQueue& queue, EngineSide& engine, Draw& draw, uint16_t port)
      : referee_(referee),
        queue_(queue),
        engine_(engine),
        our_queue_(engine.engine(), kQueue, kMostWaiting),
        draw_(draw),
        port_(port) {
    std::ifstream stat("/proc/net/stat/nf_conntrack");
    before_ = counters_of(stat);
  }

  bool step(uint32_t number) {
    engine_.set_time(std::chrono::steady_clock::now().time_since_epoch().count());
    if (!waiting_.empty() && draw_.chance(40)) return answer();
    const Input input = packet(number);
    const Observed kernel = referee_.pass(input);
    return same("a packet", kernel, engine_.pass(input));
  }
  bool finish() {
    while (!waiting_.empty()) {
      if (!answer()) return false;
    }
    return true;
  }
  const std::string& story() const { return story_; }
  void add_to(Tally& tally) const {
    std::ifstream stat("/proc/net/stat/nf_conntrack");
    for (auto& [name, count] : counters_of(stat)) {
      if (std::ranges::find(kCompared, name) != std::end(kCompared)) tally.counted[name] += count - before_.at(name);
    }
  }

 private:
  // One of few conversations, so that they meet; long or short.
  Input packet(uint32_t number) {
    const bool v6 = draw_.v6();
    const std::string payload(draw_.chance(50) ? 60 : 1 + number % 3, 'x');
    const uint16_t port = static_cast<uint16_t>(port_ + draw_.below(2));
    const std::string a = v6 ? "2001:db8:1::5" : "10.1.1.5", b = v6 ? "2001:db8:2::7" : "10.2.1.7";
    const auto at = [&](const std::string& host, uint16_t of) {
      return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), host, of);
    };
    const std::string way = at(a, port) + " > " + at(b, 80), bare = a + " > " + b;
    Packet packet;
    switch (draw_.below(5)) {
      case 0:
        packet = v6 ? test::tcp6(way, test::kSyn, payload) : test::tcp4(way, test::kSyn, payload);
        break;
      case 1:
        packet = v6 ? test::icmp6(bare, 128, 0, port, payload) : test::icmp4(bare, 8, 0, port, payload);
        break;
      case 2: {
        const std::vector<uint8_t> bytes(payload.size() + 8, 0);
        packet = v6 ? test::ip6(bare, 253, bytes) : test::ip4(bare, 253, bytes);
        break;
      }
      default:
        packet = v6 ? test::udp6(way, payload) : test::udp4(way, payload);
    }
    return {0, {packet.bytes().begin(), packet.bytes().end()}};
  }

  bool answer() {
    const size_t which = draw_.below(static_cast<uint32_t>(waiting_.size()));
    const Queued packet = waiting_[which];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(which));
    const auto answer = draw_.chance(85) ? QueueAnswer::Accept : QueueAnswer::Drop;
    queue_.answer(packet.number, answer, packet.mark, std::nullopt);
    const Observed kernel = referee_.pass({});
    our_queue_.answer(packet.number, answer, packet.mark, std::nullopt);
    return same(fmt::format("{} of packet {}", answer == QueueAnswer::Accept ? "accept" : "drop", packet.number),
                kernel, engine_.take());
  }

  bool same(const std::string& what, const Observed& kernel, const Observed& mine) {
    std::string differs = difference(kernel, mine);
    const std::vector<Queued> theirs = queue_.read(), own = our_queue_.read();
    if (theirs != own) differs += fmt::format("the kernel queued {}, the engine {}\n", theirs.size(), own.size());
    waiting_.insert(waiting_.end(), own.begin(), own.end());
    std::ifstream table("/proc/net/nf_conntrack");
    std::istringstream our_table(engine_.connections());
    const auto kernel_lines = lines_of(table), our_lines = lines_of(our_table);
    if (kernel_lines != our_lines) {
      for (const auto& line : kernel_lines) differs += "kernel: " + line + "\n";
      for (const auto& line : our_lines) differs += "ours:   " + line + "\n";
    }
    std::ifstream stat("/proc/net/stat/nf_conntrack");
    std::istringstream our_stat(engine_.engine().connection_counters().text());
    auto now = counters_of(stat), ours = counters_of(our_stat);
    for (const std::string_view name : kCompared) {
      const std::string key(name);
      if (now[key] - before_[key] != ours[key])
        differs += fmt::format("{}: kernel {} ours {}\n", name, now[key] - before_[key], ours[key]);
    }
    story_ += what + "\n" + text_of(mine);
    if (!differs.empty()) story_ += "differs:\n" + differs;
    return differs.empty();
  }

  NamespaceReferee& referee_;
  KernelQueue& queue_;
  EngineSide& engine_;
  EngineQueue our_queue_;
  Draw& draw_;
  uint16_t port_;
  std::map<std::string, uint64_t> before_;
  std::vector<Queued> waiting_;
  std::string story_;
};

bool run_round(NamespaceReferee& referee, uint64_t seed, Tally& tally) {
  Draw draw(seed, seed % 2 == 0 ? Family::Ipv4 : Family::Ipv6);
  const std::string rules = random_rules(draw);
  auto engine = EngineSide::create(draw.family(), rules);
  auto queue = KernelQueue::open(kQueue, kMostWaiting);
  if (!engine || !queue || !referee.load(draw.family(), rules)) {
    fmt::print("cannot begin: {}\n", !engine ? engine.error().text() : !queue ? queue.error().text() : "the rules");
    return false;
  }
  run_tool({"conntrack", "-F"});
  Round round(referee, **queue, **engine, draw, static_cast<uint16_t>(1024 + seed % 20'000));
  bool good = true;
  for (uint32_t i = 0; good && i < kStepsPerRound; ++i) good = round.step(i);
  good = good && round.finish();
  tally.steps += kStepsPerRound;
  round.add_to(tally);
  if (!good) fmt::print("with seed {} ({}):\n{}\n{}\n", seed, draw.v6() ? "IPv6" : "IPv4", rules, round.story());
  return good;
}

int run(uint64_t seed, uint64_t rounds) {
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: clashes of connections ({})\n", referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  Tally tally;
  for (uint64_t i = 0; i < rounds; ++i) {
    if (!run_round(**referee, seed + i, tally)) return 1;
  }
  fmt::print("{} rounds, {} steps, no difference; clashes resolved {}, not inserted {}, dropped {}\n", rounds,
             tally.steps, tally.counted["clashres"], tally.counted["insert_failed"], tally.counted["drop"]);
  return tally.counted["clashres"] > 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) try {
  uint64_t seed = 1, rounds = 60;
  if (!sallyport::kernel::read_settings(count, words, {{"--seed", &seed}, {"--rounds", &rounds}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(seed, rounds);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 1;
}
