// Refusals in words: the names that events have, and sentences for people. The kernel's counterpart are the lines that
// it logs under nf_conntrack_log_invalid.

#include "sallyport/refusal.h"

#include <fmt/format.h>

#include <string>

#include "conntrack/record_words.h"
#include "conntrack/refusals.h"

namespace sallyport {
namespace {

using enum RefusalReason;

constexpr std::array<std::string_view, kRefusalReasons> kNames = {
    "none",
    "header_missing",
    "unanswerable",
    "table_full",
    "tcp_short",
    "tcp_truncated",
    "tcp_bad_checksum",
    "tcp_invalid_flags",
    "tcp_no_beginning",
    "tcp_not_picked_up",
    "tcp_invalid_state",
    "tcp_ignored",
    "tcp_challenge_ack_ignored",
    "tcp_invalid_rst",
    "tcp_seq_over_upper_bound",
    "tcp_more_than_expected",
    "tcp_seq_under_lower_bound",
    "tcp_ack_over_upper_bound",
    "tcp_ack_under_lower_bound",
    "udp_short",
    "udp_truncated",
    "udp_bad_checksum",
    "udplite_invalid_coverage",
    "udplite_checksum_missing",
    "sctp_short",
    "sctp_bad_crc",
    "sctp_invalid_chunks",
    "sctp_short_chunk",
    "sctp_no_beginning",
    "sctp_wrong_tag",
    "sctp_wrong_chunk_tag",
    "sctp_invalid_state",
    "icmp_short",
    "icmp_bad_checksum",
    "icmp_invalid_type",
    "icmp_no_beginning",
    "icmp_error_unreadable",
    "icmp_error_unrelated",
    "icmp_error_misaddressed",
    "icmp_invalid_redirect",
};

std::string_view state_of(const Refusal& refusal, uint8_t protocol) {
  return state_text(state_of_number(protocol, refusal.state));
}

// Writes pieces one behind the other, as far as there is room.
class Words {
 public:
  explicit Words(std::span<char> room) : room_(room) {}

