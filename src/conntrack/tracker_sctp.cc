// SCTP: the state of an association and its verification tags. Counterpart of net/netfilter/nf_conntrack_proto_sctp.c;
// RFC 9260.
//
// Each chunk of a packet, one after the other, gives the next state by the table below. Beside the state we know the
// tag that each side's packets must carry, which is the one that the other side chose in its INIT or INIT-ACK. A packet
// that fails at a later chunk is INVALID, but what its earlier chunks changed stays. A HEARTBEAT may also begin: the
// second path of an association that was set up elsewhere.

#include <array>
#include <bitset>
#include <cstring>

#include "conntrack/tracker.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

using enum SctpState;

enum Chunk : uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
};

constexpr uint32_t kHeader = 12, kChunkHeader = 4, kInitBody = 16;
// ABORT, SHUTDOWN COMPLETE: the tag is that of the other side, since the sender knows no association.
constexpr uint8_t kReflectedTag = 0x01;

constexpr SctpState NO = SctpState::None, CL = Closed, CW = CookieWait, CE = CookieEchoed, ES = Established,
                    SS = ShutdownSent, SR = ShutdownReceived, SA = ShutdownAckSent, HS = HeartbeatSent,
                    IV = SctpState::Invalid;

// Which row a chunk has below; those without one change nothing.
constexpr int kRows = 11;
constexpr Chunk kRowChunks[kRows] = {kInit,        kInitAck,    kAbort,     kShutdown,         kShutdownAck,
                                     kError,       kCookieEcho, kCookieAck, kShutdownComplete, kHeartbeat,
                                     kHeartbeatAck};

// The next state by direction, chunk and present state.
constexpr SctpState kNext[2][kRows][9] = {
    {//                NO  CL  CW  CE  ES  SS  SR  SA  HS      original
     /* INIT        */ {CL, CL, CW, CE, ES, CL, CL, SA, CW},
     /* INIT-ACK    */ {CL, CL, CW, CE, ES, SS, SR, SA, CL},
     /* ABORT       */ {CL, CL, CL, CL, CL, CL, CL, CL, CL},
     /* SHUTDOWN    */ {CL, CL, CW, CE, SS, SS, SR, SA, CL},
     /* SHUT-ACK    */ {SA, CL, CW, CE, ES, SA, SA, SA, SA},
     /* ERROR       */ {CL, CL, CW, CE, ES, SS, SR, SA, CL},
     /* COOKIE-ECHO */ {CL, CL, CE, CE, ES, SS, SR, SA, CL},
     /* COOKIE-ACK  */ {CL, CL, CW, ES, ES, SS, SR, SA, CL},
     /* SHUT-COMPL  */ {CL, CL, CW, CE, ES, SS, SR, CL, CL},
     /* HEARTBEAT   */ {HS, CL, CW, CE, ES, SS, SR, SA, HS},
     /* HEARTB-ACK  */ {CL, CL, CW, CE, ES, SS, SR, SA, HS}},
    {//                                                       reply
     /* INIT        */ {IV, CL, CW, CE, ES, SS, SR, SA, IV},
     /* INIT-ACK    */ {IV, CW, CW, CE, ES, SS, SR, SA, IV},
     /* ABORT       */ {IV, CL, CL, CL, CL, CL, CL, CL, IV},
     /* SHUTDOWN    */ {IV, CL, CW, CE, SR, SS, SR, SA, IV},
     /* SHUT-ACK    */ {IV, CL, CW, CE, ES, SA, SA, SA, IV},
     /* ERROR       */ {IV, CL, CW, CL, ES, SS, SR, SA, IV},
     /* COOKIE-ECHO */ {IV, CL, CE, CE, ES, SS, SR, SA, IV},
     /* COOKIE-ACK  */ {IV, CL, CW, ES, ES, SS, SR, SA, IV},
     /* SHUT-COMPL  */ {IV, CL, CW, CE, ES, SS, SR, CL, IV},
     /* HEARTBEAT   */ {IV, CL, CW, CE, ES, SS, SR, SA, HS},
     /* HEARTB-ACK  */ {IV, CL, CW, CE, ES, SS, SR, SA, ES}},
};

SctpState next_state(Direction direction, uint8_t chunk, SctpState present) {
  for (int row = 0; row < kRows; ++row) {
    if (kRowChunks[row] == chunk) return kNext[index(direction)][row][static_cast<size_t>(present)];
  }
  return present;
}

struct ChunkView {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint16_t length = 0;
  uint32_t offset = 0;  // from the IP header
  uint16_t number = 0;  // in the packet, from 0
};

// Calls `take(chunk)` for each chunk until it answers false. Each step goes forward, so the packet bounds it.
template <class Take>
void each_chunk(const Packet& packet, Take&& take) {
  uint32_t offset = packet.transport_offset + kHeader;
  for (uint16_t number = 0;; ++number) {
    const uint8_t* header = packet.at(offset, kChunkHeader);
    if (header == nullptr) return;
    const ChunkView chunk = {header[0], header[1], load_be16(header + 2), offset, number};
    if (!take(chunk) || chunk.length == 0) return;
    offset += (uint32_t{chunk.length} + 3) & ~3u;
  }
}

