// Recorded answers, led to the connections that the rules map elsewhere than the recording knew.
#pragma once

#include "conntrack/connection_table.h"
#include "sallyport/hook.h"

namespace sallyport {

// Behind defragmentation at PREROUTING. A packet that would answer a connection's original tuple, where the connection
// is mapped so that its answers look otherwise, becomes what the new peer would have sent. One thread.
class FollowModule final : public HookModule {
 public:
  // Both outlive this; `followed` is counted up.
  FollowModule(ConnectionTable& table, uint64_t& followed) : table_(table), followed_(followed) {}
  std::string_view name() const override { return "follow"; }
  Verdict handle(Packet& packet, HookContext& context) override;

 private:
  const Connection* mapped_by(const Tuple& asked, const Tuple& answer, Timestamp now);
  bool follow_answer(Packet& packet, HookContext& context);
  bool follow_error(Packet& packet, HookContext& context);

  ConnectionTable& table_;
  uint64_t& followed_;
};

}  // namespace sallyport
