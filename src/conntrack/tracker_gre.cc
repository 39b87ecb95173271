// GRE: one direction seen, or both. Counterpart of nf_conntrack_proto_gre.c; the call keys of PPTP come with its
// helper.

#include "conntrack/tracker.h"

namespace sallyport {

Tracked track_gre(Connection& connection, const Packet&, TrackContext& context) {
  if (connection.has(kStatusSeenReply)) {
    connection.deadline = context.now + context.timeouts->gre_stream;
    if (!connection.has(kStatusAssured)) connection.pending_events |= kEventAssured;
    connection.status |= kStatusAssured;
  } else {
    connection.deadline = context.now + context.timeouts->gre;
  }
  return Tracked::Accept;
}

}  // namespace sallyport
