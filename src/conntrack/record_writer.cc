// Connections written as lines: as the kernel lists them (net/netfilter/nf_conntrack_standalone.c), as Linux 2.4 did,
// as conntrack(8) does.

#include "conntrack/record_writer.h"

#include <arpa/inet.h>

#include <ctime>

#include "conntrack/record_values.h"
#include "conntrack/record_words.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

// "tcp      6 ": names stand in columns of eight.
void append_name(std::string_view name, uint32_t number, std::string& out) {
  out += name;
  if (name.size() < 8) out.append(8 - name.size(), ' ');
  append_number(" ", number, out);
  out += ' ';
}

// The kernel writes all digits of an IPv6 address.
void append_full_address(const IpAddress& address, std::string& out) {
  if (address.family == Family::Ipv4) return append_address(address, out);
  constexpr std::string_view kDigits = "0123456789abcdef";
  char text[39];
  char* at = text;
  for (size_t i = 0; i < 16; ++i) {
    if (i != 0 && i % 2 == 0) *at++ = ':';
    *at++ = kDigits[address.bytes[i] >> 4];
    *at++ = kDigits[address.bytes[i] & 15];
  }
  out.append(text, at);
}

bool is_kernels(ConnectionForm form) {
  return form == ConnectionForm::NfConntrack || form == ConnectionForm::IpConntrack;
}

void append_tuple(const ConnectionRecord& record, const ListedTuple& tuple, ConnectionForm form, std::string& out) {
  const auto append = is_kernels(form) ? append_full_address : append_address;
  out += "src=";
  append(tuple.source, out);
  out += " dst=";
  append(tuple.destination, out);
  out += ' ';
  if (record.untracked_protocol) return;
  if (record.has_ports() && (record.protocol != kDccp || !is_kernels(form))) {
    append_number("sport=", tuple.source_id, out);
    append_number(" dport=", tuple.destination_id, out);
    out += ' ';
  } else if (record.protocol == kGre) {
    out += "srckey=";
    append_key(tuple.source_id, out);
    out += " dstkey=";
    append_key(tuple.destination_id, out);
    out += ' ';
  } else if (record.is_icmp()) {
    append_number("type=", tuple.icmp_type, out);
    append_number(" code=", tuple.icmp_code, out);
    append_number(" id=", tuple.source_id, out);
    out += ' ';
  }
}

void append_direction(const ConnectionRecord& record, size_t direction, ConnectionForm form, std::string& out) {
  append_tuple(record, record.tuples[direction], form, out);
  const uint16_t zone = direction == 0 ? record.original_zone : record.reply_zone;
  if (zone != 0 && form != ConnectionForm::IpConntrack) {
    append_number(direction == 0 ? "zone-orig=" : "zone-reply=", zone, out);
    out += ' ';
  }
  if (record.has(Field::Counts)) {
    append_number("packets=", record.counts[direction].packets, out);
    append_number(" bytes=", record.counts[direction].bytes, out);
    out += ' ';
  }
}

void append_status(const ConnectionRecord& record, std::string& out) {
  if (record.is(ConnectionRecord::HardwareOffload)) {
    out += "[HW_OFFLOAD] ";
  } else if (record.is(ConnectionRecord::Offload)) {
    out += "[OFFLOAD] ";
  } else if (record.is(ConnectionRecord::Assured)) {
    out += "[ASSURED] ";
  }
}