using ChunkSet = std::bitset<256>;

// Which chunks there are. False: `bad` is one without length, or one that must stand alone or first and does not.
bool collect(const Packet& packet, ChunkSet& chunks, ChunkView& bad) {
  bool right = true;
  each_chunk(packet, [&](const ChunkView& chunk) {
    chunks.set(chunk.type);
    const bool alone = chunks[kInit] || chunks[kInitAck] || chunks[kShutdownComplete];
    const bool first = alone || chunk.type == kCookieEcho || chunk.type == kCookieAck;
    right = chunk.length != 0 && (chunk.number == 0 || !first);
    if (!right) bad = chunk;
    return right;
  });
  return right;
}

class SctpTracker {
 public:
  SctpTracker(Connection& connection, const Packet& packet, TrackContext& context, const ChunkSet& chunks)
      : connection_(connection),
        track_(connection.sctp),
        packet_(packet),
        context_(context),
        chunks_(chunks),
        tag_(load_be32(packet.transport(kHeader) + 4)),
        own_(index(context.direction)),
        other_(index(opposite(context.direction))) {}

  // The first packet of a connection that is not confirmed yet. Accept: it can begin one.
  Tracked begin() {
    for (const Chunk chunk : {kAbort, kShutdownComplete, kCookieAck}) {
      if (chunks_[chunk]) return refuse(context_, RefusalReason::SctpNoBeginning, tag_, 0, chunk);
    }
    track_ = {};
    Tracked begins = Tracked::Accept;
    each_chunk(packet_, [&](const ChunkView& chunk) {
      if (next_state(Direction::Original, chunk.type, NO) != NO && learn_first_tag(chunk)) return true;
      refused(RefusalReason::SctpNoBeginning, chunk);
      begins = Tracked::Invalid;
      return false;
    });
    return begins;
  }

  Tracked track() {
    if (must_carry_tag() && tag_ != track_.tags[own_]) {
      each_chunk(packet_,
                 [&](const ChunkView& chunk) { return refused(RefusalReason::SctpTag, chunk, track_.tags[own_]); });
      return Tracked::Invalid;
    }
    bool valid = true;
    each_chunk(packet_, [&](const ChunkView& chunk) { return valid = take(chunk); });
    if (!valid) return Tracked::Invalid;
    if (ignored_) return Tracked::Uncounted;
    connection_.deadline = context_.now + context_.timeouts->sctp[static_cast<size_t>(new_state_)];
    return Tracked::Accept;
  }

 private:
  // For the ends of decisions: answers false.
  [[gnu::cold]] bool refused(RefusalReason reason, const ChunkView& chunk, uint32_t wanted_tag = 0) {
    refuse(context_, reason, tag_, wanted_tag, chunk.type);
    context_.refusal->chunk_number = chunk.number;
    context_.refusal->state = static_cast<uint8_t>(track_.state);
    return false;
  }

  bool learn_first_tag(const ChunkView& chunk) {
    if (chunk.type == kInit) {
      const uint8_t* body = packet_.at(chunk.offset + kChunkHeader, kInitBody);
      if (tag_ != 0 || body == nullptr) return false;
      track_.tags[1] = load_be32(body);
    } else if (chunk.type == kHeartbeat) {
      track_.tags[0] = tag_;
    } else if (chunk.type == kShutdownAck) {
      // Nobody knows the association any more: what answers reflects the tag.
      track_.tags[1] = tag_;
    }
    return true;
  }

  // The other chunks have rules of their own.
  bool must_carry_tag() const {
    for (const Chunk chunk : {kInit, kShutdownComplete, kCookieEcho, kAbort, kShutdownAck, kHeartbeat, kHeartbeatAck}) {
      if (chunks_[chunk]) return false;
    }
    return true;
  }

  enum class TagJudgement : uint8_t { Right, Wrong, Skip };

  TagJudgement judge_tag(const ChunkView& chunk) {
    bool right = true;
    switch (chunk.type) {
      case kInit:
        right = tag_ == 0;
        break;
      case kAbort:
      case kShutdownComplete:
        right = tag_ == track_.tags[(chunk.flags & kReflectedTag) != 0 ? other_ : own_];
        break;
      case kCookieEcho:
        right = tag_ == track_.tags[own_];
        break;
      case kCookieAck:
        track_.initiated = {};
        break;
      case kHeartbeat:
      case kHeartbeatAck:
        return judge_heartbeat(chunk.type);
      default:
        break;
    }
    return right ? TagJudgement::Right : TagJudgement::Wrong;
  }

