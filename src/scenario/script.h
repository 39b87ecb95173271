// A scenario as data: the machine, and the tests, each a list of steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/clock.h"
#include "sallyport/connection.h"
#include "sallyport/host.h"
#include "sallyport/ruleset.h"
#include "sallyport/scenario.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {

struct InterfaceLine {
  std::string name = {};
  std::vector<InterfaceAddress> addresses = {};
  uint32_t mtu = 1500;
};

// What a test stands on. The kernel's side needs it as it was written, so it is kept apart from the engine's model.
struct Setup {
  const ModuleSet* modules = nullptr;  // null: none
  std::vector<InterfaceLine> interfaces = {};
  std::vector<RouteEntry> routes = {};
  std::vector<PolicyRule> policies = {};
  std::vector<TimeoutPolicy> timeouts = {};
  std::vector<std::pair<std::string, int64_t>> sysctls = {};
  std::string host_toml = {};  // `host FILE`: stands instead of the lines above
  std::string host_file = {};
  uint64_t seed = 0;
  Timestamp start = 0;
  std::vector<Ruleset> rulesets = {};
  std::string rules_text[2] = {};  // by family, as iptables-restore takes it
};

struct Step {
  enum class Kind : uint8_t {
    In,         // a packet comes in by `interface`
    Local,      // the machine itself sends one
    Out,        // one left by `interface`
    Delivered,  // one that came in by `interface` reached a local process
    Drop,       // the packet was dropped (by `table`, `chain`, `rule_line`, where they are said)
    At,         // time moves on
    Command,    // `module` is given the command `text`
    Down,       // `interface` goes down, or loses `address`, and comes up again
    Entry,      // the connection table has a line like `text`
    NoEntry,    // it has none
    Counters,   // iptables-save -c has a line like `text`
    State,      // what the packet was to its connection
    Mark,       // the packet's mark at its end
    Log,        // LOG wrote a line like `text`
    Variable,   // $text lies in a range
    Verdict,    // of a `packet` line
  };
  enum class End : uint8_t { Any, Dropped, Unroutable, Malformed, Held };
  enum class Word : uint8_t { Accept, Drop, Reject };

  Kind kind = Kind::In;
  uint32_t line = 0;
  std::string source = {};  // the line as it was written
  std::string interface = {};
  std::string module = {};
  std::optional<IpAddress> address = {};
  PacketText packet = {};
  std::string table = {};
  std::string chain = {};
  uint32_t rule_line = 0;
  bool policy = false;
  End end = End::Any;
  Word word = Word::Accept;
  Timestamp time = 0;  // At: from the start
  bool relative = false;
  std::string text = {};
  PacketState state = PacketState::Invalid;
  Number low = {};
  Number high = {};
  uint32_t mark = 0;
};

struct Test {
  std::string name = {};
  uint32_t line = 0;
  std::vector<Step> steps = {};
};

struct Script {
  std::string file = {};
  Setup setup = {};
  std::vector<Test> tests = {};
};

// The engine's model of the set-up. The reader has seen that it can be made.
Results<HostModel> model_of(const Setup& setup);

// A pattern of blank-separated words over a line: each word of the pattern is a word of the line, in this order; "*"
// stands for any letters, and "!WORD" says that the line has no such word. `slack_s` is what a connection's timeout may
// fall short by.
bool line_matches(std::string_view pattern, std::string_view line, int64_t slack_s);

}  // namespace sallyport::scenario
