// Questions on the network that are still without an answer, and what became of each: the door was open, it was
// refused, or nobody answered for `patience`.
//
// A question is known by its two ends as the one who asks sees them. All of them are linked in the order in which they
// were asked, so the oldest is always at hand. At most a stated number is kept; where it is reached, one of the oldest
// is forgotten with no outcome.
#pragma once

#include <sallyport/bounded_table.h>
#include <sallyport/packet.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace port_scan {

using sallyport::Duration;
using sallyport::IpAddress;
using sallyport::Timestamp;

enum class Probe : uint8_t { Syn, Fin, Null, Xmas, Udp };
enum class Outcome : uint8_t { Answered, Refused, Unanswered };

// Who asks whom. No padding: it is hashed as bytes.
struct Question {
  IpAddress from = {};
  IpAddress to = {};
  uint8_t protocol = 0;
  uint8_t zero = 0;
  uint16_t from_port = 0;
  uint16_t to_port = 0;

  Question turned() const { return {to, from, protocol, 0, to_port, from_port}; }
};

class Probes {
 public:
  Probes(uint32_t most, Duration patience, const sallyport::SipHashKey& key)
      : patience_(patience), table_(most, 0, key) {
    table_.on_gone([this](const Question&, Waiting& waiting) { unlink(waiting); });
  }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  // Asked again, it still counts from the first time; but one that was answered goes on.
  void asked(const Question& question, Probe probe, Timestamp now) {
    if (Waiting* known = table_.find(question, now); known != nullptr) {
      if (known->answered) renew(*known, now);
      return;
    }
    Waiting& waiting = table_.at(question, now);
    waiting.probe = probe;
    waiting.since = now;
    link(waiting);
  }

  // Whether there was such a question, and as what: `told` gets it. A UDP flow is kept, so that its later packets are
  // not taken for questions.
  template <class Told>
  bool answered(const Question& question, Outcome outcome, Timestamp now, Told&& told) {
    Waiting* const waiting = table_.find(question, now);
    if (waiting == nullptr) return false;
    if (!waiting->answered) told(question, waiting->probe, outcome);
    if (waiting->probe != Probe::Udp) {
      table_.erase(*waiting);
    } else {
      waiting->answered = true;
      renew(*waiting, now);
    }
    return true;
  }

  // Gives up what nobody answered.
  template <class Told>
  void give_up(Timestamp now, Told&& told) {
    while (oldest_ != kNone) {
      Waiting& waiting = table_.value_at(oldest_);
      if (now - waiting.since <= patience_) return;
      const Question question = table_.key_at(oldest_);
      const Waiting was = waiting;
      table_.erase(waiting);
      if (!was.answered) told(question, was.probe, Outcome::Unanswered);
    }
  }

  uint64_t forgotten() const { return table_.evicted(); }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Waiting {
    Timestamp since = 0;
    uint32_t earlier = kNone, later = kNone;
    Probe probe = Probe::Syn;
    bool answered = false;
  };

  void link(Waiting& waiting) {
    const uint32_t number = table_.number_of(waiting);
    waiting.earlier = newest_;
    waiting.later = kNone;
    (newest_ == kNone ? oldest_ : table_.value_at(newest_).later) = number;
    newest_ = number;
  }
  void unlink(Waiting& waiting) {
    (waiting.earlier == kNone ? oldest_ : table_.value_at(waiting.earlier).later) = waiting.later;
    (waiting.later == kNone ? newest_ : table_.value_at(waiting.later).earlier) = waiting.earlier;
  }
  void renew(Waiting& waiting, Timestamp now) {
    unlink(waiting);
    waiting.since = now;
    link(waiting);
  }

  Duration patience_;
  sallyport::BoundedTable<Question, Waiting> table_;
  uint32_t oldest_ = kNone, newest_ = kNone;
};

}  // namespace port_scan
