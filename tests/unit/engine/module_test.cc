// Modules in an engine: started, put on hooks, asked by rules, and stopped short where they fail.

#include "sallyport/module.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "sallyport/engine.h"
#include "sallyport/module_set.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using namespace test;

struct Even final : SharedObject {
  uint64_t seen = 0;
};

// Throws, dawdles or drops as its options say, and shares with its match how many packets it has seen.
class Trouble final : public HookModule {
 public:
  Trouble(ModuleSetup& setup, Even& even)
      : throws_(setup.options().has("throw")),
        slow_(setup.options().has("slow")),
        crashes_(setup.options().has("crash")),
        hangs_(setup.options().has("hang")),
        changes_(setup.options().has("change")),
        even_(even),
        seen_(setup.metric("seen")) {}
  std::string_view name() const override { return "trouble"; }
  Verdict handle(Packet& packet, HookContext& context) override {
    ++seen_;
    ++even_.seen;
    if (throws_) throw std::runtime_error("no more");
    if (slow_) {
      const auto start = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(50)) {
      }
    }
    if (crashes_) _Exit(1);
    for (volatile bool waits = hangs_; waits;) {
    }
    if (changes_) {
      packet.mark = 5;
      packet.data()[packet.transport_offset + packet.transport_length() - 1] ^= 0xff;
      if (packet.connection != nullptr) packet.connection->mark = 6;
    }
    tell(context, "trouble", packet, {{"event", "seen"}});
    return Verdict::accept();
  }

 private:
  bool throws_, slow_, crashes_, hangs_, changes_;
  Even& even_;
  uint64_t& seen_;
};

class EvenMatch final : public Match {
 public:
  explicit EvenMatch(Even& even) : even_(even) {}
  bool matches(const Packet& packet, HookContext&) override {
    if (packet.protocol == kUdp) throw 7;  // no std::exception
    return even_.seen % 2 == 0;
  }

 private:
  Even& even_;
};

Result<std::unique_ptr<Match>> make_match(const Options&, const RuleContext& rule) {
  Even* const even = rule.shared->find<Even>("trouble", "it");
  if (even == nullptr) return fail("there is no trouble");
  return std::make_unique<EvenMatch>(*even);
}

// Expects what the datagram's first two bytes say: the sender, to that port. It throws over "!!".
bool announce(Packet& packet, Connection& connection, const HelperContext& context) {
  const uint8_t* const udp = packet.transport(8 + 2);
  if (udp == nullptr) return true;
  if (udp[8] == '!') throw std::runtime_error("no more");
  Expectation expected = {.tuple = connection.tuple(Direction::Original)};
  expected.tuple.destination_id = load_be16(udp + 8);
  return context.expecter->expect(connection, expected, context.now) == Expected::Added;
}

Result<void> start(ModuleSetup& setup) {
  if (setup.options().has("refuse")) return fail("not today");
  auto even = std::make_unique<Even>();
  auto module = std::make_shared<Trouble>(setup, *even);
  setup.shared().add("trouble", "it", std::move(even));
  setup.add_hook(std::move(module), Hook::Prerouting, setup.options().has("change") ? kPriorityMangle : kPriorityRaw);
  return {};
}

ModuleType trouble() {
  return {.name = "trouble",
          .options = {{.name = "throw"},
                      {.name = "slow"},
                      {.name = "refuse"},
                      {.name = "crash"},
                      {.name = "hang"},
                      {.name = "change"},
                      {.name = "steer"}},
          .matches = {{.name = "even", .create = make_match}},
          .helpers = {{.name = "announce", .protocol = kUdp, .classes = {{{4, 60 * kSecond}}}, .look = announce},
                      {.name = "amanda", .protocol = kUdp, .classes = {{{4, 60 * kSecond}}}, .look = announce}},
          .metrics = {{"seen", "packets"}},
          .start = start};
}
constexpr ModuleDoor kDoor = {kModuleAbi, kModuleLayout, trouble};

