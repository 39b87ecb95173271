// Where log lines and logged packets go.
#pragma once

#include <cstdint>
#include <string_view>

#include "sallyport/hook.h"

namespace sallyport {

// Takes what LOG, TRACE and NFLOG write. Called on the packet path: an implementation buffers. One thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // One kernel-style line without its end; `level` is syslog's (4: warning).
  virtual void line(uint8_t level, std::string_view text) = 0;
  // A packet for group `group`, with at most `copy_bytes` of it wanted (0: all).
  virtual void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
                      const HookContext& context) = 0;
};

}  // namespace sallyport
