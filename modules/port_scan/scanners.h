// Who tries doors. Of each source the 64 doors (address, protocol, port) that it tried last are kept, with what became
// of the last try.
//
// The definition:
//
//   A door that was refused or not answered is a closed one. A source scans
//     vertically    with the closed door that makes `ports` of one address within `window`,
//     horizontally  with the one that makes `hosts` addresses with that port within `window`,
//     slowly        with the one that makes `slow` within `slow_window`, where it does neither of the others;
//   in each case only if it has fewer open doors than closed ones among those 64: who talks to many, and finds some of
//   them gone, is no scanner. It stops when it has found no closed door for `window` (slowly: `slow_window`), which is
//   seen at the next packet of anybody.
//
// At most `most` sources are kept; where another comes, of 16 in turn the one goes that did nothing for longest.
#pragma once

#include <sallyport/bounded_table.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "port_scan/probes.h"

namespace port_scan {

enum class Scan : uint8_t { Vertical, Horizontal, Slow };
constexpr size_t kScans = 3;
constexpr uint32_t kDoors = 64;

struct Settings {
  uint32_t ports = 20;
  uint32_t hosts = 20;
  uint32_t slow = 40;
  Duration window = 60 * sallyport::kSecond;
  Duration slow_window = 3600 * sallyport::kSecond;
  uint32_t most = 10'000;
};

struct Door {
  Timestamp tried = 0;
  IpAddress at = {};
  uint8_t protocol = 0;
  Outcome outcome = Outcome::Answered;
  uint16_t port = 0;
};

// What is known of a source, for its events.
struct Evidence {
  uint64_t closed = 0;                                 // doors, each counted once as long as it is among the last
  uint64_t refused = 0, unanswered = 0, answered = 0;  // tries
  uint8_t probes = 0;                                  // a bit for each kind
  Timestamp first = 0, last = 0;                       // tries whose outcome counted
};

// Told is called with (begins, scan, source, door that made it or was the last, evidence, doors); what it gets is valid
// during the call.
template <class Told>
class Scanners {
 public:
  Scanners(const Settings& settings, const sallyport::SipHashKey& key, Told told)
      : settings_(settings), told_(std::move(told)), table_(settings.most, 0, key) {
    table_.on_gone([this](const IpAddress& source, Source& gone) { stop(source, gone); });
  }
  Scanners(const Scanners&) = delete;
  Scanners& operator=(const Scanners&) = delete;

  void tried(const Question& question, Probe probe, Outcome outcome, Timestamp now) {
    Source& source = table_.at(question.from, now);
    Evidence& evidence = source.evidence;
    if (evidence.first == 0) evidence.first = now;
    Door& door = source.door(question);
    door.tried = now;
    door.outcome = outcome;
    if (outcome == Outcome::Answered) {
      ++evidence.answered;
      return;
    }
    ++(outcome == Outcome::Refused ? evidence.refused : evidence.unanswered);
    evidence.probes |= static_cast<uint8_t>(1u << static_cast<unsigned>(probe));
    evidence.last = now;
    if (source.scans != 0) {
      unlink(source);
      link(source);
    }
    judge(question.from, source, door, now);
  }

  // Those that have stopped.
  void look(Timestamp now) {
    look(fast_, now - settings_.window);
    look(slow_, now - settings_.slow_window);
  }

  bool scans(const IpAddress& source, uint8_t which, Timestamp now) {
    const Source* const found = table_.find(source, now);
    return found != nullptr && (found->scans & which) != 0;
  }

  uint64_t evicted() const { return table_.evicted(); }
  static constexpr uint8_t bit(Scan scan) { return static_cast<uint8_t>(1u << static_cast<unsigned>(scan)); }
  static constexpr uint8_t kAny = (1u << kScans) - 1;

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Source {
    Evidence evidence = {};
    uint32_t earlier = kNone, later = kNone;  // in its List
    uint8_t scans = 0;
    uint8_t used = 0;
    uint8_t next = 0;  // the door that is replaced next, once all are used
    std::array<Door, kDoors> doors = {};

    Door& door(const Question& question) {
      for (uint32_t i = 0; i < used; ++i) {
        Door& one = doors[i];
        if (one.port == question.to_port && one.protocol == question.protocol && one.at == question.to) return one;
      }
      Door& place = used < kDoors ? doors[used++] : doors[next++ % kDoors];
      place = {.at = question.to, .protocol = question.protocol, .port = question.to_port};
      return place;
    }
  };

  // Those that scan, by their last closed door.
  struct List {
    uint32_t idlest = kNone, busiest = kNone;
  };
  List& list_of(const Source& source) { return source.scans == bit(Scan::Slow) ? slow_ : fast_; }

  void look(List& list, Timestamp before) {
    while (list.idlest != kNone) {
      Source& source = table_.value_at(list.idlest);
      if (source.evidence.last >= before) return;
      stop(table_.key_at(list.idlest), source);
      source = {};
    }
  }

  void judge(const IpAddress& who, Source& source, const Door& door, Timestamp now) {
    uint32_t open = 0, closed = 0, ports = 0, hosts = 0, lately = 0;
    for (uint32_t i = 0; i < source.used; ++i) {
      const Door& one = source.doors[i];
      if (one.outcome == Outcome::Answered) {
        ++open;
        continue;
      }
      ++closed;
      lately += now - one.tried <= settings_.slow_window;
      if (now - one.tried > settings_.window) continue;
      ports += one.at == door.at;
      hosts += one.port == door.port && one.protocol == door.protocol;
    }
    if (open >= closed) return;
    if (ports >= settings_.ports) begin(Scan::Vertical, who, source, door);
    if (hosts >= settings_.hosts) begin(Scan::Horizontal, who, source, door);
    if (lately >= settings_.slow && source.scans == 0) begin(Scan::Slow, who, source, door);
  }

  void begin(Scan scan, const IpAddress& who, Source& source, const Door& door) {
    if ((source.scans & bit(scan)) != 0) return;
    if (source.scans != 0) unlink(source);
    source.scans |= bit(scan);
    link(source);
    told_(true, scan, who, door, source.evidence, std::span<const Door>(source.doors.data(), source.used));
  }

  void stop(const IpAddress& who, Source& source) {
    if (source.scans == 0) return;
    unlink(source);
    const std::span<const Door> doors(source.doors.data(), source.used);
    const Door& last = *std::ranges::max_element(doors, {}, &Door::tried);
    for (const Scan scan : {Scan::Vertical, Scan::Horizontal, Scan::Slow}) {
      if ((source.scans & bit(scan)) != 0) told_(false, scan, who, last, source.evidence, doors);
    }
    source.scans = 0;
  }

  void link(Source& source) {
    List& list = list_of(source);
    const uint32_t number = table_.number_of(source);
    source.earlier = list.busiest;
    source.later = kNone;
    (list.busiest == kNone ? list.idlest : table_.value_at(list.busiest).later) = number;
    list.busiest = number;
  }
  void unlink(Source& source) {
    List& list = list_of(source);
    (source.earlier == kNone ? list.idlest : table_.value_at(source.earlier).later) = source.later;
    (source.later == kNone ? list.busiest : table_.value_at(source.later).earlier) = source.earlier;
  }

  Settings settings_;
  Told told_;
  sallyport::BoundedTable<IpAddress, Source> table_;
  List fast_, slow_;
};

}  // namespace port_scan
