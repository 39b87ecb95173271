// Every protocol without a tracker of its own, DCCP among them. Counterpart of nf_conntrack_proto_generic.c.

#include "conntrack/tracker.h"

namespace sallyport {

Tracked track_generic(Connection& connection, const Packet&, TrackContext& context) {
  connection.deadline = context.now + context.timeouts->generic;
  return Tracked::Accept;
}

}  // namespace sallyport
