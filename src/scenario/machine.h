// What a scenario runs on: the engine, or (in tests/kernel) a real kernel. It is given packets and tells what came of
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/connection.h"
#include "sallyport/result.h"
#include "scenario/script.h"

namespace sallyport::scenario {

// One thing that came of a packet.
struct Event {
  enum class Kind : uint8_t { Left, Delivered, Dropped, Unroutable, Malformed, Held };
  Kind kind = Kind::Left;
  std::string interface = {};  // Left: by which it left; else by which it came in
  std::vector<uint8_t> bytes = {};
  uint32_t mark = 0;
  // Dropped, where known: whose rule or policy did it.
  std::string table = {};
  std::string chain = {};
  uint32_t rule_line = 0;
  bool policy = false;
};

// All that came of one packet.
struct Happened {
  std::vector<Event> events = {};
  std::vector<std::string> log = {};
  std::vector<std::string> way = {};      // the rules met, where they were asked for
  std::optional<PacketState> state = {};  // of the packet itself behind connection tracking
};

class Machine {
 public:
  virtual ~Machine() = default;
  // `interface` is empty for a packet that the machine itself sends.
  virtual Happened put(const std::string& interface, const std::vector<uint8_t>& packet, bool with_way) = 0;
  // Time since the start.
  virtual void wait_until(Duration since_start) = 0;
  // Gives a command to a module; what it tells is in the answer's log.
  virtual Result<Happened> command(const std::string& module, const std::string& words) {
    return fail("this machine has no module " + module + " for " + words);
  }
  // The interface goes down, or loses `address`, and comes up again as it was.
  virtual Result<void> down(const std::string& interface, const std::optional<IpAddress>& address) = 0;
  virtual std::string connections() = 0;
  virtual std::string counters() = 0;
  // Whether it tells of packets that end inside, and of LOG's lines.
  virtual bool sees_inside() const { return true; }
  // What a timeout in `connections` may fall short by, because time went on meanwhile.
  virtual int64_t timeout_slack_s() const { return 0; }
};

Results<std::unique_ptr<Machine>> make_engine_machine(const Setup& setup);

// The test on `machine`; fails at the first thing that is not as a line says. With `explained_line`, the packet of that
// line is followed through the rules.
ScenarioOutcome run_test(const Test& test, Machine& machine, uint32_t explained_line = 0);

}  // namespace sallyport::scenario
