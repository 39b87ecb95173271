// A line of a listing read as a connection, in place. The lines are those of net/netfilter/nf_conntrack_standalone.c,
// of Linux 2.4's ip_conntrack and of conntrack(8), which differ in what they leave out only: so one reader takes them
// all.
//
// A line is words with spaces between them: [time] [event] [family] protocol, then KEY=VALUE, [FLAG] and one state
// word. What is before the second src= belongs to the original direction. Two million lines take less than two seconds,
// so the loop below looks at each byte once or twice and keeps nothing.

#include <algorithm>
#include <cstring>
#include <optional>

#include "conntrack/record_values.h"
#include "conntrack/record_words.h"
#include "sallyport/connection_text.h"

namespace sallyport {
namespace {

constexpr std::string_view kFields =
    "src, dst, sport, dport, srckey, dstkey, type, code, id, packets, bytes, mark, secmark, secctx, zone, zone-orig, "
    "zone-reply, delta-time, helper, use, labels";

// What a direction has been given so far.
enum Seen : uint32_t {
  kSource = 1,
  kDestination = 2,
  kSourceId = 4,
  kDestinationId = 8,
  kIcmpType = 16,
  kIcmpCode = 32,
  kPackets = 64,
  kBytes = 128,
};

class LineReader {
 public:
  LineReader(std::string_view line, ConnectionRecord& record, ListedProblem& problem)
      : begin_(line.data()), at_(begin_), end_(begin_ + line.size()), record_(record), problem_(problem) {}

  bool read() { return read_event() && read_family_and_protocol() && read_rest() && is_whole(); }

 private:
  std::string_view word() {
    while (at_ != end_ && *at_ == ' ') ++at_;
    const char* const start = at_;
    while (at_ != end_ && *at_ != ' ') ++at_;
    return {start, static_cast<size_t>(at_ - start)};
  }
  std::string_view peek() {
    const char* const kept = at_;
    const auto found = word();
    at_ = kept;
    return found;
  }
  bool wrong(std::string_view piece, std::string_view what, std::string_view expected) {
    problem_.column = static_cast<uint32_t>(piece.data() - begin_) + 1;
    problem_.length = static_cast<uint32_t>(piece.size());
    problem_.what = what;
    problem_.expected = expected;
    return false;
  }

  // "[1795602581.418592]\t", "    [NEW] ".
  bool read_event();
  bool read_family_and_protocol();
  bool read_rest();
  bool read_state(std::string_view piece);
  bool read_flag(std::string_view piece);
  bool read_day_flag(std::string_view piece);
  bool read_field(std::string_view piece);
  bool read_tuple_field(std::string_view piece, std::string_view key, std::string_view value, bool& known);
  bool read_address_field(std::string_view piece, std::string_view value, bool source);
  bool read_other_field(std::string_view piece, std::string_view key, std::string_view value);
  bool read_labels(std::string_view piece);
  bool is_whole();

