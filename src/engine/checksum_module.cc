// Transport checksums of packets that come in: counted, trusted or repaired. No counterpart in the kernel, where the
// network card says which are right.

#include "engine/checksum_module.h"

#include "wire/checksum.h"

namespace sallyport {
Verdict ChecksumModule::handle(Packet& packet, HookContext&) {
  if (mode_ == Checksums::Trust) {
    packet.checksum_trusted = true;
  } else if (mode_ == Checksums::Repair) {
    if (transport_checksum_state(packet) == ChecksumState::Wrong) set_transport_checksum(packet);
  } else if (looked_at_ < kLookedAt) {
    ++looked_at_;
    const ChecksumState state = transport_checksum_state(packet);
    ChecksumCounters& side = counters_[packet.in];
    side.checked += state == ChecksumState::Right || state == ChecksumState::Wrong;
    side.wrong += state == ChecksumState::Wrong;
  }
  return Verdict::accept();
}

}  // namespace sallyport
