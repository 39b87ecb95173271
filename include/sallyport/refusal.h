// Why connection tracking did not take a packet for what it says to be.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sallyport/address.h"
#include "sallyport/connection.h"

namespace sallyport {

// The tests are those that the kernel names in its log under nf_conntrack_log_invalid, and those that it is silent
// about.
enum class RefusalReason : uint8_t {
  None,
  HeaderMissing,  // nothing that a connection could be found by
  Unanswerable,   // nothing answers it, so it is no connection
  TableFull,      // dropped
  TcpShort,       // less than a header
  TcpTruncated,   // a header longer than the packet, or shorter than it may be
  TcpChecksum,
  TcpFlags,         // a combination that no host sends
  TcpNoBeginning,   // begins no connection
  TcpNotPickedUp,   // would, if nf_conntrack_tcp_loose allowed it
  TcpInvalidState,  // has no place in the state of the connection
  TcpIgnored,       // passes unheard: the two ends may know better than we do
  TcpChallengeAck,  // passes unheard: it asks whether a SYN was meant
  TcpRst,           // before what the other side acknowledged
  TcpSeqOver,       // the tests of the window, as tracker_tcp.cc counts them: I
  TcpOvershot,      // I, by no more than the other end may take; passes unheard
  TcpSeqUnder,      // II; passes unheard
  TcpAckOver,       // III
  TcpAckUnder,      // IV; passes unheard
  UdpShort,
  UdpTruncated,  // a length that cannot be
  UdpChecksum,
  UdpliteCoverage,  // a checksum over less than a header or more than the packet
  UdpliteNoChecksum,
  SctpShort,
  SctpChecksum,
  SctpChunks,      // one without length, one that must stand alone and does not
  SctpShortChunk,  // none, or an INIT or INIT ACK that is not all there
  SctpNoBeginning,
  SctpTag,       // not the verification tag of the association
  SctpChunkTag,  // the chunk must carry, or choose, another one
  SctpInvalidState,
  IcmpShort,
  IcmpChecksum,
  IcmpUnknownType,
  IcmpNoBeginning,
  IcmpUnreadable,    // an error that quotes too little, or what cannot be read
  IcmpUnrelated,     // an error about no connection that is known
  IcmpMisaddressed,  // an error that goes to another than sent what it quotes
  IcmpRedirect,      // of ICMPv6, not from a router on the link
};
constexpr size_t kRefusalReasons = 40;

// One packet's, with the numbers of the test that it failed; which of them mean something depends on the reason.
struct Refusal {
  RefusalReason reason = RefusalReason::None;
  Direction direction = Direction::Original;
  uint8_t state = 0;          // of the connection before: TcpState, SctpState
  uint8_t flags = 0;          // TCP's; elsewhere the type of the ICMP packet or SCTP chunk
  uint16_t chunk_number = 0;  // SCTP: which of the packet's, from 0
  uint32_t found = 0;         // what there was (a length, a checksum, a tag, bytes)
  uint32_t bound = 0;         // and what it was held against; of TCP the first sequence number that fails the test
  // Of TCP: as they were tested.
  uint32_t sequence = 0, end = 0, acknowledgement = 0, sack = 0;
  uint16_t window = 0;  // not scaled
  TcpSide sender = {}, receiver = {};
  uint32_t lowered_timeout_s = 0;  // the connection lives no longer than this because of it; 0: as long as before
  IpAddress quoted = {};           // IcmpMisaddressed: who sent what the error quotes
};

// How many packets there were of a reason, and the first of them.
struct RefusalCount {
  uint64_t packets = 0;
  uint64_t first_packet = 0;  // its number in the input
  Refusal first = {};
};
using RefusalCounts = std::array<RefusalCount, kRefusalReasons>;  // by RefusalReason

// "tcp_seq_over_upper_bound", as events have it.
std::string_view reason_name(RefusalReason reason);
// Whether the packet is INVALID; false: it belongs to its connection all the same, or was dropped.
bool is_invalid(RefusalReason reason);
// A sentence for people, written into `room`; cut where it does not fit.
std::string_view refusal_words(const Refusal& refusal, std::span<char> room);
constexpr size_t kRefusalWords = 320;  // room for the longest

}  // namespace sallyport