  template <class Number>
  bool number(std::string_view piece, std::string_view value, uint64_t most, Number& into, std::string_view expected) {
    return read_number(value, most, into) || wrong(piece, "is no such number", expected);
  }
  template <class Number>
  bool number32(std::string_view piece, std::string_view value, Number& into) {
    return number(piece, value, 0xffffffff, into, "a number from 0 to 4294967295");
  }
  // Notes that the field of the current direction is there now; false where it was there before.
  bool first(std::string_view piece, Seen what) {
    if (direction_ < 0) return wrong(piece, "stands before any address", "src= first");
    if ((seen_[direction_] & what) != 0) return wrong(piece, "is given twice", "each field once in each direction");
    seen_[direction_] |= what;
    return true;
  }
  bool once(std::string_view piece, ConnectionRecord::Field field) {
    if (record_.has(field)) return wrong(piece, "is given twice", "each field once");
    record_.fields |= field;
    return true;
  }
  bool text(std::string_view piece, std::string_view value, ConnectionRecord::Field field, std::string_view& into) {
    if (!std::ranges::all_of(value, [](char letter) { return letter > ' ' && letter < 0x7f; }))
      return wrong(piece, "holds bytes that are no text", "printable ASCII");
    into = value;
    return once(piece, field);
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  ConnectionRecord& record_;
  ListedProblem& problem_;
  std::optional<Family> family_;  // where the line states it
  int direction_ = -1;
  uint32_t seen_[2] = {};
  bool unreplied_ = false;
  bool flagged_ = false;
};

bool LineReader::read_event() {
  constexpr std::string_view kExpected = "[NEW], [UPDATE], [DESTROY], or a protocol";
  if (at_ != end_ && *at_ == '[' && at_ + 1 != end_ && is_digit(at_[1])) {
    const char* const close = static_cast<const char*>(std::memchr(at_, ']', static_cast<size_t>(end_ - at_)));
    const std::string_view piece(at_, static_cast<size_t>((close == nullptr ? end_ : close + 1) - at_));
    const size_t dot = piece.find('.');
    uint64_t seconds = 0, part = 0;
    // "%-.6ld" leaves out nothing: six digits, or fewer where old releases wrote none in front.
    if (close == nullptr || dot == std::string_view::npos ||
        !read_number(piece.substr(1, dot - 1), 1ull << 40, seconds) ||
        !read_number(piece.substr(dot + 1, piece.size() - dot - 2), 999999, part))
      return wrong(piece, "is no time", "[SECONDS.MICROSECONDS]");
    record_.event_us = seconds * 1'000'000 + part;
    record_.fields |= ConnectionRecord::EventTime;
    at_ = close + 1;
    if (at_ != end_ && *at_ == '\t') ++at_;
  }
  const std::string_view next = peek();
  if (!next.starts_with('[')) return true;
  if (next == "[NEW]") {
    record_.event = ListedEvent::New;
  } else if (next == "[UPDATE]") {
    record_.event = ListedEvent::Update;
  } else if (next == "[DESTROY]") {
    record_.event = ListedEvent::Destroy;
  } else {
    return wrong(next, "is no event", kExpected);
  }
  word();
  return true;
}

bool LineReader::read_family_and_protocol() {
  std::string_view name = word();
  std::optional<Family> family;
  if (name == "ipv4" || name == "ipv6") {
    family = name == "ipv4" ? Family::Ipv4 : Family::Ipv6;
    const std::string_view number = word();
    if (number != (*family == Family::Ipv4 ? "2" : "10"))
      return wrong(number, "is not the number of this family", "ipv4 2 or ipv6 10");
    name = word();
  }
  family_ = family;
  const std::string_view number_text = word();
  if (!read_number(number_text, 255, record_.protocol)) {
    if (name.empty()) return wrong(name, "the line is empty", "a connection");
    return wrong(name, "begins no connection", "ipv4, ipv6, or a protocol and its number, such as: tcp 6");
  }
  if (name == "unknown") {
    record_.untracked_protocol = kernel_protocol_name(record_.protocol) != "unknown";
  } else if (name != listed_protocol_name(record_.protocol)) {
    return wrong(name, "is not the name of this protocol", listed_protocol_name(record_.protocol));
  }
  const std::string_view timeout = peek();
  if (!timeout.empty() && is_digit(timeout[0])) {
    if (!number32(timeout, timeout, record_.timeout_s)) return false;
    record_.fields |= ConnectionRecord::Timeout;
    word();
  }
  return true;
}

bool LineReader::read_rest() {
  while (true) {
    while (at_ != end_ && *at_ == ' ') ++at_;
    if (at_ == end_) return true;
    const std::string_view piece = word();
    const char letter = piece[0];
    if (letter >= 'a' && letter <= 'z') {
      if (!read_field(piece)) return false;
    } else if (letter == '[') {
      if (!read_flag(piece)) return false;
    } else if (letter >= 'A' && letter <= 'Z') {
      if (!read_state(piece)) return false;
    } else {
      return wrong(piece, "is no field", "NAME=VALUE, a state, or a flag such as [ASSURED]");
    }
  }
}

bool LineReader::read_state(std::string_view piece) {
  if (record_.state != ListedState::Absent) return wrong(piece, "is a second state", "one state");
  if (direction_ >= 0) return wrong(piece, "stands after an address", "the state before src=");
  record_.state = listed_state(record_.protocol, piece);
  if (record_.state != ListedState::Absent) return true;
  switch (record_.protocol) {
    case kTcp:
      return wrong(piece, "is no state of TCP",
                   "NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2 "
                   "or LISTEN");
    case kSctp:
      return wrong(piece, "is no state of SCTP",
                   "NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD, "
                   "SHUTDOWN_ACK_SENT, HEARTBEAT_SENT or HEARTBEAT_ACKED");
    default:
      return wrong(piece, "is no field", "no state: this protocol has none");
  }
}

bool LineReader::read_flag(std::string_view piece) {
  if (piece == "[UNREPLIED]") {
    if (unreplied_) return wrong(piece, "is given twice", "each flag once");
    unreplied_ = true;
    return true;
  }
  if (piece.starts_with("[start=") || piece.starts_with("[stop=")) return read_day_flag(piece);
  if (piece == "[USERSPACE]") {
    while (at_ != end_ && *at_ == ' ') ++at_;
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    at_ = end_;
    if (!std::ranges::all_of(rest, [](char letter) { return letter >= ' ' && letter < 0x7f; }))
      return wrong(rest, "holds bytes that are no text", "printable ASCII");
    record_.sender = rest;
    return once(piece, ConnectionRecord::Sender);
  }
  const auto status = piece == "[ASSURED]"      ? ConnectionRecord::Assured
                      : piece == "[OFFLOAD]"    ? ConnectionRecord::Offload
                      : piece == "[HW_OFFLOAD]" ? ConnectionRecord::HardwareOffload
                                                : ConnectionRecord::Status{};
  if (status == 0)
    return wrong(piece, "is no flag", "[UNREPLIED], [ASSURED], [OFFLOAD], [HW_OFFLOAD], [start=...] or [stop=...]");
  if (flagged_) return wrong(piece, "follows such a flag already", "one of [ASSURED], [OFFLOAD], [HW_OFFLOAD]");
  flagged_ = true;
  record_.status |= status;
  return true;
}

bool LineReader::read_day_flag(std::string_view piece) {
  const char* const close = static_cast<const char*>(std::memchr(at_, ']', static_cast<size_t>(end_ - at_)));
  const bool start = piece.starts_with("[start=");
  const size_t name = start ? 7 : 6;
  const std::string_view whole(piece.begin(), close == nullptr ? end_ : close + 1);
  const auto time = close == nullptr ? std::nullopt : read_day(whole.substr(name, whole.size() - name - 1));
  if (!time) return wrong(whole, "is no time", "such as [start=Wed Nov 25 10:29:41 2026]");
  (start ? record_.start_ns : record_.stop_ns) = *time;
  at_ = close + 1;
  return once(whole, start ? ConnectionRecord::Start : ConnectionRecord::Stop);
}

bool LineReader::read_field(std::string_view piece) {
  const size_t sign = piece.find('=');
  if (sign == std::string_view::npos) {
    if (piece == "labels") return once(piece, ConnectionRecord::Labels);
    return wrong(piece, "is no field", "NAME=VALUE, a state, or a flag such as [ASSURED]");
  }
  const std::string_view key = piece.substr(0, sign);
  const std::string_view value = piece.substr(sign + 1);
  bool known = true;
  const bool read = read_tuple_field(piece, key, value, known);
  return known ? read : read_other_field(piece, key, value);
}

bool LineReader::read_address_field(std::string_view piece, std::string_view value, bool source) {
  if (source && ++direction_ > 1) {
    direction_ = 1;
    return wrong(piece, "begins a third direction", "an original and a reply direction");
  }
  if (!first(piece, source ? kSource : kDestination)) return false;
  ListedTuple& tuple = record_.tuples[static_cast<size_t>(direction_)];
  if (!read_address(value, source ? tuple.source : tuple.destination))
    return wrong(piece, "holds no address", "an address such as 192.0.2.1 or 2001:db8::1");
  return true;
}

// What belongs to a direction. `known` becomes false where the field is none of these.
bool LineReader::read_tuple_field(std::string_view piece, std::string_view key, std::string_view value, bool& known) {
  constexpr std::string_view kPort = "a port from 0 to 65535";
  constexpr std::string_view kByte = "a number from 0 to 255";
  constexpr std::string_view kKey = "a key from 0x0 to 0xffff";
  constexpr std::string_view kCount = "a number below 2^64";
  if (key == "src") return read_address_field(piece, value, true);
  if (key == "dst") return read_address_field(piece, value, false);
  const size_t direction = direction_ < 0 ? 0 : static_cast<size_t>(direction_);
  ListedTuple& tuple = record_.tuples[direction];
  ListedCounts& counts = record_.counts[direction];
  if (key == "sport") return first(piece, kSourceId) && number(piece, value, 65535, tuple.source_id, kPort);
  if (key == "dport") return first(piece, kDestinationId) && number(piece, value, 65535, tuple.destination_id, kPort);
  if (key == "packets") return first(piece, kPackets) && number(piece, value, UINT64_MAX, counts.packets, kCount);
  if (key == "bytes") return first(piece, kBytes) && number(piece, value, UINT64_MAX, counts.bytes, kCount);
  if (key == "type") return first(piece, kIcmpType) && number(piece, value, 255, tuple.icmp_type, kByte);
  if (key == "code") return first(piece, kIcmpCode) && number(piece, value, 255, tuple.icmp_code, kByte);
  // An id= is that of an ICMP query, once in each direction; after that it is the connection's own.
  if (key == "id" && record_.is_icmp() && direction_ >= 0 && (seen_[direction] & kSourceId) == 0) {
    seen_[direction] |= kSourceId;
    return number(piece, value, 65535, tuple.source_id, "a number from 0 to 65535");
  }
  if (key == "srckey")
    return first(piece, kSourceId) && (read_key(value, tuple.source_id) || wrong(piece, "is no key", kKey));
  if (key == "dstkey")
    return first(piece, kDestinationId) && (read_key(value, tuple.destination_id) || wrong(piece, "is no key", kKey));
  known = false;
  return false;
}

bool LineReader::read_other_field(std::string_view piece, std::string_view key, std::string_view value) {
  constexpr std::string_view kZone = "a zone from 0 to 65535";
  ConnectionRecord& to = record_;
  if (key == "mark") return once(piece, to.Mark) && number32(piece, value, to.mark);
  if (key == "zone") return number(piece, value, 65535, to.zone, kZone);
  if (key == "use") return once(piece, to.Use) && number32(piece, value, to.use);
  if (key == "delta-time")
    return once(piece, to.DeltaTime) && number(piece, value, UINT64_MAX, to.delta_time_s, "seconds");
  if (key == "helper") return text(piece, value, to.Helper, to.helper);
  if (key == "secctx") return text(piece, value, to.SecurityContext, to.security_context);
  if (key == "secmark") return once(piece, to.SecurityMark) && number32(piece, value, to.security_mark);
  if (key == "zone-orig") return number(piece, value, 65535, to.original_zone, kZone);
  if (key == "zone-reply") return number(piece, value, 65535, to.reply_zone, kZone);
  if (key == "id") return once(piece, to.Id) && number32(piece, value, to.id);
  if (key == "labels") return read_labels(piece);
  const bool comma = value.ends_with(',');
  const std::string_view plain = value.substr(0, value.size() - (comma ? 1 : 0));
  if (key == "timeout") return number32(piece, plain, to.gre_timeout_s);
  if (key == "stream_timeout") return number32(piece, plain, to.gre_stream_timeout_s);
  return wrong(piece, "is not known", kFields);
}

// Names may hold spaces, so they are all that is left, but for who caused an event.
bool LineReader::read_labels(std::string_view piece) {
  std::string_view rest(piece.begin(), end_);
  rest = rest.substr(0, rest.find(" [USERSPACE]"));
  at_ = rest.data() + rest.size();
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  if (!std::ranges::all_of(rest, [](char letter) { return letter >= ' ' && letter < 0x7f; }))
    return wrong(rest, "holds bytes that are no text", "printable ASCII");
  record_.labels = rest.substr(std::string_view("labels=").size());
  return once(rest, ConnectionRecord::Labels);
}

// Both directions, with what the protocol has, of one family.
bool LineReader::is_whole() {
  const std::string_view end(end_, end_);
  ConnectionRecord& to = record_;
  if (direction_ < 1) return wrong(end, "the line ends early", direction_ < 0 ? "src=" : "the reply direction's src=");
  uint32_t needed = kSource | kDestination;
  if (!to.untracked_protocol) {
    const bool ids = (to.has_ports() && to.protocol != kDccp) || to.protocol == kGre;
    if (ids) needed |= kSourceId | kDestinationId;
    if (to.is_icmp()) needed |= kSourceId | kIcmpType | kIcmpCode;
  }
  for (const uint32_t seen : seen_) {
    if ((seen & needed) != needed)
      return wrong(end, "a direction is not whole",
                   "src=, dst=, and what the protocol has: ports, keys, or type, code, id");
    if (((seen & kPackets) != 0) != ((seen & kBytes) != 0))
      return wrong(end, "counters are not whole", "packets= and bytes=");
  }
  if ((seen_[0] & seen_[1] & kPackets) != 0) to.fields |= ConnectionRecord::Counts;
  to.family = to.original().source.family;
  for (const ListedTuple& tuple : to.tuples) {
    if (tuple.source.family != to.family || tuple.destination.family != to.family ||
        family_.value_or(to.family) != to.family)
      return wrong(end, "addresses of two families", "one family in a line");
  }
  if (!unreplied_) to.status |= ConnectionRecord::SeenReply;
  return true;
}

}  // namespace

bool parse_connection(std::string_view line, ConnectionRecord& record, ListedProblem& problem) noexcept {
  record = {};
  return LineReader(line, record, problem).read();
}

}  // namespace sallyport