class Types final : public EventSink {
 public:
  void emit(const Event& event) override {
    types.emplace_back(event.type);
    if (event.type == "module") count = event.fields[3].number;
  }
  std::vector<std::string> types;
  uint64_t count = 0;
};

struct Machine {
  explicit Machine(const std::string& module, const std::string& rules = "", const std::string& another = "") {
    auto loaded = LoadedModule::of(kDoor);
    EXPECT_TRUE(loaded);
    EXPECT_TRUE(modules.add(*loaded, module));
    if (!another.empty()) {
      EXPECT_TRUE(modules.add(*loaded, another));
    }
    auto ruleset =
        read_ruleset("*filter\n:FORWARD ACCEPT\n" + rules + "\nCOMMIT\n", "rules", Family::Ipv4, modules.registry());
    EXPECT_TRUE(ruleset) << ruleset.error()[0].text();
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = HostModel::pair("in0", "out0");
    config.events = &events;
    config.modules = &modules;
    auto made = Engine::create(std::move(config));
    if (!made) {
      for (const Error& error : made.error()) refused.push_back(error.text());
    } else {
      engine = std::move(*made);
    }
  }
  // Whether it leaves.
  bool send(Packet packet) {
    const auto left = [&] { return engine->counters().fates[static_cast<size_t>(Fate::Left)]; };
    const uint64_t before = left();
    packet.in = 1;
    engine->process({&packet, 1});
    return left() > before;
  }
  ModuleSet modules;
  Types events;
  std::vector<std::string> refused;
  std::unique_ptr<Engine> engine;
};

Packet tcp() { return tcp4("192.0.2.1:1000 > 198.51.100.1:80", kSyn); }
Packet udp() { return udp4("192.0.2.1:1000 > 198.51.100.1:80"); }

TEST(Module, SeesPacketsTellsEventsAndCounts) {
  Machine machine("trouble");
  EXPECT_TRUE(machine.send(tcp()));
  EXPECT_TRUE(machine.send(udp()));
  EXPECT_EQ(machine.events.types, (std::vector<std::string>{"trouble", "trouble"}));
  const auto reports = machine.engine->module_reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].metrics, (std::vector<std::pair<std::string, uint64_t>>{{"seen", 2}}));
}

TEST(Module, SharesWhatItKnowsWithItsMatch) {
  Machine machine("trouble", "-A FORWARD -m even -j DROP");
  EXPECT_TRUE(machine.send(tcp()));
  EXPECT_FALSE(machine.send(tcp()));
  EXPECT_TRUE(machine.send(tcp()));
}

std::string helped_by(const std::string& helper) {
  return "-A FORWARD -m conntrack --ctstate RELATED -j DROP\nCOMMIT\n*raw\n"
         "-A PREROUTING -p udp --dport 80 -j CT --helper " +
         helper;
}

TEST(Module, HelpsConnections) {
  Machine machine("trouble", helped_by("announce"));
  EXPECT_TRUE(machine.send(udp4("192.0.2.1:1000 > 198.51.100.1:80", "\x13\x88")));
  EXPECT_TRUE(machine.send(udp4("192.0.2.1:2000 > 198.51.100.1:5001")));
  EXPECT_FALSE(machine.send(udp4("192.0.2.1:2000 > 198.51.100.1:5000")));  // it was expected
  EXPECT_EQ(Machine("trouble", helped_by("announcer")).refused.at(0).substr(0, 50),
            "rules:6: there is no helper \"announcer\" for this p");
}

