// What becomes known of the packets that connection tracking refused or ignored: counts and events.
#pragma once

#include "sallyport/event.h"
#include "sallyport/refusal.h"

namespace sallyport {

// "SYN,ACK", as rules name TCP's flags.
std::string_view flag_words(uint8_t flags, std::span<char> room);
constexpr size_t kFlagWords = 32;

// One thread.
class Refusals {
 public:
  // Counts, and tells whoever listens. `packet` has the connection that it was taken for, if any.
  [[gnu::cold]] void add(const Refusal& refusal, const Packet& packet, const HookContext& context);
  const RefusalCounts& counts() const { return counts_; }

 private:
  RefusalCounts counts_ = {};
};

}  // namespace sallyport