// "[start=Wed Nov 25 10:29:41 2026] ".
void append_day(std::string_view name, uint64_t nanoseconds, std::string& out) {
  const auto seconds = static_cast<time_t>(nanoseconds / 1'000'000'000);
  tm day = {};
  char text[64];
  gmtime_r(&seconds, &day);
  out += name;
  // As asctime writes it, in any locale.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  out += kDays.substr(static_cast<size_t>(day.tm_wday) * 3, 3);
  out += ' ';
  out += kMonths.substr(static_cast<size_t>(day.tm_mon) * 3, 3);
  out.append(text, strftime(text, sizeof text, " %e %H:%M:%S %Y", &day));
  out += "] ";
}

void append_event_time(uint64_t event_us, std::string& out) {
  const std::string seconds = std::to_string(event_us / 1'000'000);
  const std::string part = std::to_string(event_us % 1'000'000);
  out += "[" + std::string(seconds.size() < 8 ? 8 - seconds.size() : 0, '0') + seconds + ".";
  out += std::string(6 - part.size(), '0') + part + "]\t";
}

void append_event(ListedEvent event, std::string& out) {
  if (event == ListedEvent::New) out += "    [NEW] ";
  if (event == ListedEvent::Update) out += " [UPDATE] ";
  if (event == ListedEvent::Destroy) out += "[DESTROY] ";
}

void append_zone(const ConnectionRecord& record, bool always, std::string& out) {
  if (record.zone == 0 && (!always || record.original_zone != 0 || record.reply_zone != 0)) return;
  append_number("zone=", record.zone, out);
  out += ' ';
}

void append_security(const ConnectionRecord& record, std::string& out) {
  if (record.has(Field::SecurityMark)) {
    append_number("secmark=", record.security_mark, out);
    out += ' ';
  }
  if (record.has(Field::SecurityContext)) {
    out += "secctx=";
    append_text(record.security_context, out);
    out += ' ';
  }
}

void append_delta_time(const ConnectionRecord& record, uint64_t seconds, std::string& out) {
  if (!record.has(Field::DeltaTime)) return;
  append_number("delta-time=", seconds, out);
  out += ' ';
}

// Of what has ended, conntrack(8)'s lines count from the second of its begin to that of its end.
uint64_t conntrack_delta_time(const ConnectionRecord& record) {
  if (!record.has(Field::Start) || !record.has(Field::Stop)) return record.delta_time_s;
  return whole_seconds_between(record.start_ns, record.stop_ns);
}

void append_timeout_and_state(const ConnectionRecord& record, std::string& out) {
  if (record.has(Field::Timeout)) {
    append_number(record.timeout_s, out);
    out += ' ';
  }
  if (record.state != ListedState::Absent) {
    out += state_text(record.state);
    out += ' ';
  }
}

void append_both_directions(const ConnectionRecord& record, ConnectionForm form, std::string& out) {
  append_direction(record, 0, form, out);
  if (!record.is(ConnectionRecord::SeenReply)) out += "[UNREPLIED] ";
  append_direction(record, 1, form, out);
  append_status(record, out);
}

void append_family(const ConnectionRecord& record, std::string& out) {
  const bool v4 = record.family == Family::Ipv4;
  append_name(v4 ? "ipv4" : "ipv6", v4 ? 2 : 10, out);
}

void write_nf_conntrack(const ConnectionRecord& record, std::string& out) {
  append_family(record, out);
  append_name(record.untracked_protocol ? "unknown" : kernel_protocol_name(record.protocol), record.protocol, out);
  append_timeout_and_state(record, out);
  if (record.protocol == kGre && !record.untracked_protocol) {
    append_number("timeout=", record.gre_timeout_s, out);
    append_number(", stream_timeout=", record.gre_stream_timeout_s, out);
    out += ' ';
  }
  append_both_directions(record, ConnectionForm::NfConntrack, out);
  append_number("mark=", record.mark, out);
  out += ' ';
  append_security(record, out);
  append_zone(record, true, out);
  append_delta_time(record, record.delta_time_s, out);
  append_number("use=", record.has(Field::Use) ? record.use : 2, out);
}

// Linux 2.4 counted nothing, had no marks on connections, and no zones.
void write_ip_conntrack(const ConnectionRecord& record, std::string& out) {
  const std::string_view name = record.untracked_protocol ? "unknown" : kernel_protocol_name(record.protocol);
  append_name(name, record.protocol, out);
  append_timeout_and_state(record, out);
  append_tuple(record, record.original(), ConnectionForm::IpConntrack, out);
  if (!record.is(ConnectionRecord::SeenReply)) out += "[UNREPLIED] ";
  append_tuple(record, record.reply(), ConnectionForm::IpConntrack, out);
  if (record.is(ConnectionRecord::Assured)) out += "[ASSURED] ";
  out += "use=1";
}

void write_conntrack(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  if (style.timestamp && record.has(Field::EventTime)) append_event_time(record.event_us, out);
  append_event(record.event, out);
  if (style.extended) append_family(record, out);
  append_name(record.untracked_protocol ? "unknown" : listed_protocol_name(record.protocol), record.protocol, out);
  append_timeout_and_state(record, out);
  append_both_directions(record, ConnectionForm::Conntrack, out);
  if (record.has(Field::Mark)) {
    append_number("mark=", record.mark, out);
    out += ' ';
  }
  append_security(record, out);
  append_zone(record, false, out);
  append_delta_time(record, conntrack_delta_time(record), out);
  if (style.kernel_timestamp && record.has(Field::Start)) append_day("[start=", record.start_ns, out);
  if (style.kernel_timestamp && record.has(Field::Stop)) append_day("[stop=", record.stop_ns, out);
  if (record.has(Field::Helper)) {
    out += "helper=";
    append_text(record.helper, out);
    out += ' ';
  }
  if (record.has(Field::Use)) {
    append_number("use=", record.use, out);
    out += ' ';
  }
  if (style.id && record.has(Field::Id)) {
    append_number("id=", record.id, out);
    out += ' ';
  }
  // Where no label has a name, conntrack(8) takes its = back with the comma.
  if (style.labels && record.has(Field::Labels)) {
    out += record.labels.empty() ? "labels" : "labels=";
    append_text(record.labels, out);
    out += ' ';
  }
  out.pop_back();
  if (record.has(Field::Sender)) {
    out += " [USERSPACE] ";
    append_text(record.sender, out);
  }
}

// `prefix` stands before src= and dst=: "mask-", say.
void append_expected(std::string_view prefix, const ListedTuple& tuple, uint8_t protocol, std::string& out) {
  out += prefix;
  out += "src=";
  append_address(tuple.source, out);
  out += ' ';
  out += prefix;
  out += "dst=";
  append_address(tuple.destination, out);
  if (protocol == kGre) {
    out += " srckey=";
    append_key(tuple.source_id, out);
    out += " dstkey=";
    append_key(tuple.destination_id, out);
  } else {
    append_number(" sport=", tuple.source_id, out);
    append_number(" dport=", tuple.destination_id, out);
  }
  out += ' ';
}

}  // namespace