// A connection that a listing says is helped by a module's helper is helped by it again.
TEST(Module, HelpsConnectionsThatWerePutBack) {
  Machine first("trouble", helped_by("announce"));
  EXPECT_TRUE(first.send(udp4("192.0.2.1:1000 > 198.51.100.1:80")));
  const std::string listing = first.engine->connection_listing({.form = ConnectionForm::Conntrack});
  ASSERT_TRUE(listing.contains("helper=announce")) << listing;
  Machine again("trouble", helped_by("announce"));
  ASSERT_TRUE(again.engine->restore_connections(listing, "listing"));
  EXPECT_TRUE(again.send(udp4("192.0.2.1:1000 > 198.51.100.1:80", "\x13\x88")));
  EXPECT_FALSE(again.send(udp4("192.0.2.1:2000 > 198.51.100.1:5000"))) << "it was expected";
}

// Sallyport has no reader for amanda: whoever brings one is told nothing of that.
TEST(Module, ThatReadsWhatSallyportDoesNotIsNotWarnedOf) {
  EXPECT_EQ(Machine("trouble", helped_by("amanda")).engine->warnings(), std::vector<std::string>{});
  EXPECT_EQ(Machine("trouble", helped_by("RAS")).engine->warnings().size(), 1u);
}

TEST(Module, WhoseHelperThrowsIsContained) {
  for (const bool open : {true, false}) {
    Machine machine(open ? "trouble:on-error=open" : "trouble:on-error=closed", helped_by("announce"));
    EXPECT_EQ(machine.send(udp4("192.0.2.1:1000 > 198.51.100.1:80", "!!")), open);
    EXPECT_EQ(machine.engine->module_reports()[0].failures.exceptions, 1u);
    EXPECT_EQ(std::ranges::count(machine.events.types, "module"), 1);
  }
}

TEST(Module, InAProcessOfItsOwnHasNoHelpers) {
  ModuleSet modules;
  ASSERT_TRUE(modules.add(*LoadedModule::of(kDoor), "trouble:isolate"));
  const std::string rules = "*filter\n" + helped_by("announce") + "\nCOMMIT\n";
  EXPECT_FALSE(read_ruleset(rules, "rules", Family::Ipv4, modules.registry()));
}

struct PolicyCase {
  const char* module;
  const char* rules;
  bool udp;
  bool leaves;
};
constexpr PolicyCase kPolicyCases[] = {
    {"trouble:throw,on-error=open", "", false, true},
    {"trouble:throw,on-error=closed", "", false, false},
    {"trouble:throw", "", false, true},  // as the module says
    {"trouble:slow,budget=10us,on-error=closed", "", false, false},
    {"trouble:slow,budget=10us,on-error=open", "", false, true},
    {"trouble:slow,on-error=closed", "", false, true},  // no budget: nothing is measured
    {"trouble:isolate,throw,on-error=open", "", false, true},
    {"trouble:isolate,throw,on-error=closed", "", false, false},
    {"trouble:isolate,crash,on-error=open", "", false, true},
    {"trouble:isolate,crash,on-error=closed", "", false, false},
    {"trouble:isolate,hang,budget=20ms,on-error=open", "", false, true},
    {"trouble:isolate,hang,budget=20ms,on-error=closed", "", false, false},
    {"trouble:isolate,on-error=closed", "", false, true},
    {"trouble:on-error=open", "-A FORWARD -m even -j DROP", true, true},
    {"trouble:on-error=closed", "-A FORWARD -m even -j ACCEPT", true, false},
};

TEST(Module, IsContainedAsItsPolicySays) {
  for (const PolicyCase& test : kPolicyCases) {
    Machine machine(test.module, test.rules);
    EXPECT_EQ(machine.send(test.udp ? udp() : tcp()), test.leaves) << test.module;
  }
}

