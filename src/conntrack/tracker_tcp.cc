// TCP: the state of a connection and its windows. Counterpart of net/netfilter/nf_conntrack_proto_tcp.c; RFC 9293,
// RFC 7323 (scaling), RFC 2018 (SACK), RFC 5961 (challenge ACKs); the windows after Guido van Rooij's "Real Stateful
// TCP Packet Filtering in IP Filter".
//
// A segment is judged in three steps. First the flags and the present state give the next state, by the table below; a
// few states look further (may a SYN reopen a closed connection? does a RST hit the window exactly?). Then the window
// test: of each side we know the highest end that it sent (end), the highest end that the other allows (max_end), and
// the largest window that it announced (max_window). A segment passes when
//   I    it begins before the sender's max_end,
//   II   it ends behind what the receiver may already have thrown away: sender.end - receiver.max_window,
//   III  it acknowledges nothing that the receiver never sent,
//   IV   it acknowledges nothing too far back.
// A failure of I or III is INVALID; of II or IV the segment is old, and passes without changing anything. Last, what
// was learnt is kept and the deadline moved.

#include <algorithm>

#include "conntrack/sequence_shift.h"
#include "conntrack/tcp_segment.h"
#include "conntrack/tracker.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

using enum TcpState;

constexpr TcpState SS = SynSent, SR = SynRecv, ES = Established, FW = FinWait, CW = CloseWait, LA = LastAck,
                   TW = TimeWait, CL = Close, S2 = SynSent2, IV = TcpState::Invalid, IG = Ignored;

