// The engine's own table as listings hold it. The words and columns are record_writer.cc's.

#include "conntrack/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "conntrack/record_values.h"
#include "conntrack/record_words.h"
#include "conntrack/tuple.h"
#include "sallyport/helper.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

// Status bits that listings can show; they have the kernel's values on both sides.
constexpr uint32_t kListedStatus = kStatusExpected | kStatusSeenReply | kStatusAssured;

ListedTuple listed(const Tuple& tuple) {
  ListedTuple record = {.source = tuple.source_address(), .destination = tuple.destination_address()};
  record.source_id = tuple.source_id;
  if (is_icmp(tuple)) {
    record.icmp_type = icmp_type(tuple);
    record.icmp_code = icmp_code(tuple);
  } else {
    record.destination_id = tuple.destination_id;
  }
  return record;
}

void add_zone(Zone zone, ConnectionRecord& record) {
  if (zone.original == zone.reply) {
    record.zone = zone.original;
  } else {
    record.original_zone = zone.original;
    record.reply_zone = zone.reply;
  }
}

// Where nothing is asked of the source it is all zeros; IPv6 stands with all its digits.
std::string expected_address(const Tuple& tuple, const std::array<uint8_t, 16>& address) {
  if (tuple.family == Family::Ipv4) return IpAddress::from(Family::Ipv4, address.data()).text();
  std::string text;
  for (size_t i = 0; i < 16; i += 2) text += fmt::format("{}{:04x}", i == 0 ? "" : ":", load_be16(address.data() + i));
  return text;
}

std::string expectation_line(const ExpectationTable::Listed& listed) {
  const Expectation& expectation = listed.expectation;
  const Tuple& tuple = expectation.tuple;
  std::string line = fmt::format("{} l3proto = {} proto={} src={} dst={} ", listed.left / kSecond,
                                 tuple.family == Family::Ipv4 ? 2 : 10, tuple.protocol,
                                 expected_address(tuple, tuple.source), expected_address(tuple, tuple.destination));
  line += tuple.protocol == kGre ? fmt::format("srckey={:#x} dstkey={:#x} ", tuple.source_id, tuple.destination_id)
                                 : fmt::format("sport={} dport={} ", tuple.source_id, tuple.destination_id);
  if (expectation.permanent) line += expectation.inactive ? "PERMANENT,INACTIVE " : "PERMANENT ";
  const std::string_view name = listed.of->classes[expectation.helper_class].name;
  return line + std::string(listed.of->name) + (name.empty() ? "" : "/") + std::string(name) + "\n";
}

}  // namespace

std::string list_expectations(const ExpectationTable& expectations, Timestamp now) {
  std::string listing;
  for (const ExpectationTable::Listed& listed : expectations.list(now)) listing += expectation_line(listed);
  return listing;
}

ExpectationRecord expectation_record(const Expectation& expectation, const Connection& master) {
  ExpectationRecord record = {.protocol = expectation.tuple.protocol,
                              .master_protocol = master.protocol,
                              .helper_class = expectation.helper_class,
                              .permanent = expectation.permanent,
                              .inactive = expectation.inactive,
                              .zone = expectation.tuple.zone,
                              .tuple = listed(expectation.tuple),
                              .mask = {},
                              .master = listed(master.tuple(Direction::Original)),
                              .helper = master.extra->helper->name};
  const Family family = expectation.tuple.family;
  const unsigned bits = std::min<unsigned>(expectation.source_bits, 8 * static_cast<unsigned>(address_bytes(family)));
  record.mask = {.source = prefix_mask(family, bits),
                 .destination = prefix_mask(family, 8 * static_cast<unsigned>(address_bytes(family))),
                 .source_id = expectation.any_source_port ? uint16_t{0} : uint16_t{0xffff},
                 .destination_id = 0xffff};
  return record;
}

ConnectionRecord record_of(const Connection& connection, Timestamp now, const Timeouts& timeouts) {
  ConnectionRecord record;
  record.fields = Field::Timeout | Field::Mark | Field::Use | Field::Id;
  record.status = connection.status & kListedStatus;
  record.family = connection.family;
  record.protocol = connection.protocol;
  record.timeout_s = static_cast<uint32_t>(connection.seconds_left(now));
  record.mark = connection.mark;
  record.use = 1 + connection.dependents;
  record.id = connection.id();
  if (connection.protocol == kTcp) record.state = state_of_number(kTcp, static_cast<uint8_t>(connection.tcp.state));
  if (connection.protocol == kSctp) {
    record.state = state_of_number(kSctp, static_cast<uint8_t>(connection.sctp.state));
    record.fields |= Field::SctpTags;
    record.sctp_tags = connection.sctp.tags;
  }
  const bool has_policy = connection.extra != nullptr && connection.extra->timeouts != nullptr;
  const Timeouts& own = has_policy ? *connection.extra->timeouts : timeouts;
  record.gre_timeout_s = static_cast<uint32_t>(own.gre / kSecond);
  record.gre_stream_timeout_s = static_cast<uint32_t>(own.gre_stream / kSecond);
  add_zone(connection.zone(), record);
  for (const Direction direction : {Direction::Original, Direction::Reply})
    record.tuples[index(direction)] = listed(connection.tuple(direction));
  const ConnectionExtra* extra = connection.extra;
  if (extra == nullptr) return record;
  if (timeouts.accounting) {
    record.fields |= Field::Counts;
    for (size_t i = 0; i < 2; ++i) record.counts[i] = {extra->counts[i].packets, extra->counts[i].bytes};
  }
  if (timeouts.timestamps) {
    record.fields |= Field::DeltaTime | Field::Start;
    record.start_ns = static_cast<uint64_t>(extra->created);
    record.delta_time_s = static_cast<uint64_t>(std::max(now - extra->created, Duration{0}) / kSecond);
  }
  if (extra->helper != nullptr) {
    record.fields |= Field::Helper;
    record.helper = extra->helper->name;
  }
  return record;
}

std::string list_connections(const ConnectionTable& table, Timestamp now, const Timeouts& timeouts,
                             const ConnectionStyle& style, const LabelsText& labels_text) {
  std::string listing, labels;
  const auto connections = table.list(now);
  if (connections.empty()) return listing;
  listing += listing_head(style.form);
  const bool counts_whole_seconds = style.form == ConnectionForm::Conntrack || style.form == ConnectionForm::Xml;
  for (const Connection* connection : connections) {
    ConnectionRecord record = record_of(*connection, now, timeouts);
    const ConnectionExtra* const extra = connection->extra;
    if (labels_text && extra != nullptr && extra->labels != std::array<uint64_t, 2>{}) {
      labels.clear();
      labels_text(extra->labels, labels);
      record.labels = labels;
      record.fields |= Field::Labels;
    }
    // conntrack(8) counts from the second of its begin to that of now, the kernel itself what lies between.
    if (record.has(Field::Start) && counts_whole_seconds) {
      record.delta_time_s = whole_seconds_between(record.start_ns, static_cast<uint64_t>(now));
    }
    // Who reads the kernel's own file holds the entry too.
    if (style.form == ConnectionForm::NfConntrack) ++record.use;
    write_connection(record, style, listing);
    listing += '\n';
  }
  listing += listing_tail(style.form);
  return listing;
}

}  // namespace sallyport
