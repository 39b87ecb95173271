// Where log lines and logged packets go.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "sallyport/hook.h"

namespace sallyport {

// For LogSink::packet: no limit was asked for.
constexpr uint32_t kWholePacket = std::numeric_limits<uint32_t>::max();

// Takes what LOG, TRACE and NFLOG write. Called on the packet path: an implementation buffers. One thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // One line as the kernel writes it, without its end; `level` is syslog's (4: warning). Safe to show: what came from a
  // packet is in it as numbers only, control characters of prefixes and interface names as \xNN.
  virtual void line(uint8_t level, std::string_view text) = 0;
  // A packet for group `group`, with at most `copy_bytes` of it wanted (0: none of it).
  virtual void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
                      const HookContext& context) = 0;
};

}  // namespace sallyport
