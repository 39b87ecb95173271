// PPTP: a control connection sets up calls, which are GRE flows with a key in each direction. Counterpart of
// net/netfilter/nf_conntrack_pptp.c; RFC 2637.
//
// As in the kernel, the client is the one that places calls (RFC 2637's PNS), and of several calls only the last is
// known. Messages that do not fit the session's state change nothing.
//
// Where the control connection is mapped, the client's call gets the control connection's mapped port as its number, by
// which the server knows it. Counterpart of net/ipv4/netfilter/nf_nat_pptp.c.

#include <cstring>
#include <optional>

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

using Control = PptpControl;
using Session = Control::Session;
using Call = Control::Call;

void keep(Connection& connection, const Control& control) {
  std::memcpy(connection.extra->helper_data.data(), &control, sizeof control);
}

// The tuple of a call's packets in that direction of the control connection.
Tuple call_tuple(const Connection& connection, Direction direction, uint16_t client_call, uint16_t server_call) {
  Tuple tuple = connection.tuple(direction);
  const bool there = direction == Direction::Original;
  tuple.protocol = kGre;
  tuple.source_id = there ? client_call : server_call;
  tuple.destination_id = there ? server_call : client_call;
  return tuple;
}

// What a message says: fields behind its header.
struct Body {
  uint16_t type = 0;
  const uint8_t* bytes = nullptr;
  uint16_t id() const { return load_be16(bytes); }
  uint16_t peer_id() const { return load_be16(bytes + 2); }
};

// The number of a call in a message's body, where NAT gives it another.
struct NewNumber {
  uint32_t place = 0;
  uint16_t number = 0;
};
constexpr uint32_t kFirst = 0, kSecond = 2;

// What a message changes; each function answers what number is to be written in a mapped connection's.
class Conversation {
 public:
  using Answer = std::optional<NewNumber>;

  Conversation(Connection& connection, const HelperContext& context)
      : connection_(connection), context_(context), control_(PptpControl::of(connection)) {}
  ~Conversation() { keep(connection_, control_); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  Answer client_says(const Body& body) {
    switch (body.type) {
      case kStartRequest:
        if (control_.session == Session::None) control_.session = Session::Requested;
        return {};
      case kStopRequest:
        control_.session = Session::StopRequested;
        return {};
      case kOutCallRequest:
        return confirmed() ? call_out(body) : Answer();
      case kInCallReply:
        return answer_incoming(body);
      case kCallClearRequest:
        if (!confirmed()) return {};
        control_.call = Call::ClearRequested;
        return NewNumber{kFirst, control_.client_call};
      default:
        return {};
    }
  }

  Answer server_says(const Body& body) {
    switch (body.type) {
      case kStartReply:
        if (control_.session < Session::Requested) return {};
        control_.session = body.bytes[2] == kDone ? Session::Confirmed : Session::Error;
        return {};
      case kStopReply:
        if (control_.session > Session::StopRequested) return {};
        control_.session = body.bytes[0] == kDone ? Session::None : Session::Error;
        return {};
      case kOutCallReply:
        return answer_outgoing(body);
      case kInCallRequest:
        if (!confirmed()) return {};
        control_.call = Call::InRequested;
        control_.server_call = body.id();
        return {};
      case kInCallConnect:
        return connect_incoming(body);
      case kCallDisconnectNotify:
        control_.call = Call::None;
        end_call();
        return own_number(kFirst);
      case kWanErrorNotify:
      case kSetLinkInfo:
        return own_number(kFirst);
      default:
        return {};
    }
  }

  void end_call() {
    context_.calls->end(connection_, call_tuple(connection_, Direction::Original, control_.client_call, server_call()),
                        call_tuple(connection_, Direction::Reply, control_.client_call, server_call()), control_.keys,
                        context_.now);
  }

 private:
  bool confirmed() const { return control_.session == Session::Confirmed; }
  uint16_t server_call() const { return control_.server_call; }
  Answer own_number(uint32_t place) const { return NewNumber{place, control_.own_client_call}; }

  Answer call_out(const Body& body) {
    control_.call = Call::OutRequested;
    control_.client_call = body.id();
    if (context_.nat == nullptr) return {};
    control_.own_client_call = control_.client_call;
    control_.client_call = connection_.tuple(Direction::Reply).destination_id;
    return NewNumber{kFirst, control_.client_call};
  }

  Answer answer_incoming(const Body& body) {
    if (control_.call != Call::InRequested && control_.call != Call::InReplied) return {};
    if (control_.server_call != body.peer_id()) return {};
    control_.call = body.bytes[4] == kDone ? Call::InReplied : Call::None;
    if (control_.call == Call::InReplied) control_.client_call = body.id();
    return NewNumber{kFirst, control_.client_call};
  }

  Answer answer_outgoing(const Body& body) {
    if (!confirmed() || (control_.call != Call::OutRequested && control_.call != Call::OutConfirmed)) return {};
    if (control_.client_call != body.peer_id()) return {};
    control_.call = body.bytes[4] == kDone ? Call::OutConfirmed : Call::None;
    if (control_.call == Call::OutConfirmed) {
      control_.server_call = body.id();
      expect_call();
    }
    return own_number(kSecond);
  }

  Answer connect_incoming(const Body& body) {
    if (!confirmed() || (control_.call != Call::InReplied && control_.call != Call::InConfirmed)) return {};
    if (control_.client_call != body.id()) return {};
    control_.call = Call::InConfirmed;
    expect_call();
    return own_number(kFirst);
  }

  // Each side uses the numbers that it knows.
  void expect_call() {
    const bool mapped = context_.nat != nullptr;
    const uint16_t clients_own = mapped ? control_.own_client_call : control_.client_call;
    Expectation there = {.any_source_port = false}, back = there;
    there.tuple = call_tuple(connection_, Direction::Original, clients_own, server_call());
    back.tuple = call_tuple(connection_, Direction::Reply, control_.client_call, server_call());
    if (mapped) {
      using Kind = ExpectedMapping::Kind;
      there.mapping = {.kind = Kind::PptpCall, .announced_by = Direction::Reply, .id = control_.client_call};
      back.mapping = {.kind = Kind::PptpCall, .announced_by = Direction::Original, .id = clients_own};
    }
    context_.calls->begin(connection_, there, back, control_.keys, context_.now);
  }

  Connection& connection_;
  const HelperContext& context_;
  Control control_;
};

}  // namespace

bool look_at_pptp(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established) return true;
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
  const auto number =
      context.direction == Direction::Original ? conversation.client_says(body) : conversation.server_says(body);
  if (!number || context.nat == nullptr) return true;
  char written[2];
  store_be16(reinterpret_cast<uint8_t*>(written), number->number);
  const auto begin = static_cast<uint32_t>(kHeaders + number->place);
  return context.nat->write(packet, {.begin = begin, .size = sizeof written}, {written, sizeof written});
}

void end_pptp(Connection& connection, const HelperContext& context) { Conversation(connection, context).end_call(); }

}  // namespace sallyport
