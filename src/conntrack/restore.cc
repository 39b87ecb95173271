// Connections made from a listing. Counterpart of ctnetlink_create_conntrack() in
// net/netfilter/nf_conntrack_netlink.c, through which `conntrack --load-file` goes.

#include <fmt/format.h>

#include <algorithm>

#include "conntrack/listing.h"
#include "conntrack/record_words.h"
#include "conntrack/tracker.h"
#include "conntrack/tuple.h"
#include "sallyport/helper.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

Tuple tuple_from(const ConnectionRecord& record, Direction direction) {
  const ListedTuple& listed = record.tuples[index(direction)];
  Tuple tuple;
  tuple.source = listed.source.bytes;
  tuple.destination = listed.destination.bytes;
  tuple.source_id = listed.source_id;
  tuple.destination_id = listed.destination_id;
  if (record.is_icmp()) tuple.destination_id = static_cast<uint16_t>(listed.icmp_type << 8 | listed.icmp_code);
  tuple.protocol = record.protocol;
  tuple.family = record.family;
  tuple.zone = record.zone;
  if (const uint16_t own = direction == Direction::Original ? record.original_zone : record.reply_zone; own != 0)
    tuple.zone = own;
  return tuple;
}

uint32_t status_of(const ConnectionRecord& record) {
  uint32_t status = record.status & (kStatusExpected | kStatusSeenReply | kStatusAssured);
  // A line that says [OFFLOAD] says nothing else; only what was assured is offloaded.
  if (record.is(ConnectionRecord::Offload) || record.is(ConnectionRecord::HardwareOffload))
    status |= kStatusSeenReply | kStatusAssured;
  status |= kStatusSourceNatDone | kStatusDestinationNatDone;
  if (record.source_translated()) status |= kStatusSourceNat;
  if (record.destination_translated()) status |= kStatusDestinationNat;
  return status;
}

// An offloaded connection is listed without its time.
Duration time_left(const ConnectionRecord& record, const Timeouts& timeouts) {
  if (record.has(Field::Timeout)) return record.timeout_s * kSecond;
  return record.protocol == kTcp ? timeouts.tcp[static_cast<size_t>(TcpState::Established)] : timeouts.udp_stream;
}

Result<void> add_helper(ConnectionTable& table, const ConnectionRecord& record, const HelperFinder& find,
                        Connection& connection) {
  if (!record.has(Field::Helper)) return {};
  const Helper* helper = find(record.helper, record.family, record.protocol);
  if (helper == nullptr) return fail("there is no such helper for this protocol", "ftp, tftp ...");
  table.extra(connection).helper = helper;
  connection.status |= kStatusHelper;
  return {};
}

void set_state(const ConnectionRecord& record, Connection& connection) {
  if (record.protocol == kTcp) {
    connection.tcp = restored_tcp(static_cast<TcpState>(number_of_state(kTcp, record.state)));
  } else if (record.protocol == kSctp) {
    connection.sctp = {.state = static_cast<SctpState>(number_of_state(kSctp, record.state)), .tags = record.sctp_tags};
  } else {
    connection.udp = {};
  }
}

// What no listing holds, windows above all, is learnt from the packets that come.
Result<void> restore(ConnectionTable& table, const ConnectionRecord& record, const RestoreContext& context) {
  const Timestamp now = context.now;
  const Timeouts& timeouts = context.timeouts;
  if (record.event != ListedEvent::None) return fail("this is an event", "a listing, such as conntrack -L prints");
  if (record.untracked_protocol && record.has_ports())
    return fail("the kernel that listed this did not track its protocol", "a line with sport= and dport=");
  const Tuple original = tuple_from(record, Direction::Original);
  const Tuple reply = tuple_from(record, Direction::Reply);
  if (table.taken(original, now) || table.taken(reply, now))
    return fail("a connection with one of these addresses and ports is there already", "each connection once");
  if (table.size() >= table.most())
    return fail(fmt::format("there are more connections than net.netfilter.nf_conntrack_max ({}) allows", table.most()),
                "a larger nf_conntrack_max in the host model");
  Connection* connection = table.create(original, reply, now);
  if (auto done = add_helper(table, record, context.find_helper, *connection); !done) return done;
  connection->status |= status_of(record);
  connection->mark = record.mark;
  connection->deadline = now + time_left(record, timeouts);
  set_state(record, *connection);
  if (timeouts.accounting) {
    ConnectionExtra& extra = table.extra(*connection);
    for (size_t i = 0; i < 2; ++i) extra.counts[i] = {record.counts[i].packets, record.counts[i].bytes};
  }
  if (timeouts.timestamps) table.extra(*connection).created = now;
  // Nothing but a bucket that is too full can be in the way any more.
  if (!table.confirm(*connection, now)) return fail("too many connections fall into one bucket of the table");
  return {};
}

}  // namespace

Results<uint64_t> restore_connections(ConnectionTable& table, std::string_view listing, std::string_view file,
                                      const RestoreContext& context) {
  ConnectionReader reader(listing, file);
  ConnectionRecord record;
  Errors errors;
  uint64_t restored = 0;
  while (reader.next(record) && errors.size() < ConnectionReader::kErrorsKept) {
    if (auto done = restore(table, record, context); done) {
      ++restored;
    } else {
      errors.push_back(std::move(done.error()));
      errors.back().file = file;
      errors.back().line = reader.line_number();
    }
  }
  errors.insert(errors.end(), reader.errors().begin(), reader.errors().end());
  std::ranges::stable_sort(errors, {}, &Error::line);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return restored;
}

}  // namespace sallyport
