// SIP: calls are set up by text, over UDP or TCP. Counterpart of net/netfilter/nf_conntrack_sip.c; RFC 3261.
//
// Two things are expected. From a REGISTER: calls from the registrar to the address that was registered, once the
// registrar has said yes, for as long as it says. From a session description (in INVITE, UPDATE, ACK, PRACK and their
// answers): media, each with a port for its control behind it, from the other end of the signalling connection to this
// one; an address of a third machine is believed by nobody. BYE and refusals end what was expected. A message that
// should say something of this and says it wrongly is dropped.
//
// Differs from the kernel: what a mapped connection says is neither written anew nor believed (nf_nat_sip.c).

#include <cstring>

#include "conntrack/helper_text.h"
#include "conntrack/helpers.h"
#include "conntrack/sip_message.h"

namespace sallyport {
namespace {

// The helper's classes (helpers.cc).
constexpr uint8_t kSignalling = 0, kAudio = 1, kVideo = 2, kImage = 3;
constexpr uint8_t kMedia = 1u << kAudio | 1u << kVideo | 1u << kImage;

constexpr Duration kSessionLasts = 3600 * kSecond;
constexpr uint16_t kLeastPort = 1024;
constexpr std::string_view kAnswer = "SIP/2.0 ", kShortestMessage = "SIP/2.0 200";

// Kept in ConnectionExtra::helper_data, which begins as zeros: which request's answer counts.
struct Sequence {
  uint32_t of_register;
  uint32_t of_invite;
};
static_assert(sizeof(Sequence) <= sizeof(ConnectionExtra::helper_data));

struct Medium {
  std::string_view word;
  uint8_t helper_class;
};
constexpr Medium kMediaWords[] = {{"audio ", kAudio}, {"video ", kVideo}, {"image ", kImage}};

const Medium* find_medium(PayloadText line) {
  for (const Medium& medium : kMediaWords) {
    if (begins_with(line, medium.word)) return &medium;
  }
  return nullptr;
}

// One message of a connection. Each function answers whether it passes.
class SipHelper {
 public:
  SipHelper(Connection& connection, const HelperContext& context, PayloadText message)
      : connection_(connection),
        context_(context),
        message_(message, connection.family),
        own_(connection.tuple(context.direction)),
        other_(connection.tuple(opposite(context.direction))) {
    std::memcpy(&sequence_, connection.extra->helper_data.data(), sizeof sequence_);
  }

  bool look() {
    const bool passes = begins_with_word(message_.text(), kAnswer) ? look_at_answer() : look_at_request();
    std::memcpy(connection_.extra->helper_data.data(), &sequence_, sizeof sequence_);
    return passes;
  }

 private:
  using Request = bool (SipHelper::*)(uint32_t sequence);
  using Answer = bool (SipHelper::*)(uint32_t sequence, uint32_t code);
  struct Method {
    std::string_view name;
    Request request;
    Answer answer;  // null: its answers say nothing
  };
  static constexpr size_t kMethodCount = 6;
  static const Method kMethods[kMethodCount];

  bool look_at_request() {
    for (const Method& method : kMethods) {
      const PayloadText text = message_.text();
      const size_t length = method.name.size();
      if (text.size() < length + 2 || !begins_with_word(text, method.name)) continue;
      if (text[length] != ' ' || !is_letter(text[length + 1])) continue;
      const auto sequence = message_.header_number(SipHeader::CSeq);
      return sequence && (this->*method.request)(*sequence);
    }
    return true;
  }

  bool look_at_answer() {
    const PayloadText text = message_.text();
    if (text.size() < kShortestMessage.size()) return true;
    const auto code = read_sip_number(text, kAnswer.size());
    if (!code || code->value == 0) return false;
    SipPart part;
    if (message_.header(SipHeader::CSeq, 0, part) != SipFound::Yes) return false;
    const auto sequence = read_sip_number(text, part.offset);
    if (!sequence) return false;
    const size_t at = part.end() + 1;
    for (const Method& method : kMethods) {
      if (method.answer == nullptr || text.size() < at + method.name.size()) continue;
      if (begins_with_word(text.subspan(at), method.name)) return (this->*method.answer)(sequence->value, code->value);
    }
    return true;
  }