// The next state by direction, kind of segment and present state, in the kernel's words.
constexpr TcpState kNext[2][6][10] = {
    {//  None SS  SR  ES  FW  CW  LA  TW  CL  S2      original
     /* SYN     */ {SS, SS, IG, IG, IG, IG, IG, SS, SS, S2},
     /* SYN-ACK */ {IV, IV, SR, IV, IV, IV, IV, IV, IV, SR},
     /* FIN     */ {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
     /* ACK     */ {ES, IV, ES, ES, CW, CW, TW, TW, CL, IV},
     /* RST     */ {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
     /* none    */ {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV}},
    {//                                               reply
     /* SYN     */ {IV, S2, IV, IV, IV, IV, IV, SS, IV, S2},
     /* SYN-ACK */ {IV, SR, IG, IG, IG, IG, IG, IG, IG, SR},
     /* FIN     */ {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
     /* ACK     */ {IV, IG, SR, ES, CW, CW, TW, TW, CL, IG},
     /* RST     */ {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
     /* none    */ {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV}},
};

// Of TcpSide::flags and TcpTrack::last_flags.
enum Flag : uint8_t {
  kScales = 0x01,
  kSackPermitted = 0x02,
  kCloseInitiated = 0x04,
  kLiberal = 0x08,
  kUnacknowledged = 0x10,
  kMaxAckSet = 0x20,
  kChallengeExpected = 0x40,
  kSimultaneousOpen = 0x80,
};

constexpr uint32_t kLeastAckWindow = 66000;
constexpr uint8_t kMostScale = 14;

bool before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }
bool after(uint32_t a, uint32_t b) { return before(b, a); }

// What the window test makes of a segment.
enum class Window : uint8_t { Accept, Ignore, Invalid };

class TcpTracker {
 public:
  TcpTracker(Connection& connection, const TcpSegment& segment, TrackContext& context)
      : connection_(connection),
        track_(connection.tcp),
        segment_(segment),
        context_(context),
        sender_(track_.seen[index(context.direction)]),
        receiver_(track_.seen[index(opposite(context.direction))]),
        kind_(segment.kind()),
        old_state_(track_.state) {}

  // The first segment of a connection that is not confirmed yet. Accept: it can begin one.
  Tracked begin() {
    const TcpState next = kNext[0][static_cast<size_t>(kind_)][0];
    if (next == TcpState::Invalid) return refused(RefusalReason::TcpNoBeginning);
    if (next != SynSent && !context_.timeouts->tcp_loose) return refused(RefusalReason::TcpNotPickedUp);
    track_ = {};
    TcpSide& side = track_.seen[0];
    side.end = segment_.end();
    side.max_window = std::max<uint32_t>(segment_.window, 1);
    if (next == SynSent) {
      side.max_end = side.end;
      read_options(side);
    } else {
      // Picked up in the middle: whatever scaling there is was not seen, so its windows are not held against it.
      side.max_end = side.end + side.max_window;
      track_.seen[0].flags = track_.seen[1].flags = kSackPermitted | kLiberal;
    }
    track_.last_index = static_cast<uint8_t>(TcpKind::None);
    old_state_ = None;
    return Tracked::Accept;
  }

  Tracked track() {
    new_state_ = kNext[index(context_.direction)][static_cast<size_t>(kind_)][static_cast<size_t>(old_state_)];
    bool window_tested = true;
    switch (new_state_) {
      case SynSent:
        if (old_state_ >= TimeWait) {
          if (may_reopen()) {
            context_.kill = true;
            return Tracked::Repeat;
          }
          if (!synchronise()) return ignore();
        }
        break;
      case Ignored:
        if (!synchronise()) return ignore();
        break;
      case TcpState::Invalid:
        return refused(RefusalReason::TcpInvalidState);
      case TimeWait:
        if (challenge_ack()) {
          refused(RefusalReason::TcpChallengeAck);
          return Tracked::Ignored;
        }
        break;
      case SynSent2:
        track_.last_flags |= kSimultaneousOpen;
        break;
      case SynRecv:
        if (context_.direction == Direction::Reply && kind_ == TcpKind::Ack &&
            (track_.last_flags & kSimultaneousOpen) != 0) {
          new_state_ = Established;
        }
        break;
      case Close:
        if (kind_ == TcpKind::Rst) {
          const ResetJudgement judgement = judge_reset();
          if (judgement == ResetJudgement::Invalid) return refused(RefusalReason::TcpRst, receiver_.max_ack);
          window_tested = judgement == ResetJudgement::TestWindow;
        }
        break;
      default:
        break;
    }
    if (window_tested) {
      const Window window = test_window();
      if (window == Window::Ignore) return Tracked::Ignored;
      if (window == Window::Invalid) {
        shorten_after_invalid_end();
        return Tracked::Invalid;
      }
    }
    return move_on();
  }

 private:
  // Notes why the segment is not taken for what it says. `bound` is what it was held against.
  [[gnu::cold]] Tracked refused(RefusalReason reason, uint32_t bound = 0) {
    *context_.refusal = {.reason = reason,
                         .direction = context_.direction,
                         .state = static_cast<uint8_t>(old_state_),
                         .flags = segment_.flags,
                         .bound = bound,
                         .sequence = segment_.sequence,
                         .end = segment_.end(),
                         .acknowledgement = segment_.acknowledgement,
                         .sack = segment_.acknowledgement,
                         .window = segment_.window,
                         .sender = sender_,
                         .receiver = receiver_};
    return Tracked::Invalid;
  }

  void read_options(TcpSide& side) const {
    if (segment_.options().empty()) return;
    side.scale = 0;
    side.flags &= kLiberal;
    segment_.each_option([&](uint8_t option, std::span<const uint8_t> value) {
      constexpr uint8_t kScale = 3, kSackPermittedOption = 4;
      if (option == kSackPermittedOption && value.empty()) side.flags |= kSackPermitted;
      if (option == kScale && value.size() == 1) {
        side.scale = std::min(value[0], kMostScale);
        side.flags |= kScales;
      }
      return true;
    });
  }

  // A SYN may take the place of a connection that was closed by FIN, or whose last segment was its own side's RST.
  bool may_reopen() const {
    return ((track_.seen[0].flags | track_.seen[1].flags) & kCloseInitiated) != 0 ||
           (track_.last_direction == context_.direction && last_kind() == TcpKind::Rst);
  }
  TcpKind last_kind() const { return static_cast<TcpKind>(track_.last_index); }

  // A SYN-ACK that answers a SYN which we had ignored: both ends agree, so we follow them.
  bool synchronise() {
    if (kind_ != TcpKind::SynAck || last_kind() != TcpKind::Syn || track_.last_direction == context_.direction ||
        segment_.acknowledgement != track_.last_end) {
      return false;
    }
    old_state_ = SynSent;
    new_state_ = SynRecv;
    TcpSide& asker = track_.seen[index(track_.last_direction)];
    asker.end = asker.max_end = track_.last_end;
    asker.max_window = std::max<uint32_t>(track_.last_window, 1);
    asker.scale = track_.last_scale;
    track_.last_flags &= static_cast<uint8_t>(~kChallengeExpected);
    asker.flags = track_.last_flags;
    const uint8_t liberal = sender_.flags & kLiberal;
    sender_ = {};
    sender_.flags = liberal;
    return true;
  }

  // Out of step with the two ends: the segment passes, and what it would mean if they agreed is noted.
  Tracked ignore() {
    track_.last_index = static_cast<uint8_t>(kind_);
    track_.last_direction = context_.direction;
    track_.last_sequence = segment_.sequence;
    track_.last_end = segment_.end();
    track_.last_window = segment_.window;
    if (kind_ == TcpKind::Syn && context_.direction == Direction::Original) {
      TcpSide seen;
      read_options(seen);
      track_.last_flags = seen.flags & (kScales | kSackPermitted);
      track_.last_scale = seen.scale;
      if (old_state_ == LastAck) track_.last_flags |= kChallengeExpected;
    }
    if (old_state_ == SynSent && kind_ == TcpKind::Ack && context_.direction == Direction::Reply) {
      track_.last_ack = segment_.acknowledgement;
    }
    refused(RefusalReason::TcpIgnored);
    return Tracked::Ignored;
  }

  // The ACK by which a host asks whether a SYN was meant does not acknowledge the last FIN.
  bool challenge_ack() {
    if (old_state_ != LastAck || kind_ != TcpKind::Ack || track_.last_direction == context_.direction ||
        last_kind() != TcpKind::Syn || (track_.last_flags & kChallengeExpected) == 0) {
      return false;
    }
    track_.last_flags &= static_cast<uint8_t>(~kChallengeExpected);
    return true;
  }

  enum class ResetJudgement : uint8_t { TestWindow, Believe, Invalid };

  bool is_established() const { return track_.state == Established && connection_.has(kStatusAssured); }

  ResetJudgement judge_reset() {
    const bool closing = old_state_ == FinWait || old_state_ == LastAck || old_state_ == TimeWait ||
                         old_state_ == Close || old_state_ == CloseWait;
    if (closing) return ResetJudgement::Believe;
    if ((receiver_.flags & kMaxAckSet) != 0 && last_kind() != TcpKind::Syn) {
      const uint32_t sequence = segment_.sequence;
      if (sequence == 0 && !is_established()) return ResetJudgement::TestWindow;
      if (before(sequence, receiver_.max_ack) && !context_.timeouts->tcp_ignore_invalid_rst)
        return ResetJudgement::Invalid;
      if (!is_established() || sequence == receiver_.max_ack) return ResetJudgement::TestWindow;
      const bool follows_its_data =
          last_kind() == TcpKind::Ack && track_.last_direction == context_.direction && sequence == track_.last_end;
      if (follows_its_data) return ResetJudgement::TestWindow;
      // Not exactly where it should be: a challenge ACK may follow, so the connection stays as it is.
      new_state_ = old_state_;
    }
    // A SYN is answered by the other side only.
    const bool answers_ignored = (connection_.has(kStatusSeenReply) && last_kind() == TcpKind::Syn &&
                                  track_.last_direction != context_.direction) ||
                                 (!connection_.has(kStatusAssured) && last_kind() == TcpKind::Ack);
    if (answers_ignored && segment_.acknowledgement == track_.last_end) return ResetJudgement::Believe;
    const bool answers_challenge = old_state_ == SynSent && last_kind() == TcpKind::Ack &&
                                   track_.last_direction == Direction::Reply && segment_.sequence == track_.last_ack;
    return answers_challenge ? ResetJudgement::Believe : ResetJudgement::TestWindow;
  }

  void begin_side(uint32_t end, uint32_t window) {
    sender_.end = sender_.max_end = end;
    sender_.max_window = std::max<uint32_t>(window, 1);
    read_options(sender_);
    // Whether both sides scale is settled by the answer; a SYN that is repeated says nothing of the other side.
    const bool both_scale = (sender_.flags & receiver_.flags & kScales) != 0;
    if (context_.direction == Direction::Reply && !both_scale) sender_.scale = receiver_.scale = 0;
  }

  // What a side is taken to be at its first segment. True: nothing more is to be tested.
  bool learn_side(uint32_t end, uint32_t sack) {
    if (sender_.max_window == 0) {
      if (segment_.syn()) {
        begin_side(end, segment_.window);
        return !segment_.ack();
      }
      sender_.end = end;
      sender_.max_window = std::max<uint32_t>(uint32_t{segment_.window} << sender_.scale, 1);
      sender_.max_end = end + sender_.max_window;
      if (receiver_.max_window == 0) {
        receiver_.end = receiver_.max_end = sack;
      } else if (sack == receiver_.end + 1) {
        ++receiver_.end;  // probably the answer to a keep-alive
      }
      return false;
    }
    if (segment_.syn() && after(end, sender_.end) && (track_.state == SynSent || track_.state == SynRecv)) {
      begin_side(end, segment_.window);
      return context_.direction == Direction::Reply && !segment_.ack();
    }
    return false;
  }

  uint32_t ack_window() const { return std::max(sender_.max_window, kLeastAckWindow); }

  // What the window is held against, in sequence numbers that both sides count alike.
  struct Tested {
    uint32_t sequence, end, ack, sack;
  };

  // The end of a test that failed: liberally, it may have failed. `bound` is what it was held against, `found` how far
  // behind that it was.
  [[gnu::cold]] Window failed(Window otherwise, RefusalReason reason, const Tested& tested, uint32_t bound,
                              uint32_t found = 0) {
    if ((sender_.flags & kLiberal) != 0 || context_.timeouts->tcp_be_liberal) return Window::Accept;
    refused(reason, bound);
    Refusal& refusal = *context_.refusal;
    refusal.found = found;
    refusal.sequence = tested.sequence;
    refusal.end = tested.end;
    refusal.acknowledgement = tested.ack;
    refusal.sack = tested.sack;
    return otherwise;
  }

  Window test_window() {
    uint32_t sequence = segment_.sequence;
    uint32_t end = segment_.end();
    uint32_t ack = segment_.acknowledgement;
    uint32_t sack = (receiver_.flags & kSackPermitted) != 0 ? segment_.highest_sack(ack) : ack;
    const auto shift = static_cast<uint32_t>(sequence_shift(connection_, opposite(context_.direction), ack - 1));
    ack -= shift;
    sack -= shift;
    if (learn_side(end, sack)) return Window::Accept;
    if (!segment_.ack() || (segment_.rst() && ack == 0)) ack = sack = receiver_.end;
    if (segment_.rst() && sequence == 0 && track_.state == SynSent) sequence = end = sender_.end;

    const uint32_t oldest = sender_.end - receiver_.max_window - 1, oldest_ack = receiver_.end - ack_window() - 1;
    const bool not_too_old = after(end, oldest);
    const bool ack_not_too_old = after(sack, oldest_ack);
    const bool ack_was_sent = before(sack, receiver_.end + 1);
    if (!before(sequence, sender_.max_end + 1)) {
      const uint32_t overshot = end - sender_.max_end + 1;
      if (receiver_.max_window != 0 && not_too_old && ack_not_too_old && ack_was_sent &&
          overshot <= receiver_.max_window) {
        // Some send more than they may. If the other end takes it, its ACK must not look like one of data never sent.
        const Window window = failed(Window::Ignore, RefusalReason::TcpOvershot, {sequence, end, ack, sack},
                                     sender_.max_end + 1, overshot);
        sender_.end = end;
        sender_.flags |= kUnacknowledged;
        return window;
      }
      return failed(Window::Invalid, RefusalReason::TcpSeqOver, {sequence, end, ack, sack}, sender_.max_end + 1);
    }
    if (!ack_was_sent) {
      return failed(Window::Invalid, RefusalReason::TcpAckOver, {sequence, end, ack, sack}, receiver_.end + 1);
    }
    if (receiver_.max_window != 0 && !not_too_old) {
      return failed(Window::Ignore, RefusalReason::TcpSeqUnder, {sequence, end, ack, sack}, oldest);
    }
    if (!ack_not_too_old) {
      return failed(Window::Ignore, RefusalReason::TcpAckUnder, {sequence, end, ack, sack}, oldest_ack);
    }
    keep(sequence, end, ack, sack);
    return Window::Accept;
  }

  void keep(uint32_t sequence, uint32_t end, uint32_t ack, uint32_t sack) {
    const uint32_t window = segment_.syn() ? segment_.window : uint32_t{segment_.window} << sender_.scale;
    sender_.max_window = std::max(sender_.max_window, window + (sack - ack));
    if (after(end, sender_.end)) {
      sender_.end = end;
      sender_.flags |= kUnacknowledged;
    }
    if (segment_.ack() && ((sender_.flags & kMaxAckSet) == 0 || after(ack, sender_.max_ack))) {
      sender_.max_ack = ack;
      sender_.flags |= kMaxAckSet;
    }
    if (receiver_.max_window != 0 && after(end, sender_.max_end)) receiver_.max_window += end - sender_.max_end;
    if (after(sack + window, receiver_.max_end - 1)) receiver_.max_end = sack + std::max<uint32_t>(window, 1);
    if (ack == receiver_.end) receiver_.flags &= static_cast<uint8_t>(~kUnacknowledged);
    if (kind_ == TcpKind::Ack) count_retransmission(sequence, end, ack);
  }

  void count_retransmission(uint32_t sequence, uint32_t end, uint32_t ack) {
    const bool same = track_.last_direction == context_.direction && track_.last_sequence == sequence &&
                      track_.last_ack == ack && track_.last_end == end && track_.last_window == segment_.window;
    if (same) {
      ++track_.retransmissions;
      return;
    }
    track_.last_direction = context_.direction;
    track_.last_sequence = sequence;
    track_.last_ack = ack;
    track_.last_end = end;
    track_.last_window = segment_.window;
    track_.retransmissions = 0;
  }

  // FINs or RSTs out of the window from both sides: the connection is probably gone, and lives no longer than one with
  // unacknowledged data.
  void shorten_after_invalid_end() {
    if (!connection_.has(kStatusAssured) || (kind_ != TcpKind::Rst && kind_ != TcpKind::Fin)) return;
    const bool other_ended_too =
        track_.last_direction != context_.direction && (last_kind() == TcpKind::Fin || last_kind() == TcpKind::Rst);
    if (!other_ended_too) {
      track_.last_index = static_cast<uint8_t>(kind_);
      track_.last_direction = context_.direction;
      return;
    }
    constexpr Duration kShortEnough = 120 * kSecond;
    const Duration left = connection_.deadline - context_.now;
    const Duration unacknowledged = context_.timeouts->tcp_unacknowledged;
    if (left >= kShortEnough && left > unacknowledged) {
      connection_.deadline = context_.now + unacknowledged;
      context_.refusal->lowered_timeout_s = static_cast<uint32_t>(unacknowledged / kSecond);
    }
  }

  Duration timeout() const {
    const Timeouts& timeouts = *context_.timeouts;
    const Duration usual = timeouts.tcp[static_cast<size_t>(new_state_)];
    if (track_.retransmissions >= timeouts.tcp_most_retransmissions && usual > timeouts.tcp_retransmitted) {
      return timeouts.tcp_retransmitted;
    }
    if (kind_ == TcpKind::Rst) return timeouts.tcp[static_cast<size_t>(Close)];
    const bool unacknowledged = ((track_.seen[0].flags | track_.seen[1].flags) & kUnacknowledged) != 0;
    if (unacknowledged && usual > timeouts.tcp_unacknowledged) return timeouts.tcp_unacknowledged;
    if (track_.last_window == 0 && usual > timeouts.tcp_retransmitted) return timeouts.tcp_retransmitted;
    return usual;
  }

  Tracked move_on() {
    track_.last_index = static_cast<uint8_t>(kind_);
    track_.last_direction = context_.direction;
    track_.state = new_state_;
    if (old_state_ != new_state_) {
      connection_.pending_events |= kEventProtocolInfo;
      if (new_state_ == FinWait) sender_.flags |= kCloseInitiated;
    }
    Duration lasts = timeout();
    if (!connection_.has(kStatusSeenReply)) {
      if (segment_.rst()) {
        context_.kill = true;
        return Tracked::Accept;
      }
      // A repeated SYN does not prolong the connection.
      if (kind_ == TcpKind::Syn && old_state_ == SynSent) return Tracked::Uncounted;
      if (new_state_ == Established) lasts = std::min(lasts, context_.timeouts->tcp_unacknowledged);
    } else if (!connection_.has(kStatusAssured) && (old_state_ == SynRecv || old_state_ == Established) &&
               new_state_ == Established) {
      connection_.status |= kStatusAssured;
      connection_.pending_events |= kEventAssured;
    }
    connection_.deadline = context_.now + lasts;
    return Tracked::Accept;
  }

  Connection& connection_;
  TcpTrack& track_;
  const TcpSegment& segment_;
  TrackContext& context_;
  TcpSide& sender_;
  TcpSide& receiver_;
  TcpKind kind_;
  TcpState old_state_;
  TcpState new_state_ = None;
};

}  // namespace

TcpTrack restored_tcp(TcpState state) {
  TcpTrack track;
  track.state = state;
  const uint8_t over = state >= TimeWait ? kCloseInitiated : 0;
  for (TcpSide& side : track.seen) side.flags = kSackPermitted | kLiberal | over;
  return track;
}

Tracked track_tcp(Connection& connection, const Packet& packet, TrackContext& context) {
  TcpSegment segment;
  if (!segment.read(packet)) {
    const uint8_t* const header = packet.transport(20);
    const uint32_t length = packet.transport_length();
    if (header == nullptr) return refuse(context, RefusalReason::TcpShort, length);
    return refuse(context, RefusalReason::TcpTruncated, (header[12] >> 4) * 4u, length);
  }
  if (context.timeouts->verify_checksums && context.hook == Hook::Prerouting && !packet.checksum_trusted &&
      transport_checksum_state(packet) == ChecksumState::Wrong) {
    return refuse(context, RefusalReason::TcpChecksum, load_be16(packet.transport(20) + 16));
  }
  if (!segment.flags_make_sense()) return refuse(context, RefusalReason::TcpFlags, 0, 0, segment.flags);
  TcpTracker tracker(connection, segment, context);
  if (!connection.has(kStatusConfirmed)) {
    if (const Tracked begins = tracker.begin(); begins != Tracked::Accept) return begins;
  }
  return tracker.track();
}

}  // namespace sallyport
