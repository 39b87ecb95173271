// Packets behind queues, the engine's and the kernel's: both queue the same ones and are given the same answers, in an
// order and with changes made by chance.
// Usage: queue_lockstep [--seed N] [--rulesets N] [--packets N]; exit 77 where the kernel cannot be asked.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "kernel/engine_queue.h"
#include "kernel/engine_side.h"
#include "kernel/generator_packets.h"
#include "kernel/kernel_queue.h"
#include "kernel/lockstep.h"
#include "kernel/namespace_referee.h"
#include "kernel/settings.h"
#include "kernel/world.h"
#include "sallyport/bytes.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

constexpr uint16_t kQueue = 7;
constexpr uint32_t kMostWaiting = 8;
// A packet that is sent back for ever would be one.
constexpr int kMostRepeats = 3;

struct Place {
  std::string_view table, chain;
};
constexpr Place kPlaces[] = {
    {"raw", "PREROUTING"}, {"raw", "OUTPUT"},    {"mangle", "PREROUTING"},  {"mangle", "INPUT"},
    {"mangle", "FORWARD"}, {"mangle", "OUTPUT"}, {"mangle", "POSTROUTING"}, {"filter", "INPUT"},
    {"filter", "FORWARD"}, {"filter", "OUTPUT"},
};

// Rules that count what they see, then queue some of it.
std::string random_rules(Draw& draw) {
  std::map<std::string_view, std::string> tables = {{"raw", ""}, {"mangle", ""}, {"filter", ""}};
  for (const Place& place : kPlaces) {
    std::string& rules = tables[place.table];
    rules += fmt::format("-A {} -m mark --mark {:#x}/0xff\n", place.chain, draw.pick(pool::kMarks) & 0xff);
    rules += fmt::format("-A {} -m length --length {}:65535\n", place.chain, draw.pick(pool::kLengths));
    if (place.table == "filter" && place.chain == "FORWARD" && draw.chance(30))
      rules += "-A FORWARD -p tcp -j REJECT\n";
    if (draw.chance(50)) continue;
    const bool some = draw.chance(30);
    rules +=
        fmt::format("-A {}{} -j NFQUEUE --queue-num {}{}\n", place.chain, some ? " -m length --length 60:65535" : "",
                    draw.chance(80) ? kQueue : kQueue + 1, draw.chance(50) ? " --queue-bypass" : "");
  }
  std::string text;
  for (const auto& [name, rules] : tables) text += fmt::format("*{}\n{}COMMIT\n", name, rules);
  return text;
}

struct Tally {
  uint64_t packets = 0, queued = 0, full = 0, differences = 0;
  std::map<std::string, uint64_t> answers;
};

class Run {
 public:
  Run(NamespaceReferee& referee, KernelQueue& queue, EngineSide& engine, Draw& draw, Tally& tally)
      : referee_(referee),
        queue_(queue),
        engine_(engine),
        our_queue_(engine.engine(), kQueue, kMostWaiting),
        draw_(draw),
        tally_(tally) {}

  // False: the two sides differ, which has been printed.
  bool send(const Input& input) {
    ++tally_.packets;
    const Observed kernel = referee_.pass(input), mine = engine_.pass(input);
    return same("a packet", kernel, mine);
  }