// What it changes there is changed here: mark, bytes, the connection's mark, counters; what it tells is told here.
TEST(Module, InAProcessOfItsOwnDoesWhatItDoesElsewhere) {
  for (const char* const options : {"trouble:change", "trouble:change,isolate"}) {
    SCOPED_TRACE(options);
    const std::string rules =
        "-A FORWARD -m mark ! --mark 5 -j DROP\n-A FORWARD -m connmark ! --mark 6 -j DROP\n"
        "-A FORWARD -m string --string hellx --algo bm -j DROP";
    Machine machine(options, rules);
    Packet packet = udp4("192.0.2.1:1000 > 198.51.100.1:80", "hell\x87");  // whose last letter becomes an x
    EXPECT_FALSE(machine.send(std::move(packet)));
    EXPECT_TRUE(machine.send(udp4("192.0.2.1:1001 > 198.51.100.1:80", "hello")));
    EXPECT_EQ(std::ranges::count(machine.events.types, "trouble"), 2);
    EXPECT_EQ(machine.engine->module_reports()[0].metrics[0].second, 2u);
  }
}

TEST(Module, ThatEndsItsProcessGoesOnInAnother) {
  Machine machine("trouble:isolate,crash");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(machine.send(tcp()));
  const ModuleReport report = machine.engine->module_reports()[0];
  EXPECT_EQ(report.failures.crashes, 16u);  // with nothing right in between: then it stays off
  EXPECT_EQ(report.metrics[0].second, 16u);
  EXPECT_EQ(machine.events.types, std::vector<std::string>(16, "module"));
}

TEST(Module, InAProcessOfItsOwnHasNoMatches) {
  EXPECT_TRUE(Machine("trouble:isolate", "-A FORWARD -m even -j DROP").refused.at(0).contains("is isolated"));
}

TEST(Module, TellsOfFailuresMoreAndMoreRarely) {
  Machine machine("trouble:throw");
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(machine.send(tcp()));
  EXPECT_EQ(machine.engine->module_reports()[0].failures.exceptions, 1000u);
  EXPECT_EQ(machine.events.types.size(), 10u);  // 1, 2, 4 ... 512
  EXPECT_EQ(machine.events.count, 512u);
}

TEST(Module, ThatDoesNotStartIsAnError) {
  EXPECT_EQ(Machine("trouble:refuse").refused, std::vector<std::string>{"module trouble:refuse: not today"});
}

TEST(Module, ThatDoesNotStartHidesNoOtherError) {
  const std::vector<std::string> expected = {
      "module trouble:refuse: not today",
      "module trouble:refuse,slow: not today",
      "rules:3: there is no trouble",
  };
  EXPECT_EQ(Machine("trouble:refuse", "-A FORWARD -m even -j DROP", "trouble:refuse,slow").refused, expected);
}

TEST(Module, OfAnotherAbiIsRefusedWithBothNumbers) {
  const auto other = LoadedModule::of({kModuleAbi + 1, kModuleLayout, trouble});
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().what.contains("ABI " + std::to_string(kModuleAbi + 1)) &&
              other.error().what.contains("has " + std::to_string(kModuleAbi)))
      << other.error().what;
  EXPECT_FALSE(LoadedModule::of({kModuleAbi, kModuleLayout + 1, trouble}));
}

struct OptionCase {
  const char* module;
  const char* error;  // empty: it is taken
};
constexpr OptionCase kOptionCases[] = {
    {"trouble", ""},
    {"trouble:throw,slow", ""},
    {"trouble:budget=1ms", ""},
    {"trouble:budget=1parsec", "budget: \"1parsec\" is not a time"},
    {"trouble:budget", "budget has no value"},
    {"trouble:throw=1", "throw takes no value"},
    {"trouble:throw,throw", "throw is given twice"},
    {"trouble:speed=1", "module trouble has no option speed"},
    {"trouble:on-error=ajar", "on-error: \"ajar\" is no policy"},
};

TEST(Module, ReadsItsOptionsFromTheirTable) {
  const auto loaded = LoadedModule::of(kDoor);
  ASSERT_TRUE(loaded);
  for (const OptionCase& test : kOptionCases) {
    ModuleSet modules;
    const auto added = modules.add(*loaded, test.module);
    EXPECT_EQ(added ? "" : added.error().what, test.error) << test.module;
  }
}

}  // namespace
}  // namespace sallyport
