// PPTP: a control connection sets up calls, which are GRE flows with a key in each direction. Counterpart of
// net/netfilter/nf_conntrack_pptp.c; RFC 2637.
//
// As in the kernel, the client is the one that places calls (RFC 2637's PNS), and of several calls only the last is
// known. Messages that do not fit the session's state change nothing.
//
// Differs from the kernel: what a mapped connection says is neither written anew nor believed (nf_nat_pptp.c).

#include <cstring>

#include "conntrack/helper_text.h"
#include "conntrack/helpers.h"
#include "conntrack/pptp_calls.h"

namespace sallyport {
namespace {

enum Message : uint16_t {
  kStartRequest = 1,
  kStartReply = 2,
  kStopRequest = 3,
  kStopReply = 4,
  kEchoRequest = 5,
  kEchoReply = 6,
  kOutCallRequest = 7,
  kOutCallReply = 8,
  kInCallRequest = 9,
  kInCallReply = 10,
  kInCallConnect = 11,
  kCallClearRequest = 12,
  kCallDisconnectNotify = 13,
  kWanErrorNotify = 14,
  kSetLinkInfo = 15,
};
// What each has at least behind its header.
constexpr uint16_t kBodyBytes[] = {0, 144, 144, 4, 4, 0, 0, 156, 20, 208, 12, 16, 4, 136, 28, 12};
constexpr uint8_t kDone = 1;  // the result of what was granted

enum class Session : uint8_t { None, Error, StopRequested, Requested, Confirmed };
enum class Call : uint8_t {
  None,
  Error,
  OutRequested,
  OutConfirmed,
  InRequested,
  InReplied,
  InConfirmed,
  ClearRequested
};

// Kept in ConnectionExtra::helper_data, which begins as zeros.
struct Control {
  Session session;
  Call call;
  uint16_t client_call;
  uint16_t server_call;
  PptpCalls::Numbers keys;
};
static_assert(sizeof(Control) <= sizeof(ConnectionExtra::helper_data));

Control control_of(const Connection& connection) {
  Control control{};
  std::memcpy(&control, connection.extra->helper_data.data(), sizeof control);
  return control;
}

void keep(Connection& connection, const Control& control) {
  std::memcpy(connection.extra->helper_data.data(), &control, sizeof control);
}

// The tuple of a call's packets in that direction of the control connection.
Tuple call_tuple(const Connection& connection, Direction direction, const Control& control) {
  Tuple tuple = connection.tuple(direction);
  const bool there = direction == Direction::Original;
  tuple.protocol = kGre;
  tuple.source_id = there ? control.client_call : control.server_call;
  tuple.destination_id = there ? control.server_call : control.client_call;
  return tuple;
}

// What a message says: fields behind its header.
struct Body {
  uint16_t type = 0;
  const uint8_t* bytes = nullptr;
  uint16_t id() const { return load_be16(bytes); }
  uint16_t peer_id() const { return load_be16(bytes + 2); }
};

class Conversation {
 public:
  Conversation(Connection& connection, const HelperContext& context)
      : connection_(connection), context_(context), control_(control_of(connection)) {}
  ~Conversation() { keep(connection_, control_); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void client_says(const Body& body) {
    switch (body.type) {
      case kStartRequest:
        if (control_.session == Session::None) control_.session = Session::Requested;
        break;
      case kStopRequest:
        control_.session = Session::StopRequested;
        break;
      case kOutCallRequest:
        if (!confirmed()) break;
        control_.call = Call::OutRequested;
        control_.client_call = body.id();
        break;
      case kInCallReply:
        answer_incoming(body);
        break;
      case kCallClearRequest:
        if (confirmed()) control_.call = Call::ClearRequested;
        break;
      default:
        break;
    }
  }

  void server_says(const Body& body) {
    switch (body.type) {
      case kStartReply:
        if (control_.session < Session::Requested) break;
        control_.session = body.bytes[2] == kDone ? Session::Confirmed : Session::Error;
        break;
      case kStopReply:
        if (control_.session > Session::StopRequested) break;
        control_.session = body.bytes[0] == kDone ? Session::None : Session::Error;
        break;
      case kOutCallReply:
        answer_outgoing(body);
        break;
      case kInCallRequest:
        if (!confirmed()) break;
        control_.call = Call::InRequested;
        control_.server_call = body.id();
        break;
      case kInCallConnect:
        if (!confirmed() || (control_.call != Call::InReplied && control_.call != Call::InConfirmed)) break;
        if (control_.client_call != body.id()) break;
        control_.call = Call::InConfirmed;
        expect_call();
        break;
      case kCallDisconnectNotify:
        control_.call = Call::None;
        end_call();
        break;
      default:
        break;
    }
  }

  void end_call() { context_.calls->end(connection_, there(), back(), control_.keys, context_.now); }

 private:
  bool confirmed() const { return control_.session == Session::Confirmed; }
  Tuple there() const { return call_tuple(connection_, Direction::Original, control_); }
  Tuple back() const { return call_tuple(connection_, Direction::Reply, control_); }
  void expect_call() { context_.calls->begin(connection_, there(), back(), control_.keys, context_.now); }

  void answer_incoming(const Body& body) {
    if (control_.call != Call::InRequested && control_.call != Call::InReplied) return;
    if (control_.server_call != body.peer_id()) return;
    control_.call = body.bytes[4] == kDone ? Call::InReplied : Call::None;
    if (control_.call == Call::InReplied) control_.client_call = body.id();
  }

  void answer_outgoing(const Body& body) {
    if (!confirmed() || (control_.call != Call::OutRequested && control_.call != Call::OutConfirmed)) return;
    if (control_.client_call != body.peer_id()) return;
    control_.call = body.bytes[4] == kDone ? Call::OutConfirmed : Call::None;
    if (control_.call == Call::None) return;
    control_.server_call = body.id();
    expect_call();
  }

  Connection& connection_;
  const HelperContext& context_;
  Control control_;
};

}  // namespace

bool look_at_pptp(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established || context.nat != nullptr) return true;
  constexpr size_t kHeaders = 12;
  constexpr uint16_t kControl = 1;
  constexpr uint32_t kMagic = 0x1a2b3c4d;
  const PayloadText payload = tcp_payload(packet);
  if (payload.size() < kHeaders) return true;
  if (load_be16(&payload[2]) != kControl || load_be32(&payload[4]) != kMagic) return true;
  const Body body = {.type = load_be16(&payload[8]), .bytes = payload.data() + kHeaders};
  const bool known = body.type != 0 && body.type < std::size(kBodyBytes);
  if (!known || payload.size() - kHeaders < kBodyBytes[body.type]) return true;
  Conversation conversation(connection, context);
  if (context.direction == Direction::Original) {
    conversation.client_says(body);
  } else {
    conversation.server_says(body);
  }
  return true;
}

void end_pptp(Connection& connection, const HelperContext& context) { Conversation(connection, context).end_call(); }

}  // namespace sallyport