  // Which tag the chunk should have had, for those who ask why it was refused.
  uint32_t wanted_tag(const ChunkView& chunk) const {
    if (chunk.type == kInit) return 0;
    const bool reflects = chunk.type == kAbort || chunk.type == kShutdownComplete;
    return track_.tags[reflects && (chunk.flags & kReflectedTag) != 0 ? other_ : own_];
  }

  // A HEARTBEAT with another tag than we know passes, but counts only when its answer comes: then it is we who knew the
  // wrong one, since the sides have set their association up anew elsewhere.
  TagJudgement judge_heartbeat(uint8_t type) {
    uint32_t& known = track_.tags[own_];
    if (known == 0 || known == tag_) {
      if (known != 0) track_.heartbeat_with_wrong_tag = false;
      known = tag_;
      return TagJudgement::Right;
    }
    if (chunks_[kData] || ignored_) return TagJudgement::Wrong;
    if (type == kHeartbeat) {
      track_.heartbeat_with_wrong_tag = true;
      track_.last_direction = context_.direction;
      ignored_ = true;
      return TagJudgement::Skip;
    }
    if (!track_.heartbeat_with_wrong_tag || track_.last_direction == context_.direction) return TagJudgement::Wrong;
    track_.heartbeat_with_wrong_tag = false;
    known = tag_;
    track_.tags[other_] = 0;
    return TagJudgement::Right;
  }

  // False: the packet is INVALID.
  bool take(const ChunkView& chunk) {
    const TagJudgement judgement = judge_tag(chunk);
    if (judgement == TagJudgement::Wrong) return refused(RefusalReason::SctpChunkTag, chunk, wanted_tag(chunk));
    if (judgement == TagJudgement::Skip) return true;
    const SctpState old_state = track_.state;
    new_state_ = next_state(context_.direction, chunk.type, old_state);
    if (new_state_ == IV) return refused(RefusalReason::SctpInvalidState, chunk);
    if ((chunk.type == kInit || chunk.type == kInitAck) && !take_chosen_tag(chunk, old_state)) return false;
    track_.state = new_state_;
    if (new_state_ == old_state) return true;
    connection_.pending_events |= kEventProtocolInfo;
    if (new_state_ == ES && !connection_.has(kStatusAssured)) {
      connection_.status |= kStatusAssured;
      connection_.pending_events |= kEventAssured;
    }
    return true;
  }

  // Both sides may begin at once: each INIT is then answered, and the tags of the answers are those of the INITs.
  bool take_chosen_tag(const ChunkView& chunk, SctpState old_state) {
    const uint8_t* body = packet_.at(chunk.offset + kChunkHeader, kInitBody);
    if (body == nullptr) return refused(RefusalReason::SctpShortChunk, chunk);
    const uint32_t chosen = load_be32(body);
    uint32_t& known = track_.tags[other_];
    auto& initiated = track_.initiated;
    if (chunk.type == kInit) {
      // One with the tag that is known already is an old one, or said again.
      if (old_state == NO || known != chosen) {
        if (initiated[own_]) initiated[other_] = false;
        initiated[own_] = true;
      }
      // A repeated INIT does not prolong the connection.
      if (new_state_ == CL && old_state == CL && connection_.has(kStatusConfirmed)) ignored_ = true;
    } else {
      const bool settled = initiated[other_] ? initiated[own_] : known != 0;
      if (settled && known != chosen) return refused(RefusalReason::SctpChunkTag, chunk, known);
    }
    known = chosen;
    return true;
  }

  Connection& connection_;
  SctpTrack& track_;
  const Packet& packet_;
  TrackContext& context_;
  const ChunkSet& chunks_;
  uint32_t tag_;
  size_t own_, other_;
  SctpState new_state_ = NO;
  bool ignored_ = false;
};

}  // namespace

Tracked track_sctp(Connection& connection, const Packet& packet, TrackContext& context) {
  const uint8_t* const header = packet.transport(kHeader);
  if (header == nullptr) return refuse(context, RefusalReason::SctpShort, packet.transport_length());
  if (context.timeouts->verify_checksums && context.hook == Hook::Prerouting && !packet.checksum_trusted &&
      transport_checksum_state(packet) == ChecksumState::Wrong) {
    return refuse(context, RefusalReason::SctpChecksum, load_be32(header + 8));
  }
  ChunkSet chunks;
  if (ChunkView bad; !collect(packet, chunks, bad)) {
    refuse(context, RefusalReason::SctpChunks, bad.length, 0, bad.type);
    context.refusal->chunk_number = bad.number;
    return Tracked::Invalid;
  }
  if (chunks.none()) return refuse(context, RefusalReason::SctpShortChunk);
  SctpTracker tracker(connection, packet, context, chunks);
  if (!connection.has(kStatusConfirmed)) {
    if (const Tracked begins = tracker.begin(); begins != Tracked::Accept) return begins;
  }
  return tracker.track();
}

}  // namespace sallyport