  bool request_invite(uint32_t sequence) {
    context_.expecter->forget_classes(connection_, kMedia);
    if (!look_at_session(sequence)) return false;
    sequence_.of_invite = sequence;
    return true;
  }

  bool request_bye(uint32_t) {
    context_.expecter->forget_classes(connection_, kMedia);
    return true;
  }

  bool answer_session(uint32_t sequence, uint32_t code) {
    if (code >= 100 && code <= 299) return look_at_session(sequence);
    if (sequence_.of_invite == sequence) context_.expecter->forget_classes(connection_, kMedia);
    return true;
  }

  // What every description says of each medium, or once for all.
  bool look_at_session(uint32_t) {
    SipPart part;
    if (message_.sdp_line(SdpLine::Version, 0, false, part) != SipFound::Yes) return true;
    const size_t session = part.offset;
    const auto common = message_.sdp_address(session);
    size_t at = session;
    for (size_t found = 0; found < std::size(kMediaWords);) {
      if (message_.sdp_line(SdpLine::Media, at, false, part) != SipFound::Yes) break;
      const Medium* medium = find_medium(message_.text().subspan(part.offset, part.length));
      if (medium == nullptr) {
        at = part.end();
        continue;
      }
      at = part.offset + medium->word.size();
      const auto port = read_sip_number(message_.text(), at);
      if (!port || port->value == 0) continue;  // switched off
      if (port->value < kLeastPort || port->value > UINT16_MAX) return false;
      auto address = message_.sdp_address(at);
      if (!address) address = common;
      if (!address) return false;
      if (!expect_medium(*address, static_cast<uint16_t>(port->value), medium->helper_class)) return false;
      ++found;
    }
    return true;
  }

  // The medium and its control, each on a port of its own, an even one and the next.
  bool expect_medium(const IpAddress& address, uint16_t port, uint8_t helper_class) {
    if (address != own_.source_address()) return true;
    Expectation medium = {.helper_class = helper_class};
    medium.tuple.family = connection_.family;
    medium.tuple.protocol = kUdp;
    medium.tuple.source = other_.source;
    medium.tuple.destination = own_.source;
    medium.tuple.destination_id = port;
    // Several ends of one call may each say it.
    const Expecter::Found known = context_.expecter->find(connection_, medium.tuple, context_.now);
    if (known.expectation != nullptr && known.master != &connection_ && known.master->extra != nullptr &&
        known.master->extra->helper == connection_.extra->helper && known.expectation->helper_class == helper_class) {
      return true;
    }
    medium.tuple.destination_id = port & 0xfffe;
    Expectation control = medium;
    ++control.tuple.destination_id;
    const Expected first = context_.expecter->expect(connection_, medium, context_.now, true);
    if (first == Expected::Refused) return false;
    if (context_.expecter->expect(connection_, control, context_.now, true) != Expected::Refused) return true;
    if (first == Expected::Added) context_.expecter->forget(connection_, medium.tuple, context_.now);
    return false;
  }

  // Of a Contact that ends there; what it names may not be the connection's own.
  bool right_transport(size_t end) const {
    const auto said = message_.parameter(end, "transport=");
    if (!said) return true;
    const PayloadText word = message_.text().subspan(said->offset);
    if (begins_with_word(word, "TCP")) return connection_.protocol == kTcp;
    return begins_with_word(word, "UDP") && connection_.protocol == kUdp;
  }

  // The registrar will call what is registered; from when on, its answer says.
  bool request_register(uint32_t sequence) {
    if (connection_.has(kStatusExpected)) return true;
    uint32_t expires = message_.header_number(SipHeader::Expires).value_or(0);
    SipUri contact;
    const SipFound found = SipMessage::Uris(message_, SipHeader::Contact).next(contact);
    if (found != SipFound::Yes) return found == SipFound::No;
    if (contact.address != own_.source_address() || !right_transport(contact.part.end())) return true;
    if (message_.number_parameter(contact.part.end(), "expires=", expires) == SipFound::Wrong) return false;
    if (expires != 0) {
      Expectation call = {
          .helper_class = kSignalling, .permanent = true, .inactive = true, .helper = connection_.extra->helper};
      call.tuple.family = connection_.family;
      call.tuple.protocol = connection_.protocol;
      call.tuple.source = other_.source;
      call.tuple.destination = own_.source;
      call.tuple.destination_id = contact.port;
      if (context_.expecter->expect(connection_, call, context_.now) != Expected::Added) return false;
    }
    sequence_.of_register = sequence;
    return true;
  }

