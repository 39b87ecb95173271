// The module that joins fragments before any rule sees them.
#pragma once

#include <array>
#include <cstdint>

#include "sallyport/hook.h"
#include "wire/reassembly.h"

namespace sallyport {

// Sits at kPriorityDefrag of PREROUTING and OUTPUT, one per family. Holds fragments (Stolen, the packet is moved out)
// and turns the one that completes a datagram into the whole of it. What a packet that already belongs to a connection
// looks like is not asked.
class DefragModule final : public HookModule {
 public:
  DefragModule(Family family, const ReassemblyLimits& limits, const std::array<uint64_t, 2>& key);

  std::string_view name() const override { return "defrag"; }
  Verdict handle(Packet& packet, HookContext& context) override;

  const Reassembly& reassembly() const { return reassembly_; }

 private:
  Reassembly reassembly_;
};

}  // namespace sallyport
