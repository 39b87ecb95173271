// Why packets are INVALID: the kernel's own log beside the engine's events.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernel/observed.h"
#include "sallyport/event.h"
#include "sallyport/refusal.h"

namespace sallyport::kernel {

// From now on this namespace's kernel logs what connection tracking refuses, by netlink to the observer. False: it has
// no such log.
bool turn_on_refusal_log();

// What the engine told of one packet.
struct ToldRefusal {
  std::string reason = {};  // anomaly.event; empty: nothing was told
  uint64_t bound = 0;
  uint64_t found = 0;
  std::string words = {};
  std::string state = {};  // invalid.state
  uint64_t lowered_timeout_s = 0;
  PacketState packet_state = PacketState::Invalid;
  size_t direction = 0;
  uint64_t chunk = 0, chunk_number = 0;
  bool v6 = false;
  bool icmp_redirect = false;
  bool has_options = false;
  size_t tcp_kind = 0;  // as the kernel numbers kinds of segments
};

// The engine's events, of which it keeps the refusals of the packet on its way.
class RefusalSink final : public EventSink {
 public:
  void emit(const Event& event) override;
  std::vector<ToldRefusal> take() { return std::exchange(told_, {}); }

 private:
  std::vector<ToldRefusal> told_;
};

// Takes the lines of the log out of what was observed of a packet.
std::vector<std::string> take_log_lines(Observed& observed);

// How often each reason was told, and how often the kernel had a line for it.
struct RefusalHits {
  std::array<size_t, kRefusalReasons> told = {};
  std::array<size_t, kRefusalReasons> logged = {};
  void print() const;
};

// What differs between the kernel's lines for a packet and ours, or nothing.
std::string refusal_difference(const std::vector<std::string>& kernel, const std::vector<ToldRefusal>& ours,
                               RefusalHits& hits);

}  // namespace sallyport::kernel
