// Whole walks: rules, host and path together.

#include "sallyport/engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/packets.h"

namespace sallyport {
namespace {

// Writes down how each packet ended.
class Fates final : public PacketSink {
 public:
  void ended(Packet& packet, Fate fate, Hook hook, const Decision& decision) override {
    constexpr std::string_view kNames[kFates] = {"left", "delivered", "dropped", "malformed", "unroutable", "held"};
    seen.push_back(std::string(kNames[static_cast<size_t>(fate)]) + " " + std::string(hook_name(hook)) +
                   (decision.table.empty() ? "" : " line " + std::to_string(decision.line)));
    out = packet.clone();
  }
  std::vector<std::string> seen;
  Packet out;
};

struct Machine {
  explicit Machine(const std::string& rules, Family family = Family::Ipv4) {
    auto ruleset = read_ruleset(rules, "test.rules", family, builtin_registry());
    EXPECT_TRUE(ruleset) << (ruleset ? "" : ruleset.error()[0].text());
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = HostModel::pair("in0", "out0");
    config.sink = &fates;
    auto made = Engine::create(std::move(config));
    EXPECT_TRUE(made) << (made ? "" : made.error()[0].text());
    engine = std::move(*made);
  }
  std::string send(Packet packet) {
    fates.seen.clear();
    packet.in = 1;
    engine->process({&packet, 1});
    std::string all;
    for (const std::string& fate : fates.seen) all += (all.empty() ? "" : "; ") + fate;
    return all;
  }
  Fates fates;
  std::unique_ptr<Engine> engine;
};

struct WalkCase {
  const char* rules;  // of filter, lines from 4 on
  const char* fate;
};

// A UDP packet 192.0.2.1:1000 > 198.51.100.1:53 from in0 to out0.
constexpr WalkCase kWalkCases[] = {
    {"", "left POSTROUTING"},
    {"-A FORWARD -j DROP", "dropped FORWARD line 4"},
    {"-A INPUT -j DROP", "left POSTROUTING"},
    {"-A FORWARD -s 192.0.2.0/24 -j DROP", "dropped FORWARD line 4"},
    {"-A FORWARD ! -s 192.0.2.0/24 -j DROP", "left POSTROUTING"},
    {"-A FORWARD -i in+ -o out0 -j DROP", "dropped FORWARD line 4"},
    {"-A FORWARD -i in -j DROP", "left POSTROUTING"},
    {"-A FORWARD ! -i in0 -j DROP", "left POSTROUTING"},
    {"-A FORWARD ! -i + -j DROP", "left POSTROUTING"},
    {"-A FORWARD -p udp -j DROP", "dropped FORWARD line 4"},
    {"-A FORWARD ! -p tcp -j DROP", "dropped FORWARD line 4"},
    {"-A FORWARD -f -j DROP", "left POSTROUTING"},
    {"-A FORWARD ! -f -j DROP", "dropped FORWARD line 4"},
    {"-A FORWARD -j U\n-A FORWARD -j DROP\n-A U -j RETURN\n-A U -j ACCEPT", "dropped FORWARD line 5"},
    {"-A FORWARD -g U\n-A FORWARD -j DROP\n-A U -j RETURN", "left POSTROUTING"},
    {"-A FORWARD -j U\n-A FORWARD -j DROP\n-A U -j V\n-A U -j ACCEPT\n-A V -p tcp", "left POSTROUTING"},
    {"-A FORWARD -j U\n-A FORWARD -j DROP\n-A U -g V\n-A U -j ACCEPT\n-A V -p tcp", "dropped FORWARD line 5"},
    {"-A FORWARD -j RETURN\n-A FORWARD -j DROP", "left POSTROUTING"},
};

TEST(Engine, WalksRulesAsTheKernelDoes) {
  for (const WalkCase& test : kWalkCases) {
    Machine machine("*filter\n:U - [0:0]\n:V - [0:0]\n" + std::string(test.rules) + "\nCOMMIT\n");
    EXPECT_EQ(machine.send(test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x")), test.fate) << test.rules;
  }
}

TEST(Engine, CountsRulesAndPolicies) {
  Machine machine("*filter\n:FORWARD DROP [10:1000]\n[5:500] -A FORWARD -p tcp -j ACCEPT\n-A FORWARD -p udp\nCOMMIT\n");
  Packet packet = test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "question");
  const uint32_t length = packet.length;
  EXPECT_EQ(machine.send(std::move(packet)), "dropped FORWARD line 2");
  EXPECT_EQ(save_ruleset(*machine.engine->ruleset(Family::Ipv4), true),
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [11:" + std::to_string(1000 + length) +
                "]\n:OUTPUT ACCEPT [0:0]\n[5:500] -A FORWARD -p tcp -j ACCEPT\n[1:" + std::to_string(length) +
                "] -A FORWARD -p udp\nCOMMIT\n");
}

// Sends another packet through the engine while the first is on its way, as a queue's answer may.
class Interrupt final : public HookModule {
 public:
  explicit Interrupt(Engine& engine) : engine_(engine) {}
  std::string_view name() const override { return "interrupt"; }
  Verdict handle(Packet&, HookContext&) override {
    if (done_) return Verdict::accept();
    done_ = true;
    Packet other = test::udp4("192.0.2.2:2000 > 198.51.100.1:53", "x");
    other.in = 1;
    engine_.process({&other, 1});
    return Verdict::accept();
  }

 private:
  Engine& engine_;
  bool done_ = false;
};

TEST(Engine, APacketKeepsItsConnectionWhileAnotherPasses) {
  Machine machine("*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n");
  machine.engine->add_module(std::make_unique<Interrupt>(*machine.engine), Family::Ipv4, Hook::Forward,
                             kPriorityFilter);
  machine.send(test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x"));
  machine.send(test::udp4("192.0.2.3:3000 > 198.51.100.1:53", "x"));
  const std::string listing = machine.engine->connection_listing();
  for (const char* port : {"sport=1000", "sport=2000", "sport=3000"}) {
    EXPECT_NE(listing.find(port), std::string::npos) << port << " in\n" << listing;
  }
}

TEST(Engine, LowersTheTimeToLive) {
  Machine machine("*filter\nCOMMIT\n");
  Packet packet = test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x");
  const uint8_t before = packet.ttl();
  EXPECT_EQ(machine.send(std::move(packet)), "left POSTROUTING");
  EXPECT_EQ(machine.fates.out.ttl(), before - 1);
}

struct SuperCase {
  bool super_packets;
  size_t payload;  // beyond 40 bytes of headers
  uint32_t mtu_in, mtu_out;
  const char* fate;
};

// A TCP packet that may not be cut, from in0 to out0.
TEST(Engine, HoldsNoMtuAgainstWhatACardPutTogether) {
  constexpr SuperCase kCases[] = {
      {false, 5000, 1500, 1500, "unroutable FORWARD"}, {true, 5000, 1500, 1500, "left POSTROUTING"},
      {true, 5000, 1500, 1492, "left POSTROUTING"},    {true, 1460, 1500, 1492, "unroutable FORWARD"},
      {true, 5000, 9000, 1500, "unroutable FORWARD"},
  };
  for (const SuperCase& test : kCases) {
    HostModel host;
    const uint32_t mtus[] = {test.mtu_in, test.mtu_out};
    for (const char* name : {"in0", "out0"}) {
      Interface interface;
      std::string_view(name).copy(interface.name.data(), 15);
      interface.mtu = mtus[host.interface_count()];
      ASSERT_TRUE(host.add_interface(interface));
    }
    ASSERT_TRUE(host.add_pair("in0", "out0", false));
    host.finish();
    Fates fates;
    EngineConfig config;
    config.host = std::move(host);
    config.super_packets = test.super_packets;
    config.sink = &fates;
    auto engine = Engine::create(std::move(config));
    ASSERT_TRUE(engine);
    Packet packet = test::tcp4("192.0.2.1:1000 > 198.51.100.1:80", test::kAck, std::string(test.payload, 'x'), {},
                               {.dont_fragment = true});
    packet.in = 1;
    (*engine)->process({&packet, 1});
    ASSERT_FALSE(fates.seen.empty());
    EXPECT_EQ(fates.seen.back(), test.fate) << test.payload << " bytes, " << test.mtu_in << " to " << test.mtu_out;
  }
}

TEST(Engine, RefusesByLineWhatHasNoMeaningYet) {
  Registry registry = builtin_registry();
  registry.add(MatchType{.name = "unfinished"});
  auto ruleset = read_ruleset("*filter\n-A INPUT -j ACCEPT\n-A INPUT -m unfinished -j DROP\nCOMMIT\n", "a.rules",
                              Family::Ipv4, registry);
  ASSERT_TRUE(ruleset);
  EngineConfig config;
  config.rulesets.push_back(std::move(*ruleset));
  config.host = HostModel::pair("in0", "out0");
  auto engine = Engine::create(std::move(config));
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error()[0].line, 3u);
  EXPECT_NE(engine.error()[0].what.find("unfinished"), std::string::npos);
}

struct WarningCase {
  const char* nat;  // a rule of the nat table
  const char* raw;  // line 5
  const char* warning;
};
constexpr WarningCase kWarningCases[] = {
    {"-A POSTROUTING -j MASQUERADE", "-A PREROUTING -p udp -j CT --helper snmp",
     "test.rules:5: helper \"snmp\" does not write anew yet what a mapped connection says: addresses and ports in its "
     "payload stay"},
    {"-A POSTROUTING -j ACCEPT", "-A PREROUTING -p udp -j CT --helper snmp", ""},
    {"-A POSTROUTING -j MASQUERADE", "-A PREROUTING -p udp -j CT --helper sip", ""},
    {"-A POSTROUTING -j MASQUERADE", "-A PREROUTING -p tcp -j CT --helper pptp", ""},
    {"-A POSTROUTING -j MASQUERADE", "-A PREROUTING -p tcp -j CT --helper ftp", ""},
    {"-A POSTROUTING -j ACCEPT", "-A PREROUTING -p tcp -j CT --helper sane",
     "test.rules:5: helper \"sane\" is given to connections, but does not read what they say yet"},
};

TEST(Engine, SaysWhatAHelperDoesNotDo) {
  for (const WarningCase& test : kWarningCases) {
    const Machine machine(std::string("*nat\n") + test.nat + "\nCOMMIT\n*raw\n" + test.raw + "\nCOMMIT\n");
    std::string warnings;
    for (const std::string& warning : machine.engine->warnings()) warnings += warning;
    EXPECT_EQ(warnings, test.warning) << test.nat << ", " << test.raw;
  }
}

}  // namespace
}  // namespace sallyport
