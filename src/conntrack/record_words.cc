// Names that listings use. Counterpart of the name tables in net/netfilter/nf_conntrack_proto_*.c.

#include "conntrack/record_words.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace sallyport {
namespace {

constexpr std::string_view kStateTexts[kListedStates] = {"",
                                                         "NONE",
                                                         "SYN_SENT",
                                                         "SYN_RECV",
                                                         "ESTABLISHED",
                                                         "FIN_WAIT",
                                                         "CLOSE_WAIT",
                                                         "LAST_ACK",
                                                         "TIME_WAIT",
                                                         "CLOSE",
                                                         "SYN_SENT2",
                                                         "LISTEN",
                                                         "CLOSED",
                                                         "COOKIE_WAIT",
                                                         "COOKIE_ECHOED",
                                                         "SHUTDOWN_SENT",
                                                         "SHUTDOWN_RECD",
                                                         "SHUTDOWN_ACK_SENT",
                                                         "HEARTBEAT_SENT",
                                                         "HEARTBEAT_ACKED",
                                                         "REQUEST",
                                                         "RESPOND",
                                                         "PARTOPEN",
                                                         "OPEN",
                                                         "CLOSEREQ",
                                                         "CLOSING",
                                                         "TIMEWAIT",
                                                         "IGNORE",
                                                         "INVALID"};

// In the order of the kernel's numbers.
constexpr ListedState kTcpStates[] = {ListedState::None,        ListedState::SynSent,  ListedState::SynRecv,
                                      ListedState::Established, ListedState::FinWait,  ListedState::CloseWait,
                                      ListedState::LastAck,     ListedState::TimeWait, ListedState::Close,
                                      ListedState::SynSent2,    ListedState::Listen};
constexpr ListedState kSctpStates[] = {
    ListedState::None,          ListedState::Closed,        ListedState::CookieWait,   ListedState::CookieEchoed,
    ListedState::Established,   ListedState::ShutdownSent,  ListedState::ShutdownRecd, ListedState::ShutdownAckSent,
    ListedState::HeartbeatSent, ListedState::HeartbeatAcked};
constexpr ListedState kDccpStates[] = {ListedState::None,     ListedState::Request,      ListedState::Respond,
                                       ListedState::PartOpen, ListedState::Open,         ListedState::CloseReq,
                                       ListedState::Closing,  ListedState::DccpTimeWait, ListedState::Ignore,
                                       ListedState::Invalid};

std::span<const ListedState> states_of(uint8_t protocol) {
  if (protocol == kTcp) return kTcpStates;
  if (protocol == kSctp) return kSctpStates;
  if (protocol == kDccp) return kDccpStates;
  return {};
}

}  // namespace

std::string_view state_text(ListedState state) { return kStateTexts[static_cast<size_t>(state)]; }

ListedState listed_state(uint8_t protocol, std::string_view word) {
  const auto states = states_of(protocol);
  const auto found = std::ranges::find(states, word, state_text);
  return found == states.end() ? ListedState::Absent : *found;
}

ListedState state_of_number(uint8_t protocol, uint8_t number) {
  const auto states = states_of(protocol);
  return number < states.size() ? states[number] : ListedState::Absent;
}

uint8_t number_of_state(uint8_t protocol, ListedState state) {
  const auto states = states_of(protocol);
  const auto found = std::ranges::find(states, state);
  return found == states.end() ? uint8_t{0} : static_cast<uint8_t>(found - states.begin());
}

std::string_view xml_state_text(uint8_t protocol, ListedState state) {
  const auto states = states_of(protocol);
  const auto number = static_cast<size_t>(std::ranges::find(states, state) - states.begin());
  return state_text(number + 1 < std::size(kTcpStates) ? kTcpStates[number] : ListedState::SynSent2);
}

std::string_view listed_protocol_name(uint8_t protocol) {
  switch (protocol) {
    case kTcp:
      return "tcp";
    case kUdp:
      return "udp";
    case kUdplite:
      return "udplite";
    case kIcmp:
      return "icmp";
    case kIcmp6:
      return "icmpv6";
    case kSctp:
      return "sctp";
    case kGre:
      return "gre";
    case kDccp:
      return "dccp";
    default:
      return "unknown";
  }
}

std::string_view kernel_protocol_name(uint8_t protocol) {
  return protocol == kDccp ? "unknown" : listed_protocol_name(protocol);
}

bool ConnectionRecord::has_ports() const {
  return protocol == kTcp || protocol == kUdp || protocol == kUdplite || protocol == kSctp || protocol == kDccp;
}

bool ConnectionRecord::source_translated() const {
  if (original().source != reply().destination) return true;
  const uint16_t seen_as = is_icmp() ? reply().source_id : reply().destination_id;
  return original().source_id != seen_as;
}

bool ConnectionRecord::destination_translated() const {
  if (original().destination != reply().source) return true;
  return !is_icmp() && original().destination_id != reply().source_id;
}

bool ConnectionRecord::is_icmp() const { return protocol == kIcmp || protocol == kIcmp6; }

}  // namespace sallyport
