// One rule in a table of its own, run over single packets, with everything that it writes kept.
//
// The machine has two interfaces: ta (1), 10.1.0.1/16 and fd01::1/64, MTU 1400; tb (2), 10.2.0.1/16 and fd02::1/64,
// MTU 1300. That is how tests/golden/targets.txt was recorded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ruleset/linear_table.h"
#include "sallyport/event.h"
#include "sallyport/host.h"

namespace sallyport::test {

constexpr InterfaceId kTa = 1, kTb = 2;

HostModel two_networks();

struct LogRecord {
  uint16_t group = 0;
  std::string prefix = {};
  uint32_t copy_bytes = 0;
  bool operator==(const LogRecord&) const = default;
};

class OneRule final : public PacketOutput, public LogSink {
 public:
  // `rule` is what stands behind "-A CHAIN". A rule that is refused fails the test.
  OneRule(Family family, std::string_view table, Hook chain, std::string_view rule);

  // Walks the table; a packet without interfaces gets those of the hook (in at ta, out at tb).
  Verdict run(Packet& packet);

  bool errors_allowed = true;           // what may_send_error answers
  std::vector<Packet> answers = {};     // sent by run(), the source filled in by route
  std::vector<std::string> lines = {};  // "<LEVEL>TEXT"
  std::vector<LogRecord> records = {};

  void send(Packet&& packet, const Packet& cause) override;
  bool reroute(Packet& packet) override;
  bool may_send_error(const Packet& cause, uint8_t type) override;
  void line(uint8_t level, std::string_view text) override;
  void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
              const HookContext& context) override;

 private:
  HostModel host_;
  Ruleset ruleset_;
  Hook hook_;
  std::unique_ptr<LinearTable> table_;
};

}  // namespace sallyport::test
