// Commands for modules, said before a replay begins: replay --command "+30s honeypot release 192.0.2.1".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/engine.h"
#include "sallyport/module_set.h"

namespace sallyport::cli {

// The commands of one replay, each given once, when its moment comes. Where that is the same packet, those by time come
// first, in the order of their times, then those by number, in the order of their numbers; those of one time or number
// in the order in which they were said. What modules answer goes to standard error.
class ReplayCommands {
 public:
  // "WHEN MODULE WORDS". WHEN is +TIME behind the first packet, #N before the packet of that number (or, where there is
  // none, the next), or end.
  Result<void> add(std::string_view text, const ModuleSet& modules);
  // Those that come before this packet.
  void give_before(const Packet& packet, Engine& engine) {
    if (!waiting_.empty()) give_due(packet, engine);
  }
  // The last; what the input was too short for is told of.
  void give_last(Engine& engine);
  // How many a module refused.
  uint64_t refused() const { return refused_; }

 private:
  enum class When : uint8_t { Time, Packet, End };
  struct Command {
    When when = When::End;
    uint64_t at = 0;  // nanoseconds behind the first packet, or its number
    std::string module = {};
    std::string words = {};
  };
  static Result<void> read_when(std::string_view text, Command& command);
  void give_due(const Packet& packet, Engine& engine);
  void give(const Command& command, Engine& engine);

  std::vector<Command> waiting_;  // in the order in which they are given
  Timestamp began_ = 0;
  bool first_ = true;
  uint64_t refused_ = 0;
};

}  // namespace sallyport::cli
