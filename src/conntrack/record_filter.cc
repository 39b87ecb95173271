// Filters over listed connections, with the meaning that conntrack(8)'s manual gives them.
//
// Differs from conntrack(8) 1.4.7 where that does not do what its manual says: GRE keys are compared; an address of -j,
// and an IPv6 address of -n and -g, is looked at whatever else is asked for; -u takes words with and without !
// together; the types of an ICMP query and its answer are not taken for a translation.

#include <algorithm>

#include "sallyport/connection_filter.h"

namespace sallyport {
namespace {

template <class Wanted, class Value>
bool holds(const std::optional<Wanted>& wanted, const Value& value) {
  return !wanted || *wanted == value;
}

// `from` became `to`.
bool holds(const TranslationFilter& filter, bool translated, const IpAddress& from, const IpAddress& to,
           uint16_t from_port, uint16_t to_port) {
  if (!filter.address) return translated;
  return from != to && to == *filter.address && (!filter.port || (from_port != to_port && to_port == *filter.port));
}

bool source_nat_holds(const TranslationFilter& filter, const ConnectionRecord& record) {
  return holds(filter, record.source_translated(), record.original().source, record.reply().destination,
               record.original().source_id, record.reply().destination_id);
}

bool destination_nat_holds(const TranslationFilter& filter, const ConnectionRecord& record) {
  return holds(filter, record.destination_translated(), record.original().destination, record.reply().source,
               record.original().destination_id, record.reply().source_id);
}

bool nat_holds(const ConnectionFilter& filter, const ConnectionRecord& record) {
  if (filter.source_nat.wanted && !source_nat_holds(filter.source_nat, record)) return false;
  if (filter.destination_nat.wanted && !destination_nat_holds(filter.destination_nat, record)) return false;
  return !filter.any_nat.wanted || source_nat_holds(filter.any_nat, record) ||
         destination_nat_holds(filter.any_nat, record);
}

bool has_label(std::string_view labels, std::string_view wanted) {
  while (!labels.empty()) {
    const size_t comma = labels.find(',');
    if (labels.substr(0, comma) == wanted) return true;
    labels.remove_prefix(comma == std::string_view::npos ? labels.size() : comma + 1);
  }
  return false;
}

bool addresses_hold(const ConnectionFilter& filter, const ConnectionRecord& record) {
  const ListedTuple& original = record.original();
  const ListedTuple& reply = record.reply();
  return (!filter.source || filter.source->contains(original.source)) &&
         (!filter.destination || filter.destination->contains(original.destination)) &&
         holds(filter.reply_source, reply.source) && holds(filter.reply_destination, reply.destination) &&
         holds(filter.source_id, original.source_id) && holds(filter.destination_id, original.destination_id) &&
         holds(filter.reply_source_id, reply.source_id) && holds(filter.reply_destination_id, reply.destination_id) &&
         holds(filter.icmp_type, original.icmp_type) && holds(filter.icmp_code, original.icmp_code) &&
         holds(filter.icmp_id, original.source_id);
}

// conntrack(8) takes a zone that is not there for 0.
bool zones_hold(const ConnectionFilter& filter, const ConnectionRecord& record) {
  return holds(filter.zone, record.zone) && holds(filter.original_zone, record.original_zone) &&
         holds(filter.reply_zone, record.reply_zone);
}

}  // namespace

bool ConnectionFilter::matches(const ConnectionRecord& record) const {
  if (!holds(family, record.family) || !holds(protocol, record.protocol) || !addresses_hold(*this, record))
    return false;
  if (!holds(state, record.state) || (record.status & status_set) != status_set || (record.status & status_clear) != 0)
    return false;
  if (mark && (record.mark & mark->mask) != mark->value) return false;
  if (!holds(security_mark, record.security_mark) || !zones_hold(*this, record)) return false;
  if ((id && !record.has(ConnectionRecord::Id)) || !holds(id, record.id) || !holds(timeout_s, record.timeout_s))
    return false;
  return nat_holds(*this, record) &&
         std::ranges::all_of(labels, [&](const std::string& label) { return has_label(record.labels, label); });
}

bool ConnectionChange::apply(ConnectionRecord& record) const {
  const ConnectionRecord before = record;
  if (timeout_s) {
    record.timeout_s = *timeout_s;
    record.fields |= ConnectionRecord::Timeout;
  }
  if (mark) {
    record.mark = (record.mark & ~mark->mask) ^ mark->value;
    record.fields |= ConnectionRecord::Mark;
  }
  if (state) record.state = *state;
  record.status |= status_set;
  return record.timeout_s != before.timeout_s || record.mark != before.mark || record.state != before.state ||
         record.status != before.status;
}

}  // namespace sallyport