  bool answer_register(uint32_t sequence, uint32_t code) {
    if (sequence_.of_register != sequence || (code >= 100 && code <= 199)) return true;
    if (code >= 200 && code <= 299) {
      const SipFound renewed = renew_registration();
      if (renewed != SipFound::No) return renewed == SipFound::Yes;
    }
    context_.expecter->forget_classes(connection_, 1u << kSignalling);
    return true;
  }

  // Yes: what was registered is still; Wrong: the answer cannot be read.
  SipFound renew_registration() {
    const uint32_t usual = message_.header_number(SipHeader::Expires).value_or(0);
    SipMessage::Uris contacts(message_, SipHeader::Contact);
    SipUri contact;
    for (;;) {
      const SipFound found = contacts.next(contact);
      if (found != SipFound::Yes) return found;
      if (contact.address != own_.destination_address() || !right_transport(contact.part.end())) continue;
      uint32_t expires = usual;
      if (message_.number_parameter(contact.part.end(), "expires=", expires) == SipFound::Wrong) return SipFound::Wrong;
      if (expires == 0) return SipFound::No;
      Tuple to = {};
      to.destination = own_.destination;
      to.destination_id = contact.port;
      to.protocol = connection_.protocol;
      if (context_.expecter->renew(connection_, kSignalling, to, expires * kSecond, context_.now)) return SipFound::Yes;
    }
  }

  Connection& connection_;
  const HelperContext& context_;
  SipMessage message_;
  Tuple own_;  // in the packet's direction
  Tuple other_;
  Sequence sequence_ = {};
};

constexpr SipHelper::Method SipHelper::kMethods[kMethodCount] = {
    {"INVITE", &SipHelper::request_invite, &SipHelper::answer_session},
    {"UPDATE", &SipHelper::look_at_session, &SipHelper::answer_session},
    {"ACK", &SipHelper::look_at_session, nullptr},
    {"PRACK", &SipHelper::look_at_session, &SipHelper::answer_session},
    {"BYE", &SipHelper::request_bye, nullptr},
    {"REGISTER", &SipHelper::request_register, &SipHelper::answer_register},
};

// How long the message is that begins the text; none: it is not whole, or does not say.
std::optional<size_t> message_length(PayloadText text, Family family) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  SipPart part;
  if (SipMessage(text, family).header(SipHeader::ContentLength, 0, part) != SipFound::Yes) return std::nullopt;
  const auto body = read_sip_number(text, part.offset);
  if (!body || body->value > text.size()) return std::nullopt;
  for (size_t at = part.offset + body->digits; at + kEnd.size() <= text.size(); ++at) {
    if (begins_with(text.subspan(at), kEnd)) return at + kEnd.size() + body->value;
  }
  return std::nullopt;
}

}  // namespace

bool look_at_sip_udp(Packet& packet, Connection& connection, const HelperContext& context) {
  const PayloadText message = udp_payload(packet);
  if (message.empty()) return true;
  connection.deadline = context.now + kSessionLasts;
  if (message.size() < kShortestMessage.size() || context.nat != nullptr) return true;
  return SipHelper(connection, context, message).look();
}

// Whole messages, one behind the other; what is not whole is not looked at.
bool look_at_sip_tcp(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established) return true;
  const PayloadText payload = tcp_payload(packet);
  if (payload.empty()) return true;
  connection.deadline = context.now + kSessionLasts;
  if (payload.size() < kShortestMessage.size() || context.nat != nullptr) return true;
  for (size_t at = 0; at < payload.size();) {
    const PayloadText text = payload.subspan(at);
    const auto length = message_length(text, packet.family);
    if (!length || *length > text.size()) return true;
    if (!SipHelper(connection, context, text.first(*length)).look()) return false;
    at += *length;
  }
  return true;
}

}  // namespace sallyport
