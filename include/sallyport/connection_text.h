// Connections as text: what one line of a listing holds, reading such lines, writing them in every form that is known.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/address.h"
#include "sallyport/result.h"

namespace sallyport {

// The states that listings name: TCP's and SCTP's, and DCCP's of kernels that tracked it. Absent: no state column.
enum class ListedState : uint8_t {
  Absent,
  None,
  SynSent,
  SynRecv,
  Established,
  FinWait,
  CloseWait,
  LastAck,
  TimeWait,
  Close,
  SynSent2,
  Listen,
  Closed,
  CookieWait,
  CookieEchoed,
  ShutdownSent,
  ShutdownRecd,
  ShutdownAckSent,
  HeartbeatSent,
  HeartbeatAcked,
  Request,
  Respond,
  PartOpen,
  Open,
  CloseReq,
  Closing,
  DccpTimeWait,
  Ignore,
  Invalid,
};
constexpr size_t kListedStates = 29;

// "ESTABLISHED"; empty for Absent.
std::string_view state_text(ListedState state);
// The state that `word` names for that protocol; Absent where it names none.
ListedState listed_state(uint8_t protocol, std::string_view word);

// What happened to a connection, in the lines of `conntrack -E`. None: the line is of a listing.
enum class ListedEvent : uint8_t { None, New, Update, Destroy };

// One direction. The identifiers are ports, GRE keys, or (source only) an ICMP query's identifier.
struct ListedTuple {
  IpAddress source = {};
  IpAddress destination = {};
  uint16_t source_id = 0;
  uint16_t destination_id = 0;
  uint8_t icmp_type = 0;
  uint8_t icmp_code = 0;

  bool operator==(const ListedTuple&) const = default;
};

struct ListedCounts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

// A connection as a listing holds it. The pieces of text point into the line that was read: they are valid while it is.
// A plain value otherwise; one thread.
struct ConnectionRecord {
  // Fields that not every listing has. Those of the tuples follow from the protocol, zones are there when not zero.
  enum Field : uint32_t {
    Timeout = 1u << 0,
    Counts = 1u << 1,
    Mark = 1u << 2,
    SecurityMark = 1u << 3,
    SecurityContext = 1u << 4,
    DeltaTime = 1u << 5,
    Start = 1u << 6,
    Stop = 1u << 7,
    Helper = 1u << 8,
    Use = 1u << 9,
    Id = 1u << 10,
    Labels = 1u << 11,
    EventTime = 1u << 12,
    Sender = 1u << 13,
    SctpTags = 1u << 14,
  };
  // With the kernel's values (enum ip_conntrack_status). A line that says [OFFLOAD] does not say whether it is assured.
  enum Status : uint32_t {
    Expected = 1u << 0,
    SeenReply = 1u << 1,
    Assured = 1u << 2,
    FixedTimeout = 1u << 10,
    Offload = 1u << 14,
    HardwareOffload = 1u << 15,
  };

  uint32_t fields = 0;
  uint32_t status = 0;
  Family family = Family::Ipv4;
  uint8_t protocol = 0;
  // The kernel that made the listing had no tracker for a protocol that has one today: "unknown 132", without ports.
  bool untracked_protocol = false;
  ListedState state = ListedState::Absent;
  ListedEvent event = ListedEvent::None;
  uint16_t zone = 0;  // of both directions; or of one:
  uint16_t original_zone = 0;
  uint16_t reply_zone = 0;
  uint32_t timeout_s = 0;
  uint32_t mark = 0;
  uint32_t security_mark = 0;
  uint32_t use = 0;  // holders of the entry, the listing itself not counted
  uint32_t id = 0;
  uint32_t gre_timeout_s = 0;
  uint32_t gre_stream_timeout_s = 0;
  uint64_t delta_time_s = 0;
  uint64_t start_ns = 0;  // since 1970, as are the next two
  uint64_t stop_ns = 0;
  uint64_t event_us = 0;
  std::array<ListedTuple, 2> tuples = {};  // original, reply
  std::array<ListedCounts, 2> counts = {};
  std::array<uint32_t, 2> sctp_tags = {};  // in no listing but that of -o save
  std::string_view security_context = {};
  std::string_view helper = {};
  std::string_view labels = {};  // names with commas between them
  std::string_view sender = {};  // of an event: "portid=1 progname=conntrack"

