// Connections as conntrack(8)'s XML and as its own command line (-o save), and as JSON.

#include <ctime>
#include <utility>

#include "conntrack/record_words.h"
#include "conntrack/record_writer.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

template <class Number>
void append_element(std::string_view name, Number value, std::string& out) {
  out += '<';
  out += name;
  append_number(">", value, out);
  out += "</";
  out += name;
  out += '>';
}

void append_text_element(std::string_view name, std::string_view text, std::string& out) {
  out += '<';
  out += name;
  out += '>';
  append_xml_text(text, out);
  out += "</";
  out += name;
  out += '>';
}

void append_address_element(std::string_view name, const IpAddress& address, std::string& out) {
  std::string text;
  append_address(address, text);
  append_text_element(name, text, out);
}

// ICMP's type, code and identifier are not in conntrack(8)'s XML.
void append_xml_tuple(const ConnectionRecord& record, size_t direction, std::string& out) {
  const ListedTuple& tuple = record.tuples[direction];
  const bool v4 = record.family == Family::Ipv4;
  out += direction == 0 ? "<meta direction=\"original\">" : "<meta direction=\"reply\">";
  out += v4 ? "<layer3 protonum=\"2\" protoname=\"ipv4\">" : "<layer3 protonum=\"10\" protoname=\"ipv6\">";
  append_address_element("src", tuple.source, out);
  append_address_element("dst", tuple.destination, out);
  append_number("</layer3><layer4 protonum=\"", record.protocol, out);
  out += "\" protoname=\"";
  out += record.untracked_protocol ? "unknown" : listed_protocol_name(record.protocol);
  out += "\">";
  if (record.has_ports() && !record.untracked_protocol) {
    append_element("sport", tuple.source_id, out);
    append_element("dport", tuple.destination_id, out);
  } else if (record.protocol == kGre && !record.untracked_protocol) {
    out += "<srckey>";
    append_key(tuple.source_id, out);
    out += "</srckey><dstkey>";
    append_key(tuple.destination_id, out);
    out += "</dstkey>";
  }
  out += "</layer4>";
  const uint16_t zone = direction == 0 ? record.original_zone : record.reply_zone;
  if (zone != 0) append_element("zone", zone, out);
  if (record.has(Field::Counts)) {
    out += "<counters>";
    append_element("packets", record.counts[direction].packets, out);
    append_element("bytes", record.counts[direction].bytes, out);
    out += "</counters>";
  }
  out += "</meta>";
}

// The names of a list with commas, each handed to `each`.
template <class Each>
void for_each_label(std::string_view labels, Each each) {
  while (!labels.empty()) {
    const size_t comma = labels.find(',');
    each(labels.substr(0, comma));
    labels.remove_prefix(comma == std::string_view::npos ? labels.size() : comma + 1);
  }
}

void append_xml_times(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  if (style.kernel_timestamp && (record.has(Field::Start) || record.has(Field::Stop))) {
    out += "<timestamp>";
    if (record.has(Field::Start)) append_element("start", record.start_ns, out);
    if (record.has(Field::Stop)) append_element("stop", record.stop_ns, out);
    out += "</timestamp>";
  }
  if (record.has(Field::DeltaTime)) append_element("deltatime", record.delta_time_s, out);
}

// A flow's "when", as the time of day at which an event was seen.
void append_when(uint64_t event_us, std::string& out) {
  const auto seconds = static_cast<time_t>(event_us / 1'000'000);
  tm day = {};
  gmtime_r(&seconds, &day);
  const auto two = [&](std::string_view name, int value) {
    append_text_element(name, std::string(value < 10 ? "0" : "") + std::to_string(value), out);
  };
  out += "<when>";
  append_element("hour", day.tm_hour, out);
  two("min", day.tm_min);
  two("sec", day.tm_sec);
  append_element("wday", day.tm_wday + 1, out);
  append_element("day", day.tm_mday, out);
  append_element("month", day.tm_mon + 1, out);
  append_element("year", day.tm_year + 1900, out);
  out += "</when>";
}

void append_xml_independent(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  out += "<meta direction=\"independent\">";
  if (record.state != ListedState::Absent)
    append_text_element("state", xml_state_text(record.protocol, record.state), out);
  if (record.has(Field::Timeout)) append_element("timeout", record.timeout_s, out);
  if (record.has(Field::Mark)) append_element("mark", record.mark, out);
  if (style.labels && record.has(Field::Labels)) {
    out += "<labels>";
    for_each_label(record.labels, [&](std::string_view label) { append_text_element("label", label, out); });
    out += "</labels>";
  }
  if (record.has(Field::SecurityMark)) append_element("secmark", record.security_mark, out);
  if (record.has(Field::SecurityContext)) append_text_element("secctx", record.security_context, out);
  if (record.zone != 0) append_element("zone", record.zone, out);
  if (record.has(Field::Use)) append_element("use", record.use, out);
  if (record.has(Field::Id)) append_element("id", record.id, out);
  if (record.is(ConnectionRecord::Assured)) out += "<assured/>";
  if (!record.is(ConnectionRecord::SeenReply)) out += "<unreplied/>";
  append_xml_times(record, style, out);
  out += "</meta>";
}

