// User space behind a queue. What an answer does must not depend on when it is given: every case runs twice, answered
// within the handler and later.

#include "sallyport/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sallyport/engine.h"
#include "support/packets.h"

namespace sallyport {
namespace {

// Writes down how each packet ended, and its bytes.
class Ends final : public PacketSink {
 public:
  explicit Ends(const HostModel*& host) : host_(host) {}
  void ended(Packet& packet, Fate fate, Hook hook, const Decision& decision) override {
    constexpr std::string_view kNames[kFates] = {"left", "delivered", "dropped", "malformed", "unroutable", "held"};
    text += std::string(text.empty() ? "" : "; ") + std::string(kNames[static_cast<size_t>(fate)]) + " " +
            std::string(hook_name(hook));
    if (fate == Fate::Left) text += " by " + std::string(host_->interface(packet.out).name_text());
    if (!decision.table.empty()) text += " line " + std::to_string(decision.line);
    bytes += test::to_hex(packet.bytes()) + "\n";
  }
  std::string text;
  std::string bytes;

 private:
  const HostModel*& host_;
};

constexpr std::string_view kHost = R"(
[[interface]]
name = "lo"
address = ["127.0.0.1/8"]
[[interface]]
name = "lan"
address = ["10.0.0.1/24", "2001:db8::1/64"]
[[interface]]
name = "wan"
address = ["192.0.2.1/24"]
[[interface]]
name = "vpn"
[[route]]
to = "0.0.0.0/0"
dev = "wan"
[[route]]
to = "0.0.0.0/0"
dev = "vpn"
table = 7
[[rule]]
fwmark = 7
table = 7
)";

struct Machine {
  explicit Machine(const std::string& rules) : ends(host) {
    auto ruleset = read_ruleset(rules, "test.rules", Family::Ipv4, builtin_registry());
    EXPECT_TRUE(ruleset) << (ruleset ? "" : ruleset.error()[0].text());
    std::vector<std::string> warnings;
    auto model = read_host_model(kHost, "host.toml", warnings);
    EXPECT_TRUE(model) << (model ? "" : model.error()[0].text());
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = std::move(*model);
    config.sink = &ends;
    auto made = Engine::create(std::move(config));
    EXPECT_TRUE(made) << (made ? "" : made.error()[0].text());
    engine = std::move(*made);
    host = &engine->host();
  }
  void send(Packet packet, std::string_view in = "lan") {
    packet.in = in.empty() ? kNoInterface : *host->find_interface(in);
    engine->process({&packet, 1});
  }
  std::string counters() { return save_ruleset(*engine->ruleset(Family::Ipv4), true); }

