// Where events go: lines of JSON into files, sockets and the system's log, written by a thread of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/event.h"
#include "sallyport/host.h"
#include "sallyport/result.h"

namespace sallyport {

struct EventOutputConfig {
  // Each gets every event: a file's path (appended to), "-" for standard output, "unix:PATH" for a socket that somebody
  // listens on (stream or datagram), "syslog" or "syslog:PATH" for the system's log.
  std::vector<std::string> to = {};
  uint64_t seed = 0;            // of flow_id
  uint16_t community_seed = 0;  // of community_id
  bool eve_strict = false;      // nothing that Suricata's own schema does not have
  bool truncate = false;        // files begin empty
  // True: who emits waits where a reader is slow, and nothing is lost (replay). False: it never waits; what finds no
  // room is counted, and an event of type engine says how many were lost.
  bool wait = false;
  size_t queue_bytes = size_t{4} * 1024 * 1024;  // for each of `to`
};

struct EventOutputCounters {
  uint64_t events = 0;   // taken
  uint64_t unsaid = 0;   // left out by eve_strict: Suricata has no such type
  uint64_t written = 0;  // lines given away, announcements not counted; the sum over all of `to`, as below
  uint64_t lost = 0;
};

// Takes events from one thread.
class EventOutput : public EventSink {
 public:
  static Result<std::unique_ptr<EventOutput>> open(const EventOutputConfig& config);

  // Who knows the interfaces' names; before the first event. Without it there are none in the events.
  virtual void name_interfaces_by(const Router& router) = 0;
  // Opens files anew by their names (after a rotation), between two lines. Any thread.
  virtual void reopen() = 0;
  // Writes what is left, and waits for readers as long as they take some each second. A failure to write is told here,
  // the first one. Nothing may be emitted afterwards.
  virtual Result<void> finish() = 0;
  virtual EventOutputCounters counters() const = 0;
};

}  // namespace sallyport