  bool has(Field field) const { return (fields & field) != 0; }
  bool is(Status bit) const { return (status & bit) != 0; }
  const ListedTuple& original() const { return tuples[0]; }
  const ListedTuple& reply() const { return tuples[1]; }
  // Whether answers go elsewhere than to the sender, come from elsewhere than the receiver: address, port, key, or the
  // identifier of an ICMP query.
  bool source_translated() const;
  bool destination_translated() const;
  // TCP, UDP, UDP-Lite, SCTP, DCCP.
  bool has_ports() const;
  bool is_icmp() const;
};

// Where and why a line was not understood. Fixed texts: a bad line costs no memory.
struct ListedProblem {
  uint32_t column = 0;  // from 1
  uint32_t length = 0;  // of the piece that is wrong
  std::string_view what = {};
  std::string_view expected = {};
};

// Reads one line (without its end) of /proc/net/nf_conntrack, of /proc/net/ip_conntrack, of `conntrack -L` or `-E` with
// any of -o extended, id, timestamp, ktimestamp, labels, told apart by what is in it. False: `problem` says why,
// `record` holds nothing of use. Times of day are taken as UTC. Allocates nothing, throws nothing, whatever the line
// is.
bool parse_connection(std::string_view line, ConnectionRecord& record, ListedProblem& problem) noexcept;

// Reads a whole listing line by line, in place, and goes on after a bad line. What conntrack(8) says at its end and the
// expectations that old kernels list among the connections are passed over. `text` must outlive the records.
class ConnectionReader {
 public:
  static constexpr size_t kErrorsKept = 20;

  ConnectionReader(std::string_view text, std::string_view file) : left_(text), file_(file) {}

  // The next connection; false at the end.
  bool next(ConnectionRecord& record);
  // The line that the last record was read from, without its end.
  std::string_view line() const { return line_; }
  uint32_t line_number() const { return line_number_; }
  // Bytes not yet read.
  size_t left() const { return left_.size(); }
  // The first errors, and how many lines were bad in all.
  const Errors& errors() const { return errors_; }
  uint64_t bad_lines() const { return bad_lines_; }

 private:
  void keep(const ListedProblem& problem);

  std::string_view left_;
  std::string_view file_;
  std::string_view line_ = {};
  uint32_t line_number_ = 0;
  uint64_t bad_lines_ = 0;
  Errors errors_ = {};
};

enum class ConnectionForm : uint8_t {
  NfConntrack,  // /proc/net/nf_conntrack of today's kernel
  IpConntrack,  // /proc/net/ip_conntrack of Linux 2.4
  Conntrack,    // conntrack -L
  Xml,          // conntrack -L -o xml
  Save,         // conntrack -L -o save
  Json,         // one object, with the names of Suricata's EVE where it has one
};

// The form, and what conntrack(8)'s -o adds to Conntrack and Xml.
struct ConnectionStyle {
  ConnectionForm form = ConnectionForm::Conntrack;
  bool extended = false;
  bool id = false;
  bool labels = false;
  bool timestamp = false;  // when an event happened
  bool kernel_timestamp = false;

  bool operator==(const ConnectionStyle&) const = default;
};

// A connection that a helper expects, as `conntrack -E expect` lists it. A plain value; `helper` points to a constant.
struct ExpectationRecord {
  ListedEvent event = ListedEvent::None;
  uint64_t event_us = 0;
  uint32_t timeout_s = 0;
  uint8_t protocol = 0;
  uint8_t master_protocol = 0;
  uint8_t helper_class = 0;
  bool permanent = false;
  bool inactive = false;
  uint16_t zone = 0;
  ListedTuple tuple = {};
  ListedTuple mask = {};  // which of its bits count
  ListedTuple master = {};
  std::string_view helper = {};
};

// Takes the events of connections as `conntrack -E` lists them: record.event says which. Called on the packet path; the
// record is valid until it returns.
class ConnectionEventSink {
 public:
  virtual ~ConnectionEventSink() = default;
  virtual void emit(const ConnectionRecord& record) = 0;
  // Likewise of what helpers expect: it is new, or no longer expected, be it that it came.
  virtual void emit_expectation(const ExpectationRecord&) {}
};

// Appends the connection to `out`, without a line's end. Byte for byte as the kernel and conntrack(8) 1.4.7 write it,
// but that times of day are UTC. Safe to show: no control character gets out.
void write_connection(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out);
// As `conntrack -E expect` and, with `timestamp`, its -o timestamp write it.
void write_expectation(const ExpectationRecord& record, bool timestamp, std::string& out);
// What goes before the first and after the last connection of a listing that is not empty; empty but for XML.
std::string_view listing_head(ConnectionForm form);
std::string_view listing_tail(ConnectionForm form);

}  // namespace sallyport