  const HostModel* host = nullptr;
  Ends ends;
  std::unique_ptr<Engine> engine;
};

Packet question(std::string_view flow = "10.0.0.5:4000 > 198.51.100.9:53") { return test::udp4(flow, "question"); }

std::string table(std::string_view name, std::string_view rules) {
  return "*" + std::string(name) + "\n" + std::string(rules) + "\nCOMMIT\n";
}

struct QueueCase {
  const char* name;
  std::string rules;
  std::vector<QueueAnswer> answers;  // in turn
  const char* flow;
  const char* in;  // empty: from a local process
  const char* end;
};

const QueueCase kQueueCases[] = {
    {"accepted at PREROUTING",
     table("mangle", "-A PREROUTING -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "left POSTROUTING by wan"},
    {"the next table still judges",
     table("raw", "-A PREROUTING -j NFQUEUE --queue-num 7") + table("mangle", "-A PREROUTING -j DROP"),
     {QueueAnswer::Accept},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "dropped PREROUTING line 5"},
    {"stop skips the next table of the hook, not the next hook",
     table("raw", "-A PREROUTING -j NFQUEUE --queue-num 7") +
         table("mangle", "-A PREROUTING -j DROP\n-A FORWARD -j DROP"),
     {QueueAnswer::Stop},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "dropped FORWARD line 6"},
    {"the rest of the table is passed over",
     table("filter", "-A FORWARD -j NFQUEUE --queue-num 7\n-A FORWARD -j DROP"),
     {QueueAnswer::Accept},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "left POSTROUTING by wan"},
    {"repeat begins the table anew",
     table("filter",
           "-A FORWARD -m statistic --mode nth --every 2 --packet 0 -j NFQUEUE --queue-num 7\n-A FORWARD -j DROP"),
     {QueueAnswer::Repeat},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "dropped FORWARD line 3"},
    {"repeat without end drops", table("filter", "-A FORWARD -j NFQUEUE --queue-num 7"),
     std::vector<QueueAnswer>(17, QueueAnswer::Repeat), "10.0.0.5:4000 > 198.51.100.9:53", "lan",
     "dropped FORWARD line 2"},
    {"dropped",
     table("filter", "-A FORWARD -j NFQUEUE --queue-num 7 --queue-bypass"),
     {QueueAnswer::Drop},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "dropped FORWARD line 2"},
    {"two hooks ask",
     table("mangle", "-A FORWARD -j NFQUEUE --queue-num 7\n-A POSTROUTING -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept, QueueAnswer::Accept},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "left POSTROUTING by wan"},
    {"for the machine",
     table("filter", "-A INPUT -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept},
     "10.0.0.5:4000 > 10.0.0.1:53",
     "lan",
     "delivered INPUT"},
    {"from the machine",
     table("filter", "-A OUTPUT -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept},
     "192.0.2.1:4000 > 198.51.100.9:53",
     "",
     "left POSTROUTING by wan"},
    {"from the machine to itself",
     table("mangle", "-A POSTROUTING -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept},
     "192.0.2.1:4000 > 10.0.0.1:53",
     "",
     "delivered INPUT"},
    {"a REJECT that is queued itself",
     table("filter", "-A FORWARD -j REJECT\n-A OUTPUT -j NFQUEUE --queue-num 7"),
     {QueueAnswer::Accept},
     "10.0.0.5:4000 > 198.51.100.9:53",
     "lan",
     "left POSTROUTING by lan; dropped FORWARD line 2"},
};

struct Outcome {
  std::string end;
  std::string bytes;
  std::string counters;
  uint64_t asked;
};

Outcome answered_at_once(const QueueCase& test) {
  Machine machine(test.rules);
  size_t next = 0;
  machine.engine->on_queue(7, [&](Packet&, const QueueTicket&) { return test.answers.at(next++); });
  machine.send(question(test.flow), test.in);
  return {machine.ends.text, machine.ends.bytes, machine.counters(), next};
}

Outcome answered_later(const QueueCase& test) {
  Machine machine(test.rules);
  uint64_t newest = 0;
  machine.engine->on_queue(7, [&](Packet&, const QueueTicket& ticket) {
    newest = ticket.number;
    return QueueAnswer::Later;
  });
  machine.send(question(test.flow), test.in);
  size_t next = 0;
  for (; machine.engine->queue_counters(7).waiting != 0; ++next) {
    EXPECT_TRUE(machine.engine->answer(7, newest, test.answers.at(next))) << test.name;
  }
  EXPECT_FALSE(machine.engine->answer(7, newest, QueueAnswer::Accept)) << test.name << ": answered twice";
  return {machine.ends.text, machine.ends.bytes, machine.counters(), next};
}

// Where one packet makes another, the order of the two may differ: the one that waited ends last.
std::string sorted(const std::string& ends) {
  const size_t between = ends.find("; ");
  if (between == std::string::npos) return ends;
  const std::string first = ends.substr(0, between), second = ends.substr(between + 2);
  return first < second ? ends : second + "; " + first;
}

TEST(Queue, AnAnswerMeansTheSameWheneverItComes) {
  for (const QueueCase& test : kQueueCases) {
    const Outcome at_once = answered_at_once(test), later = answered_later(test);
    EXPECT_EQ(at_once.end, test.end) << test.name;
    EXPECT_EQ(sorted(later.end), sorted(at_once.end)) << test.name;
    EXPECT_EQ(later.bytes.size(), at_once.bytes.size()) << test.name;
    EXPECT_EQ(later.counters, at_once.counters) << test.name;
    EXPECT_EQ(later.asked, at_once.asked) << test.name;
    EXPECT_EQ(at_once.asked, test.answers.size()) << test.name << ": not every answer was asked for";
  }
}

// What waits, oldest first, as the ports they come from.
std::string waiting(Machine& machine) {
  std::string all;
  for (uint64_t ticket = 1; ticket <= machine.engine->queue_counters(7).asked; ++ticket) {
    const Packet* packet = machine.engine->queued(7, ticket);
    if (packet != nullptr) all += std::to_string(load_be16(packet->transport(2))) + " ";
  }
  return all;
}

const std::string kQueueAll = table("filter", "-A FORWARD -j NFQUEUE --queue-num 7");
QueueAnswer later(Packet&, const QueueTicket&) { return QueueAnswer::Later; }

TEST(Queue, KeepsTheOrderOfArrivalAndTakesAnswersInAny) {
  Machine machine(kQueueAll);
  machine.engine->on_queue(7, later);
  for (const char* flow :
       {"10.0.0.5:1 > 198.51.100.9:53", "10.0.0.5:2 > 198.51.100.9:53", "10.0.0.5:3 > 198.51.100.9:53"}) {
    machine.send(question(flow));
  }
  EXPECT_EQ(machine.ends.text, "");
  EXPECT_EQ(waiting(machine), "1 2 3 ");
  EXPECT_TRUE(machine.engine->answer(7, 2, QueueAnswer::Accept));
  EXPECT_EQ(waiting(machine), "1 3 ");
  EXPECT_TRUE(machine.engine->answer(7, 1, QueueAnswer::Drop));
  EXPECT_FALSE(machine.engine->answer(7, 1, QueueAnswer::Accept));
  EXPECT_FALSE(machine.engine->answer(8, 3, QueueAnswer::Accept));
  EXPECT_TRUE(machine.engine->answer(7, 3, QueueAnswer::Later));
  EXPECT_EQ(waiting(machine), "3 ");
  EXPECT_EQ(machine.ends.text, "left POSTROUTING by wan; dropped FORWARD line 2");
}

struct FullCase {
  QueueLimits limits;
  const char* third;  // of three packets
  uint64_t waiting;
};

TEST(Queue, HoldsNoMoreThanItMay) {
  const FullCase cases[] = {
      {{.most = 2}, "dropped FORWARD line 2", 2},
      {{.most = 2, .accept_when_full = true}, "left POSTROUTING by wan", 2},
      {{.most = 3}, "", 3},
  };
  for (const FullCase& test : cases) {
    Machine machine(kQueueAll);
    machine.engine->on_queue(7, later, test.limits);
    for (int i = 0; i < 3; ++i) machine.send(question());
    EXPECT_EQ(machine.ends.text, test.third) << test.limits.most;
    EXPECT_EQ(machine.engine->queue_counters(7).waiting, test.waiting);
    EXPECT_EQ(machine.engine->queue_counters(7).found_full, 3 - test.waiting);
    // An answer makes room.
    EXPECT_TRUE(machine.engine->answer(7, 1, QueueAnswer::Drop));
    machine.send(question());
    EXPECT_EQ(machine.engine->queue_counters(7).waiting, test.waiting);
  }
}

TEST(Queue, WhoLeavesHasWhatWaitsDropped) {
  Machine machine(kQueueAll);
  machine.engine->on_queue(7, later);
  machine.send(question());
  machine.send(question());
  machine.engine->on_queue(7, later);  // another takes the place: they wait on
  EXPECT_EQ(machine.ends.text, "");
  machine.engine->on_queue(7, {});
  EXPECT_EQ(machine.ends.text, "dropped FORWARD line 2; dropped FORWARD line 2");
  EXPECT_EQ(machine.engine->queue_counters(7).waiting, 0u);
  machine.send(question());
  EXPECT_EQ(machine.ends.text, "dropped FORWARD line 2; dropped FORWARD line 2; dropped FORWARD line 2");
}

// A longer question, an address and a mark of its own.
void change(Packet& packet) {
  const Packet other = test::udp4("10.0.0.5:4000 > 203.0.113.9:53", "a much longer question than the one that came");
  replace_bytes(packet, other.bytes());
  packet.mark = 9;
}

TEST(Queue, RulesBehindItSeeWhatWasChanged) {
  const std::string rules =
      table("mangle", "-A PREROUTING -j NFQUEUE --queue-num 7") +
      table("filter", "-A FORWARD -d 203.0.113.9/32 -m mark --mark 0x9 -m length --length 73 -j DROP");
  for (const bool at_once : {true, false}) {
    Machine machine(rules);
    machine.engine->on_queue(7, [&](Packet& packet, const QueueTicket&) {
      if (at_once) change(packet);
      return at_once ? QueueAnswer::Accept : QueueAnswer::Later;
    });
    machine.send(question());
    if (!at_once) {
      change(*machine.engine->queued(7, 1));
      machine.engine->answer(7, 1, QueueAnswer::Accept);
    }
    EXPECT_EQ(machine.ends.text, "dropped FORWARD line 5");
  }
}

struct BreakCase {
  const char* name;
  void (*breaks)(Packet&);
  const char* end;
};

TEST(Queue, WhatCannotBeReadAnyMoreIsDropped) {
  const BreakCase cases[] = {
      {"nothing left", [](Packet& packet) { packet.truncate(0); }, "dropped PREROUTING line 2"},
      {"half a header", [](Packet& packet) { packet.truncate(10); }, "dropped PREROUTING line 2"},
      {"the other family",
       [](Packet& packet) { replace_bytes(packet, test::udp6("[2001:db8::5]:1 > [2001:db8::9]:2").bytes()); },
       "dropped PREROUTING line 2"},
      {"shorter than it says",
       [](Packet& packet) { replace_bytes(packet, test::Bytes(packet.data(), packet.data() + 30)); },
       "dropped PREROUTING line 2"},
      {"a header checksum that nobody sees", [](Packet& packet) { packet.data()[10] ^= 1; }, "left POSTROUTING by wan"},
  };
  for (const BreakCase& test : cases) {
    Machine machine(table("mangle", "-A PREROUTING -j NFQUEUE --queue-num 7"));
    machine.engine->on_queue(7, later);
    machine.send(question());
    test.breaks(*machine.engine->queued(7, 1));
    machine.engine->answer(7, 1, QueueAnswer::Accept);
    EXPECT_EQ(machine.ends.text, test.end) << test.name;
  }
}

TEST(Queue, ThePacketOfTheMachineIsRoutedAgainByItsNewMark) {
  for (const bool at_once : {true, false}) {
    Machine machine(table("filter", "-A OUTPUT -j NFQUEUE --queue-num 7"));
    machine.engine->on_queue(7, [&](Packet& packet, const QueueTicket&) {
      packet.mark = 7;
      return at_once ? QueueAnswer::Accept : QueueAnswer::Later;
    });
    machine.send(question("192.0.2.1:4000 > 198.51.100.9:53"), "");
    if (!at_once) machine.engine->answer(7, 1, QueueAnswer::Accept);
    EXPECT_EQ(machine.ends.text, "left POSTROUTING by vpn");
  }
}

TEST(Queue, TheConnectionLivesAsLongAsItsPacketWaits) {
  Machine machine(table("filter", "-A FORWARD -p udp --dport 53 -m state --state NEW -j NFQUEUE --queue-num 7"));
  machine.engine->on_queue(7, later);
  machine.send(question("10.0.0.5:1000 > 198.51.100.9:53"));
  machine.send(question("10.0.0.5:2000 > 198.51.100.9:53"));
  for (int port = 3000; port < 3100; ++port)
    machine.send(question("10.0.0.5:" + std::to_string(port) + " > 198.51.100.9:99"));
  machine.engine->answer(7, 2, QueueAnswer::Accept);
  machine.engine->answer(7, 1, QueueAnswer::Drop);
  const std::string listing = machine.engine->connection_listing();
  EXPECT_NE(listing.find("sport=2000"), std::string::npos);
  EXPECT_EQ(listing.find("sport=1000"), std::string::npos);
  EXPECT_NE(listing.find("sport=3099"), std::string::npos);
}

TEST(Queue, AHandlerMayAnswerOthersAndLeaveWithinItsCall) {
  Machine machine(kQueueAll);
  machine.engine->on_queue(7, [&](Packet&, const QueueTicket& ticket) {
    if (ticket.number == 2) machine.engine->answer(7, 1, QueueAnswer::Accept);
    if (ticket.number == 3) machine.engine->on_queue(7, {});
    return QueueAnswer::Later;
  });
  machine.send(question());
  machine.send(question());
  EXPECT_EQ(machine.ends.text, "left POSTROUTING by wan");
  machine.send(question());
  EXPECT_EQ(machine.ends.text, "left POSTROUTING by wan; dropped FORWARD line 2; dropped FORWARD line 2");
}

TEST(Queue, BalanceKeepsBothDirectionsTogether) {
  Machine machine(table("filter", "-A FORWARD -j NFQUEUE --queue-balance 10:13"));
  std::array<int, 4> asked = {};
  int last = -1;
  for (uint16_t queue = 10; queue <= 13; ++queue) {
    machine.engine->on_queue(queue, [&asked, &last, queue](Packet&, const QueueTicket&) {
      ++asked[queue - 10u];
      last = queue;
      return QueueAnswer::Accept;
    });
  }
  for (int host = 2; host < 102; ++host) {
    const std::string address = "10.0.0." + std::to_string(host);
    machine.send(question(address + ":4000 > 198.51.100.9:53"));
    const int there = last;
    machine.send(question("198.51.100.9:53 > " + address + ":4000"), "wan");
    EXPECT_EQ(last, there) << address;
  }
  for (const int count : asked) EXPECT_GT(count, 10) << "of 200 packets in four queues";
}

}  // namespace
}  // namespace sallyport
