// Conversations of FTP, TFTP, IRC, SIP and PPTP through NAT, with the connections that they announce.
#pragma once

#include <span>
#include <string_view>

#include "kernel/nat_talk.h"

namespace sallyport::kernel {

// Who talks; `number` makes the ports its own.
struct HelperHosts {
  IpAddress client = {}, server = {};
  uint32_t number = 0;
};

// Ports of one conversation among those that share a table.
class OwnPorts {
 public:
  explicit OwnPorts(uint32_t number) : first_(kFirst + number % kConversations * kEach) {}
  uint16_t next() { return static_cast<uint16_t>(first_ + used_++ % kEach); }
  // An even one, whose next nobody else gets.
  uint16_t next_pair() {
    used_ += used_ % 2;
    const uint16_t port = next();
    ++used_;
    return port;
  }

 private:
  static constexpr uint32_t kConversations = 100, kEach = 64, kFirst = 1100;
  uint32_t first_;
  uint32_t used_ = 0;
};

// Which conversation, by chance. False: the two sides differ.
bool talk_with_helper(NatWire& wire, const HelperHosts& hosts);
bool talk_sip_through_nat(NatTalk& talk, const HelperHosts& hosts);
bool talk_pptp_through_nat(NatTalk& talk, const HelperHosts& hosts);

// What these count by name and must meet often, or nothing is shown of it.
std::span<const std::string_view> helper_talk_counts();

}  // namespace sallyport::kernel
