// User space behind a queue: what decides about packets that a rule or module does not want to judge itself.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "sallyport/hook.h"

namespace sallyport {

// What is to become of a queued packet. `Later` leaves it with the engine until Engine::answer.
enum class QueueAnswer : uint8_t {
  Drop,    // its way ends here
  Accept,  // it goes on behind the module that queued it; routed again where the answer changed what routes go by
  Repeat,  // the module that queued it sees it again; 16 times in one hook at most, then it is dropped
  Stop,    // the rest of this hook is skipped
  Later,
};

// Names a queued packet. Numbers count from 1 in order of arrival, for each queue on its own.
struct QueueTicket {
  uint64_t number = 0;
  Hook hook = Hook::Prerouting;
  InterfaceId in = kNoInterface;   // as the hook sees it
  InterfaceId out = kNoInterface;  // likewise
};

// Asked about each packet in order of arrival. It may change the packet's mark and its bytes (in place, or with
// replace_bytes); a packet that can no longer be read as one of its family is dropped. The reference is good until the
// call returns; within it, other packets may be led through the engine. Must not throw.
using QueueHandler = std::function<QueueAnswer(Packet& packet, const QueueTicket& ticket)>;

struct QueueLimits {
  uint32_t most = 1024;           // packets waiting at one time, as in the kernel; further ones are dropped unasked
  bool accept_when_full = false;  // or go on as if accepted
};

struct QueueCounters {
  uint64_t asked = 0;       // packets shown to the handler
  uint64_t waiting = 0;     // of these, those whose answer is still to come
  uint64_t found_full = 0;  // packets not shown because as many as may wait did
};

// Gives a packet other bytes from its IP header on; what is known of it otherwise (interfaces, mark, connection, time)
// stays. Its lengths and checksums are the caller's. Allocates only where the packet grows.
void replace_bytes(Packet& packet, std::span<const uint8_t> bytes);

}  // namespace sallyport
