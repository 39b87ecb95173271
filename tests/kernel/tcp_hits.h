// How often each cell of the TCP state table was hit: by state, direction, kind of segment.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string_view>

#include "sallyport/connection.h"
#include "sallyport/hook.h"

namespace sallyport::kernel {

// The table's rows and columns; segments without any of these flags are INVALID in every state.
constexpr std::string_view kTcpStates[] = {"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
                                           "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};
constexpr std::string_view kTcpKinds[] = {"SYN", "SYN-ACK", "FIN", "ACK", "RST"};

struct TcpHits {
  std::array<std::array<std::array<size_t, 5>, 2>, 10> counts = {};

  void add(size_t state, bool reply, size_t kind) { ++counts[state][reply][kind]; }
  void add(const TcpHits& other);
  // The whole table, and the cells that were hit less than `least` times.
  void print(size_t least) const;
};

// Sits behind connection tracking and counts which cell each segment hit.
class TcpHitCounter final : public HookModule {
 public:
  explicit TcpHitCounter(TcpHits& hits) : hits_(hits) {}
  std::string_view name() const override { return "tcp hits"; }
  Verdict handle(Packet& packet, HookContext& context) override;

 private:
  struct Flow {
    TcpState state = TcpState::None;
    bool begun_by_first = true;  // by the lower of the two ends
  };
  TcpHits& hits_;
  std::map<std::array<uint8_t, 36>, Flow> flows_;
};

}  // namespace sallyport::kernel