  template <class... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    const std::span<char> left = room_.subspan(used_);
    const auto wanted = fmt::format_to_n(left.data(), left.size(), format, std::forward<Values>(values)...).size;
    used_ += std::min(wanted, left.size());
  }
  std::string_view text() const { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  size_t used_ = 0;
};

void add_flags(uint8_t flags, Words& words) {
  constexpr std::string_view kFlags[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
  std::string_view separator;
  for (size_t bit = 0; bit < 8; ++bit) {
    if ((flags >> bit & 1) == 0) continue;
    words.add("{}{}", separator, kFlags[bit]);
    separator = ",";
  }
  if (flags == 0) words.add("NONE");
}

void add_place(const Refusal& refusal, uint8_t protocol, Words& words) {
  words.add(" of the {} direction, in state {}", refusal.direction == Direction::Original ? "original" : "reply",
            state_of(refusal, protocol));
}

void add_side(std::string_view name, const TcpSide& side, Words& words) {
  words.add("; {} end {} maxend {} maxwin {} scale {}", name, side.end, side.max_end, side.max_window, side.scale);
}

void add_window(const Refusal& refusal, Words& words) {
  switch (refusal.reason) {
    case TcpSeqOver:
      words.add("seq {} reaches {}: beyond the receiver's window", refusal.sequence, refusal.bound);
      break;
    case TcpOvershot:
      words.add("{} bytes beyond the receiver's window, which it may take", refusal.found);
      break;
    case TcpSeqUnder:
      words.add("end {} is not behind {}: acknowledged long ago", refusal.end, refusal.bound);
      break;
    case TcpAckOver:
      words.add("ack {} is not before {}: data that was never seen", refusal.sack, refusal.bound);
      break;
    default:
      words.add("ack {} is not behind {}: far too old", refusal.sack, refusal.bound);
      break;
  }
  words.add(" (seq {} end {} ack {} sack {} win {}", refusal.sequence, refusal.end, refusal.acknowledgement,
            refusal.sack, refusal.window);
  add_side("sender", refusal.sender, words);
  add_side("receiver", refusal.receiver, words);
  words.add(")");
}

void add_tcp(const Refusal& refusal, Words& words) {
  switch (refusal.reason) {
    case TcpShort:
      return words.add("{} bytes are less than a TCP header", refusal.found);
    case TcpTruncated:
      return words.add("a TCP header of {} bytes in a segment of {}", refusal.found, refusal.bound);
    case TcpChecksum:
      return words.add("wrong TCP checksum {:#06x}", refusal.found);
    case TcpRst:
      words.add("RST with seq {} before {}, which the other side has acknowledged", refusal.sequence, refusal.bound);
      return;
    default:
      break;
  }
  add_flags(refusal.flags, words);
  switch (refusal.reason) {
    case TcpFlags:
      return words.add(": flags that no host sends together");
    case TcpNoBeginning:
      return words.add(" begins no connection");
    case TcpNotPickedUp:
      return words.add(" of a connection whose beginning was not seen, and nf_conntrack_tcp_loose is 0");
    default:
      add_place(refusal, kTcp, words);
      if (refusal.reason == TcpIgnored) words.add(": passes, and changes nothing");
      if (refusal.reason == TcpChallengeAck) words.add(": asks whether a SYN was meant, and ends nothing");
  }
}

void add_sctp(const Refusal& refusal, Words& words) {
  switch (refusal.reason) {
    case SctpShort:
      return words.add("{} bytes are less than an SCTP header", refusal.found);
    case SctpChecksum:
      return words.add("wrong SCTP checksum {:#010x}", refusal.found);
    case SctpChunks:
      return words.add("chunk {} is of type {} and {} bytes: without length, or not where it may stand",
                       refusal.chunk_number, refusal.flags, refusal.found);
    case SctpShortChunk:
      return words.add("no chunk, or one that is not all there");
    case SctpNoBeginning:
      return words.add("chunk {} begins no association", refusal.flags);
    case SctpTag:
    case SctpChunkTag:
      words.add("verification tag {:#010x} is not {:#010x}: chunk {}", refusal.found, refusal.bound, refusal.flags);
      return add_place(refusal, kSctp, words);
    default:
      words.add("chunk {}", refusal.flags);
      return add_place(refusal, kSctp, words);
  }
}

void add_icmp(const Refusal& refusal, Words& words) {
  switch (refusal.reason) {
    case IcmpShort:
      return words.add("{} bytes are less than an ICMP header", refusal.found);
    case IcmpChecksum:
      return words.add("wrong ICMP checksum {:#06x}", refusal.found);
    case IcmpUnknownType:
      return words.add("ICMP type {} is beyond {}", refusal.flags, refusal.bound);
    case IcmpNoBeginning:
      return words.add("ICMP type {} answers nothing that was asked", refusal.flags);
    case IcmpUnreadable:
      return words.add("what the ICMP error of type {} quotes cannot be read", refusal.flags);
    case IcmpUnrelated:
      return words.add("the ICMP error of type {} is about no connection that is known", refusal.flags);
    case IcmpMisaddressed:
      return words.add("the ICMP error of type {} goes to another than {}, who sent what it quotes", refusal.flags,
                       refusal.quoted.text());
    default:
      return words.add("an ICMPv6 redirect with hop limit {}, or not from a link-local address", refusal.found);
  }
}

void add_datagram(const Refusal& refusal, Words& words) {
  switch (refusal.reason) {
    case UdpShort:
      return words.add("{} bytes are less than a UDP header", refusal.found);
    case UdpTruncated:
      return words.add("a UDP length of {} in a packet with {}", refusal.found, refusal.bound);
    case UdpChecksum:
      return words.add("wrong UDP checksum {:#06x}", refusal.found);
    case UdpliteCoverage:
      return words.add("a checksum over {} bytes of a UDP-Lite packet of {}", refusal.found, refusal.bound);
    default:
      return words.add("UDP-Lite without checksum");
  }
}

}  // namespace

std::string_view reason_name(RefusalReason reason) { return kNames[static_cast<size_t>(reason)]; }

bool is_invalid(RefusalReason reason) {
  return reason != None && reason != TableFull && reason != TcpIgnored && reason != TcpChallengeAck &&
         reason != TcpOvershot && reason != TcpSeqUnder && reason != TcpAckUnder;
}

std::string_view flag_words(uint8_t flags, std::span<char> room) {
  Words words(room);
  add_flags(flags, words);
  return words.text();
}

std::string_view refusal_words(const Refusal& refusal, std::span<char> room) {
  Words words(room);
  if (refusal.reason >= TcpSeqOver && refusal.reason <= TcpAckUnder) {
    add_window(refusal, words);
  } else if (refusal.reason >= TcpShort && refusal.reason < TcpSeqOver) {
    add_tcp(refusal, words);
  } else if (refusal.reason >= UdpShort && refusal.reason <= UdpliteNoChecksum) {
    add_datagram(refusal, words);
  } else if (refusal.reason >= SctpShort && refusal.reason <= SctpInvalidState) {
    add_sctp(refusal, words);
  } else if (refusal.reason >= IcmpShort) {
    add_icmp(refusal, words);
  } else if (refusal.reason == HeaderMissing) {
    words.add("{} bytes behind the IP header are too few to find a connection by", refusal.found);
  } else if (refusal.reason == Unanswerable) {
    words.add("ICMP type {} has no answer", refusal.flags);
  } else if (refusal.reason == TableFull) {
    words.add("the table is full with {} connections", refusal.bound);
  }
  if (refusal.lowered_timeout_s != 0) {
    words.add("; both sides have ended: {} s left", refusal.lowered_timeout_s);
  }
  return words.text();
}

}  // namespace sallyport
