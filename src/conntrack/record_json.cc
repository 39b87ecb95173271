// Connections as JSON, an object each. Where Suricata's EVE has a name for a thing it is that; ours are under
// "netfilter".

#include <cctype>
#include <ctime>

#include "conntrack/record_words.h"
#include "conntrack/record_writer.h"

namespace sallyport {
namespace {

using Field = ConnectionRecord::Field;

// An object under construction: puts the commas.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  void name(std::string_view name) {
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += name;
    out_ += "\":";
  }
  template <class Number>
  void number(std::string_view key, Number value) {
    name(key);
    append_number(value, out_);
  }
  void boolean(std::string_view key, bool value) {
    name(key);
    out_ += value ? "true" : "false";
  }
  // Printable ASCII in, so that two signs need care only; whatever else there is, is made visible before.
  void text(std::string_view key, std::string_view value) {
    name(key);
    out_ += '"';
    for (const char letter : value) {
      if (letter == '"' || letter == '\\') out_ += '\\';
      if (static_cast<unsigned char>(letter) < ' ' || static_cast<unsigned char>(letter) > '~') {
        out_ += "\\ufffd";
      } else {
        out_ += letter;
      }
    }
    out_ += '"';
  }
  void address(std::string_view key, const IpAddress& value) {
    name(key);
    out_ += '"';
    append_address(value, out_);
    out_ += '"';
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

std::string eve_protocol(const ConnectionRecord& record) {
  if (record.protocol == kIcmp6) return "IPv6-ICMP";
  std::string name(listed_protocol_name(record.protocol));
  if (name == "unknown") {
    const std::string number = std::to_string(record.protocol);
    return std::string(3 - number.size(), '0') + number;
  }
  for (char& letter : name) letter = static_cast<char>(std::toupper(letter));
  return name;
}

// "2026-11-25T10:29:41.418592+0000".
std::string eve_time(uint64_t nanoseconds) {
  const auto seconds = static_cast<time_t>(nanoseconds / 1'000'000'000);
  tm day = {};
  char text[64];
  gmtime_r(&seconds, &day);
  const std::string part = std::to_string(nanoseconds / 1000 % 1'000'000);
  const std::string head(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &day));
  return head + std::string(6 - part.size(), '0') + part + "+0000";
}

void add_tuple(const ConnectionRecord& record, const ListedTuple& tuple, Object& object) {
  const bool ports = record.has_ports() && !record.untracked_protocol;
  object.address("src_ip", tuple.source);
  if (ports) object.number("src_port", tuple.source_id);
  object.address("dest_ip", tuple.destination);
  if (ports) object.number("dest_port", tuple.destination_id);
  if (record.is_icmp() && !record.untracked_protocol) {
    object.number("icmp_type", tuple.icmp_type);
    object.number("icmp_code", tuple.icmp_code);
    object.number("icmp_id", tuple.source_id);
  }
  if (record.protocol == kGre && !record.untracked_protocol) {
    object.number("src_key", tuple.source_id);
    object.number("dest_key", tuple.destination_id);
  }
}

void add_flow(const ConnectionRecord& record, Object& object, std::string& out) {
  if (!record.has(Field::Counts) && !record.has(Field::DeltaTime) && !record.has(Field::Start)) return;
  object.name("flow");
  Object flow(out);
  if (record.has(Field::Counts)) {
    flow.number("pkts_toserver", record.counts[0].packets);
    flow.number("pkts_toclient", record.counts[1].packets);
    flow.number("bytes_toserver", record.counts[0].bytes);
    flow.number("bytes_toclient", record.counts[1].bytes);
  }
  if (record.has(Field::Start)) flow.text("start", eve_time(record.start_ns));
  if (record.has(Field::Stop)) flow.text("end", eve_time(record.stop_ns));
  if (record.has(Field::DeltaTime)) flow.number("age", record.delta_time_s);
  flow.end();
}

void add_details(const ConnectionRecord& record, Object& netfilter) {
  if (record.has(Field::Mark)) netfilter.number("mark", record.mark);
  if (record.zone != 0) netfilter.number("zone", record.zone);
  if (record.original_zone != 0) netfilter.number("zone_orig", record.original_zone);
  if (record.reply_zone != 0) netfilter.number("zone_reply", record.reply_zone);
  if (record.has(Field::SecurityMark)) netfilter.number("secmark", record.security_mark);
  if (record.has(Field::SecurityContext)) netfilter.text("secctx", record.security_context);
  if (record.has(Field::Helper)) netfilter.text("helper", record.helper);
  if (record.has(Field::Labels)) netfilter.text("labels", record.labels);
  if (record.has(Field::Use)) netfilter.number("use", record.use);
  if (record.has(Field::Id)) netfilter.number("id", record.id);
}

void add_netfilter(const ConnectionRecord& record, Object& object, std::string& out) {
  constexpr std::string_view kEvents[] = {"", "NEW", "UPDATE", "DESTROY"};
  object.name("netfilter");
  Object netfilter(out);
  if (record.event != ListedEvent::None) netfilter.text("event", kEvents[static_cast<size_t>(record.event)]);
  netfilter.number("protocol", record.protocol);
  if (record.state != ListedState::Absent) netfilter.text("state", state_text(record.state));
  if (record.has(Field::Timeout)) netfilter.number("timeout", record.timeout_s);
  netfilter.boolean("replied", record.is(ConnectionRecord::SeenReply));
  netfilter.boolean("assured", record.is(ConnectionRecord::Assured));
  if (record.is(ConnectionRecord::Offload)) netfilter.text("offload", "software");
  if (record.is(ConnectionRecord::HardwareOffload)) netfilter.text("offload", "hardware");
  netfilter.boolean("source_nat", record.source_translated());
  netfilter.boolean("destination_nat", record.destination_translated());
  netfilter.name("reply");
  Object reply(out);
  add_tuple(record, record.reply(), reply);
  reply.end();
  add_details(record, netfilter);
  netfilter.end();
}

}  // namespace

void write_json(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out) {
  Object object(out);
  if (style.timestamp && record.has(Field::EventTime)) object.text("timestamp", eve_time(record.event_us * 1000));
  object.text("event_type", "flow");
  object.text("proto", eve_protocol(record));
  object.number("ip_v", record.family == Family::Ipv4 ? 4 : 6);
  add_tuple(record, record.original(), object);
  add_flow(record, object, out);
  add_netfilter(record, object, out);
  object.end();
}

}  // namespace sallyport