  bool answer_one() {
    if (waiting_.empty()) return true;
    // Mostly the oldest.
    const size_t which = draw_.chance(60) ? 0 : draw_.below(static_cast<uint32_t>(waiting_.size()));
    Queued packet = waiting_[which];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(which));
    auto answer = draw_.pick({QueueAnswer::Drop, QueueAnswer::Accept, QueueAnswer::Accept, QueueAnswer::Accept,
                              QueueAnswer::Repeat, QueueAnswer::Stop});
    if (answer == QueueAnswer::Repeat && ++repeats_ > kMostRepeats) answer = QueueAnswer::Accept;
    if (answer != QueueAnswer::Repeat) repeats_ = 0;
    // Of what the machine itself sends to many, a copy comes back in, which the model does not have.
    if (static_cast<Hook>(packet.hook) >= Hook::Output && to_many(packet.bytes)) answer = QueueAnswer::Drop;
    // The world drops what is delivered behind its last table, which Stop would skip: the kernel itself would answer.
    if (answer == QueueAnswer::Stop && static_cast<Hook>(packet.hook) == Hook::Input) answer = QueueAnswer::Accept;
    return give(packet, answer);
  }

  bool finish() {
    while (!waiting_.empty()) {
      const Queued packet = waiting_.front();
      waiting_.erase(waiting_.begin());
      if (!give(packet, QueueAnswer::Accept)) return false;
    }
    const std::string text = counters_difference(referee_.save(draw_.family()), engine_.save());
    if (!text.empty()) fmt::print("{}", text);
    tally_.full += our_queue_.found_full();
    return text.empty();
  }

 private:
  bool plain(const std::vector<uint8_t>& bytes) const {
    if (draw_.v6()) return bytes[6] == kUdp || bytes[6] == kTcp;
    return bytes[0] == 0x45 && (load_be16(&bytes[6]) & 0x3fff) == 0;
  }
  // Nobody answers, and no copy comes back, for what is sent to many; nobody sends from there.
  bool to_many(const std::vector<uint8_t>& bytes) const {
    if (draw_.v6()) return bytes[24] == 0xff || bytes[8] == 0xff;
    return bytes[16] >= 224 || bytes[12] >= 224 || bytes[19] == 255 || bytes[19] == 0;
  }

  // Other bytes between the same addresses, that are a packet for certain. What the kernel has read of a packet's
  // options before it was queued, it does not read again: changed is what has none.
  std::optional<std::vector<uint8_t>> other_bytes(const Queued& queued) {
    if (!draw_.chance(25) || !plain(queued.bytes) || to_many(queued.bytes)) return std::nullopt;
    const size_t header = draw_.v6() ? 40 : 20;
    for (int tries = 0; tries < 20; ++tries) {
      const Input input = random_packet(draw_);
      const size_t skip = kWorldInterfaces[input.interface].ethernet ? kEthernetHeader : 0;
      if (input.frame.size() < skip + header || input.frame[skip] >> 4 != (draw_.v6() ? 6 : 4)) continue;
      std::vector<uint8_t> bytes(input.frame.begin() + static_cast<std::ptrdiff_t>(skip), input.frame.end());
      const size_t said = draw_.v6() ? load_be16(&bytes[4]) + 40u : load_be16(&bytes[2]);
      if (!plain(bytes) || to_many(bytes) || said != bytes.size()) continue;
      // What the kernel makes itself may be cut whatever it says.
      const bool out = static_cast<Hook>(queued.hook) >= Hook::Output;
      if (out && bytes.size() > queued.bytes.size()) continue;
      const size_t addresses = draw_.v6() ? 8 : 12;
      std::copy_n(queued.bytes.begin() + static_cast<std::ptrdiff_t>(addresses), header - addresses,
                  bytes.begin() + static_cast<std::ptrdiff_t>(addresses));
      if (!draw_.v6()) {
        store_be16(&bytes[10], 0);
        store_be16(&bytes[10], checksum({bytes.data(), header}));
      }
      return bytes;
    }
    return std::nullopt;
  }

  bool give(const Queued& packet, QueueAnswer answer) {
    constexpr std::string_view kNames[] = {"drop", "accept", "repeat", "stop"};
    const uint32_t mark = draw_.chance(30) ? draw_.pick(pool::kMarks) : packet.mark;
    const auto bytes = other_bytes(packet);
    const std::string what = fmt::format("{}{}{} at hook {}", kNames[static_cast<size_t>(answer)],
                                         mark != packet.mark ? " marked" : "", bytes ? " changed" : "", packet.hook);
    ++tally_.answers[what];
    asked_ = fmt::format("  packet {} was {}\n", packet.number, hex(packet.bytes));
    queue_.answer(packet.number, answer, mark, bytes);
    const Observed kernel = referee_.pass({});
    our_queue_.answer(packet.number, answer, mark, bytes);
    return same(what, kernel, engine_.take());
  }

  bool same(const std::string& what, Observed kernel, Observed mine) {
    std::vector<Queued> theirs = queue_.read();
    // Inside the kernel a packet of its own may have no whole checksum yet; a queue sees it made whole, an observer
    // not.
    std::string text = difference(std::move(kernel), std::move(mine));
    forget_identifications(theirs);
    std::vector<Queued> own = our_queue_.read();
    forget_identifications(own);
    if (theirs != own) {
      text += fmt::format("the kernel queued {}, the engine {}:\n", theirs.size(), own.size());
      for (const auto& [side, list] : {std::pair("kernel", theirs), std::pair("engine", own)}) {
        for (const Queued& queued : list) {
          text += fmt::format("  {} {} hook {} mark {:#x} {}\n", side, queued.number, queued.hook, queued.mark,
                              hex(queued.bytes));
        }
      }
    }
    waiting_.insert(waiting_.end(), own.begin(), own.end());
    tally_.queued += own.size();
    if (!text.empty()) fmt::print("after {}:\n{}{}", what, asked_, text);
    return text.empty();
  }

  static std::string hex(const std::vector<uint8_t>& bytes) {
    std::string text;
    for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
  }

  // The kernel numbers its ICMP errors by chance.
  static void forget_identifications(std::vector<Queued>& list) {
    for (Queued& queued : list) {
      if (queued.bytes.size() < 20 || queued.bytes[0] >> 4 != 4 || queued.bytes[9] != kIcmp) continue;
      std::fill_n(queued.bytes.begin() + 4, 2, uint8_t{0});
      std::fill_n(queued.bytes.begin() + 10, 2, uint8_t{0});
    }
  }

  NamespaceReferee& referee_;
  KernelQueue& queue_;
  EngineSide& engine_;
  EngineQueue our_queue_;
  Draw& draw_;
  Tally& tally_;
  std::vector<Queued> waiting_;
  std::string asked_;  // what the last answer was about
  int repeats_ = 0;
};