void write_expectation(const ExpectationRecord& record, bool timestamp, std::string& out) {
  if (timestamp) append_event_time(record.event_us, out);
  append_event(record.event, out);
  append_number(record.timeout_s, out);
  append_number(" proto=", record.protocol, out);
  out += ' ';
  append_expected("", record.tuple, record.protocol, out);
  append_expected("mask-", record.mask, record.protocol, out);
  append_expected("master-", record.master, record.master_protocol, out);
  if (record.zone != 0) {
    append_number("zone=", record.zone, out);
    out += ' ';
  }
  if (record.permanent) out += record.inactive ? "PERMANENT,INACTIVE " : "PERMANENT ";
  append_number("class=", record.helper_class, out);
  out += " helper=";
  out += record.helper;
}

void append_key(uint16_t key, std::string& out) {
  char digits[4];
  out += "0x";
  out.append(digits, std::to_chars(digits, digits + sizeof digits, key, 16).ptr);
}

void append_address(const IpAddress& address, std::string& out) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.family == Family::Ipv4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text);
  out += text;
}

void append_text(std::string_view text, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= ' ' && byte < 0x7f) {
      out += letter;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

void write_connection(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  switch (style.form) {
    case ConnectionForm::NfConntrack:
      return write_nf_conntrack(record, out);
    case ConnectionForm::IpConntrack:
      return write_ip_conntrack(record, out);
    case ConnectionForm::Conntrack:
      return write_conntrack(record, style, out);
    case ConnectionForm::Xml:
      return write_xml(record, style, out);
    case ConnectionForm::Save:
      return write_save(record, out);
    case ConnectionForm::Json:
      return write_json(record, style, out);
  }
}

std::string_view listing_head(ConnectionForm form) {
  return form == ConnectionForm::Xml ? "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n" : "";
}

std::string_view listing_tail(ConnectionForm form) { return form == ConnectionForm::Xml ? "</conntrack>\n" : ""; }

}  // namespace sallyport
