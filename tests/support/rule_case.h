// One rule and what it makes of packets: the text is read, compiled and walked as in the engine.
#pragma once

#include <memory>
#include <ostream>
#include <string_view>

#include "ruleset/linear_table.h"
#include "sallyport/clock.h"
#include "sallyport/random.h"
#include "sallyport/shared_state.h"

namespace sallyport::test {

enum class Judged { No, Yes, Dropped };
std::ostream& operator<<(std::ostream& out, Judged judged);

// "-p tcp --dport 80" in the raw table's PREROUTING. State in the matches is kept from packet to packet. A rule that is
// refused ends the test program with the reason.
class RuleCase {
 public:
  RuleCase(std::string_view rule, Family family, const Router* router = nullptr);

  Judged judge(const Packet& packet);

  Clock clock;
  Random random{1};
  SharedState shared{1};
  InterfaceId in = 1;

 private:
  const Router* router_;
  Ruleset ruleset_;
  std::unique_ptr<LinearTable> table_;
};

// A new rule for one packet, of the packet's family.
Judged judge(std::string_view rule, const Packet& packet);

}  // namespace sallyport::test