// An IPv4 packet with options that has to be cut: once it was queued, the kernel's later pieces keep options that they
// otherwise lose.
bool loses_options(const Input& input) {
  const size_t skip = kWorldInterfaces[input.interface].ethernet ? kEthernetHeader : 0;
  constexpr size_t kSmallestMtu = 1400;
  return input.frame.size() > skip + kSmallestMtu && input.frame[skip] >> 4 == 4 && input.frame[skip] != 0x45;
}

// From a network's broadcast address: the kernel answers it, and gets a copy of its own answer back.
bool from_many(const Input& input) {
  const size_t at = (kWorldInterfaces[input.interface].ethernet ? kEthernetHeader : 0) + 12;
  return input.frame.size() >= at + 4 && input.frame[at - 12] >> 4 == 4 && input.frame[at + 3] == 255;
}

bool run_ruleset(NamespaceReferee& referee, uint64_t seed, size_t packets, Tally& tally) {
  Draw draw(seed, seed % 2 == 0 ? Family::Ipv4 : Family::Ipv6);
  const std::string rules = random_rules(draw);
  auto engine = EngineSide::create(draw.family(), rules);
  auto queue = KernelQueue::open(kQueue, kMostWaiting);
  if (!engine || !queue || !referee.load(draw.family(), rules)) {
    fmt::print("cannot begin: {}\n", !engine ? engine.error().text() : !queue ? queue.error().text() : "the rules");
    return false;
  }
  Run run(referee, **queue, **engine, draw, tally);
  bool good = true;
  for (size_t i = 0; good && i < packets; ++i) {
    const Input input = random_packet(draw);
    if (loses_options(input) || from_many(input)) continue;
    good = run.send(input);
    while (good && draw.chance(55)) good = run.answer_one();
  }
  good = good && run.finish();
  if (!good) fmt::print("with seed {} ({}):\n{}\n", seed, draw.v6() ? "IPv6" : "IPv4", rules);
  return good;
}

int run(uint64_t seed, uint64_t rulesets, size_t packets) {
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: packets behind queues ({})\n", referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  Tally tally;
  for (uint64_t i = 0; i < rulesets && tally.differences < 5; ++i) {
    if (!run_ruleset(**referee, seed + i, packets, tally)) ++tally.differences;
  }
  for (const auto& [answer, count] : tally.answers) fmt::print("{:8} {}\n", count, answer);
  fmt::print("{} rulesets, {} packets, {} queued, {} found the queue full, {} differences\n", rulesets, tally.packets,
             tally.queued, tally.full, tally.differences);
  return tally.differences == 0 && tally.queued > 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  uint64_t seed = 1, rulesets = 40, packets = 200;
  if (!sallyport::kernel::read_settings(count, words,
                                        {{"--seed", &seed}, {"--rulesets", &rulesets}, {"--packets", &packets}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(seed, rulesets, packets);
}
