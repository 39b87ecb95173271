// What is made of the transport checksums of packets that come in.
#pragma once

#include <vector>

#include "sallyport/engine.h"
#include "sallyport/hook.h"

namespace sallyport {

// First of all modules at Prerouting: counts wrong checksums of the first packets, or trusts, or repairs them.
class ChecksumModule final : public HookModule {
 public:
  ChecksumModule(Checksums mode, std::vector<ChecksumCounters>& counters) : mode_(mode), counters_(counters) {}

  std::string_view name() const override { return "checksums"; }
  Verdict handle(Packet& packet, HookContext& context) override;
  // Nothing more will come of asking it.
  bool done() const { return mode_ == Checksums::Verify && looked_at_ == kLookedAt; }

 private:
  // Enough to tell a capture from the sending machine; the rest of a long one is not worth the time.
  static constexpr uint32_t kLookedAt = 20'000;

  Checksums mode_;
  std::vector<ChecksumCounters>& counters_;
  uint32_t looked_at_ = 0;
};

}  // namespace sallyport