void append_save_status(const ConnectionRecord& record, std::string& out) {
  constexpr std::pair<ConnectionRecord::Status, std::string_view> kWords[] = {
      {ConnectionRecord::Expected, "EXPECTED"},
      {ConnectionRecord::SeenReply, "SEEN_REPLY"},
      {ConnectionRecord::Assured, "ASSURED"},
      {ConnectionRecord::FixedTimeout, "FIXED_TIMEOUT"}};
  out += " -u ";
  std::string_view separator;
  for (const auto& [bit, word] : kWords) {
    if (!record.is(bit)) continue;
    out += separator;
    out += word;
    separator = ",";
  }
  if (separator.empty()) out += "UNSET";
}

void append_option(std::string_view name, const IpAddress& address, std::string& out) {
  out += name;
  append_address(address, out);
}

void append_save_protocol(const ConnectionRecord& record, std::string& out) {
  const ListedTuple& original = record.original();
  const ListedTuple& reply = record.reply();
  if (record.untracked_protocol || listed_protocol_name(record.protocol) == "unknown")
    return append_number(" -p ", record.protocol, out);
  out += " -p ";
  out += listed_protocol_name(record.protocol);
  // Today's kernel hands out no ports of DCCP: conntrack(8) has none to save.
  if (record.protocol == kDccp && original.source_id == 0 && original.destination_id == 0) return;
  if (record.is_icmp()) {
    const bool v6 = record.protocol == kIcmp6;
    append_number(v6 ? " --icmpv6-type " : " --icmp-type ", original.icmp_type, out);
    append_number(v6 ? " --icmpv6-code " : " --icmp-code ", original.icmp_code, out);
    return append_number(v6 ? " --icmpv6-id " : " --icmp-id ", original.source_id, out);
  }
  const bool gre = record.protocol == kGre;
  append_number(gre ? " --srckey " : " --sport ", original.source_id, out);
  append_number(gre ? " --dstkey " : " --dport ", original.destination_id, out);
  append_number(gre ? " --reply-key-src " : " --reply-port-src ", reply.source_id, out);
  append_number(gre ? " --reply-key-dst " : " --reply-port-dst ", reply.destination_id, out);
  if (record.state != ListedState::Absent) {
    out += " --state ";
    out += state_text(record.state);
  }
  if (record.has(Field::SctpTags)) {
    append_number(" --orig-vtag ", record.sctp_tags[0], out);
    append_number(" --reply-vtag ", record.sctp_tags[1], out);
  }
}

}  // namespace

void append_xml_text(std::string_view text, std::string& out) {
  for (const char letter : text) {
    switch (letter) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        append_text({&letter, 1}, out);
    }
  }
}

void write_xml(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  constexpr std::string_view kHeads[] = {"<flow>", "<flow type=\"new\">", "<flow type=\"update\">",
                                         "<flow type=\"destroy\">"};
  out += kHeads[static_cast<size_t>(record.event)];
  append_xml_tuple(record, 0, out);
  append_xml_tuple(record, 1, out);
  append_xml_independent(record, style, out);
  if (style.timestamp && record.has(Field::EventTime)) append_when(record.event_us, out);
  if (record.has(Field::Helper)) append_text_element("helper", record.helper, out);
  out += "</flow>";
}

void write_save(const ConnectionRecord& record, std::string& out) {
  out += record.event == ListedEvent::Destroy ? "-D" : record.event == ListedEvent::Update ? "-U" : "-A";
  if (record.has(Field::Timeout)) append_number(" -t ", record.timeout_s, out);
  append_save_status(record, out);
  if (record.has(Field::SecurityMark)) append_number(" -c ", record.security_mark, out);
  if (record.zone != 0) append_number(" -w ", record.zone, out);
  if (record.original_zone != 0) append_number(" --orig-zone ", record.original_zone, out);
  if (record.reply_zone != 0) append_number(" --reply-zone ", record.reply_zone, out);
  append_option(" -s ", record.original().source, out);
  append_option(" -d ", record.original().destination, out);
  append_option(record.original().destination != record.reply().source ? " -g " : " -r ", record.reply().source, out);
  append_option(record.original().source != record.reply().destination ? " -n " : " -q ", record.reply().destination,
                out);
  append_save_protocol(record, out);
}

}  // namespace sallyport
