// SIP: calls are set up by text, over UDP or TCP. Counterpart of net/netfilter/nf_conntrack_sip.c; RFC 3261.
//
// Two things are expected. From a REGISTER: calls from the registrar to the address that was registered, once the
// registrar has said yes, for as long as it says. From a session description (in INVITE, UPDATE, ACK, PRACK and their
// answers): media, each with a port for its control behind it, from the other end of the signalling connection to this
// one; an address of a third machine is believed by nobody. BYE and refusals end what was expected. A message that
// should say something of this and says it wrongly is dropped.
//
// Where the connection is mapped, all this is written anew with what the other side can reach (sip_writing.h).

#include <cstring>

#include "conntrack/helper_text.h"
#include "conntrack/helpers.h"
#include "conntrack/sip_writing.h"

namespace sallyport {
namespace {

// The helper's classes (helpers.cc).
constexpr uint8_t kSignalling = 0, kAudio = 1, kVideo = 2, kImage = 3;
constexpr uint8_t kMedia = 1u << kAudio | 1u << kVideo | 1u << kImage;

constexpr Duration kSessionLasts = 3600 * kSecond;
constexpr uint16_t kLeastPort = 1024;
// Differs from the kernel: which tries all that are left above.
constexpr uint32_t kMostPairsTried = 1024;
constexpr std::string_view kAnswer = "SIP/2.0 ", kShortestMessage = "SIP/2.0 200";

// Kept in ConnectionExtra::helper_data, which begins as zeros.
struct Known {
  uint32_t register_sequence;  // which request's answer counts
  uint32_t invite_sequence;
  uint16_t forced_port;  // where the first sender listens, which is not where it sends from; 0: it is
};
static_assert(sizeof(Known) <= sizeof(ConnectionExtra::helper_data));

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
  SipHelper(Packet& packet, Connection& connection, const HelperContext& context, SipPart part)
      : connection_(connection),
        context_(context),
        writing_(packet, connection, context, part),
        own_(connection.tuple(context.direction)),
        other_(connection.tuple(opposite(context.direction))) {
    std::memcpy(&known_, connection.extra->helper_data.data(), sizeof known_);
  }

  bool look() {
    const bool passes = begins_with_word(message().text(), kAnswer) ? look_at_answer() : look_at_request();
    std::memcpy(connection_.extra->helper_data.data(), &known_, sizeof known_);
    return passes && (!writing_.is_mapped() || writing_.write_headers(known_.forced_port));
  }

  // By now, in bytes.
  size_t length() const { return writing_.length(); }

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

  const SipMessage& message() const { return writing_.message(); }

  bool look_at_request() {
    learn_forced_port();
    for (const Method& method : kMethods) {
      const PayloadText text = message().text();
      const size_t length = method.name.size();
      if (text.size() < length + 2 || !begins_with_word(text, method.name)) continue;
      if (text[length] != ' ' || !is_letter(text[length + 1])) continue;
      const auto sequence = message().header_number(SipHeader::CSeq);
      return sequence && (this->*method.request)(*sequence);
    }
    return true;
  }

  // Some telephones send from a high port and listen on the usual one, which Via names.
  void learn_forced_port() {
    SipUri via;
    if (SipMessage::Uris(message(), SipHeader::ViaUdp).next(via) != SipFound::Yes) return;
    if (via.port != own_.source_id && via.address == own_.source_address()) known_.forced_port = via.port;
  }

  bool look_at_answer() {
    const PayloadText text = message().text();
    if (text.size() < kShortestMessage.size()) return true;
    const auto code = read_sip_number(text, kAnswer.size());
    if (!code || code->value == 0) return false;
    SipPart part;
    if (message().header(SipHeader::CSeq, 0, part) != SipFound::Yes) return false;
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
    known_.invite_sequence = sequence;
    return true;
  }

  bool request_bye(uint32_t) {
    context_.expecter->forget_classes(connection_, kMedia);
    return true;
  }

  bool answer_session(uint32_t sequence, uint32_t code) {
    if (code >= 100 && code <= 299) return look_at_session(sequence);
    if (known_.invite_sequence == sequence) context_.expecter->forget_classes(connection_, kMedia);
    return true;
  }

  // What every description says of each medium, or once for all.
  bool look_at_session(uint32_t) {
    SipPart part;
    if (message().sdp_line(SdpLine::Version, 0, false, part) != SipFound::Yes) return true;
    const size_t session = part.offset;
    const auto common = message().sdp_address(session);
    std::optional<IpAddress> address = common;
    size_t at = session;
    for (size_t found = 0; found < std::size(kMediaWords);) {
      if (message().sdp_line(SdpLine::Media, at, false, part) != SipFound::Yes) break;
      const Medium* medium = find_medium(message().text().subspan(part.offset, part.length));
      if (medium == nullptr) {
        at = part.end();
        continue;
      }
      at = part.offset + medium->word.size();
      const auto port = read_sip_number(message().text(), at);
      if (!port || port->value == 0) continue;  // switched off
      if (port->value < kLeastPort || port->value > UINT16_MAX) return false;
      const auto own_address = message().sdp_address(at);
      address = own_address ? own_address : common;
      if (!address) return false;
      const SipPart in_line = {at, port->digits};
      if (!expect_medium(*address, in_line, static_cast<uint16_t>(port->value), medium->helper_class)) return false;
      if (own_address && writing_.is_mapped() && !writing_.write_medium_address(at, *address)) return false;
      ++found;
    }
    return !address || !writing_.is_mapped() || writing_.write_session_addresses(session, *address);
  }

  // The medium and its control, each on a port of its own, an even one and the next. `address` becomes what the other
  // side is to be told.
  bool expect_medium(IpAddress& address, SipPart in_line, uint16_t port, uint8_t helper_class) {
    if (address != own_.source_address()) return true;
    Expectation medium = {.helper_class = helper_class};
    medium.tuple.family = connection_.family;
    medium.tuple.protocol = kUdp;
    medium.tuple.source = other_.source;
    medium.tuple.destination = own_.source;
    medium.tuple.destination_id = port;
    // Several ends of one call may each say it.
    if (const Expectation* known = others_expectation(medium); known != nullptr) {
      const bool leads_elsewhere = known->mapping.address != address || known->mapping.id != port;
      if (!writing_.is_mapped() || !leads_elsewhere) return true;
      return expect_direct(medium, *known, address, in_line);
    }
    medium.tuple.destination_id = port & 0xfffe;
    return writing_.is_mapped() ? expect_mapped(medium, address, in_line) : expect_both(medium);
  }

  // What another end of the call expects at just that place.
  const Expectation* others_expectation(const Expectation& medium) const {
    const Expecter::Found known = context_.expecter->find(connection_, medium.tuple, context_.now);
    const bool is_others = known.expectation != nullptr && known.master != &connection_ &&
                           known.master->extra != nullptr && known.master->extra->helper == connection_.extra->helper &&
                           known.expectation->helper_class == medium.helper_class;
    return is_others ? known.expectation : nullptr;
  }

  // Both ends are behind the same NAT: the medium goes straight to where the other end will be led. Where that one's
  // connection is not mapped it is led nowhere, which in the kernel is port 0 of no address: so it is here.
  bool expect_direct(Expectation& medium, const Expectation& known, IpAddress& address, SipPart in_line) {
    address = known.mapping.address;
    address.family = connection_.family;
    medium.tuple.destination = address.bytes;
    medium.tuple.destination_id = known.mapping.id;
    const bool is_known = others_expectation(medium) != nullptr;
    medium.tuple.destination_id &= 0xfffe;
    return writing_.write_medium_port(in_line, medium.tuple.destination_id) && (is_known || expect_both(medium));
  }

  Expected expect(const Expectation& medium) {
    return context_.expecter->expect(connection_, medium, context_.now, true);
  }
  static Expectation control_of(const Expectation& medium) {
    Expectation control = medium;
    ++control.tuple.destination_id;
    ++control.mapping.id;
    return control;
  }

  // That somebody expects just that is as good.
  bool expect_both(const Expectation& medium) {
    const Expected first = expect(medium);
    if (first == Expected::Refused) return false;
    if (expect(control_of(medium)) != Expected::Refused) return true;
    if (first == Expected::Added) context_.expecter->forget(connection_, medium.tuple, context_.now);
    return false;
  }

  // By an address that the other side can reach, and by the first pair of ports there that nobody expects.
  bool expect_mapped(Expectation& medium, IpAddress& address, SipPart in_line) {
    const uint16_t named = medium.tuple.destination_id;
    medium.mapping = {
        .kind = ExpectedMapping::Kind::SipMedium, .announced_by = context_.direction, .id = named, .address = address};
    if (own_.source != other_.destination) address = other_.destination_address();
    medium.tuple.destination = address.bytes;
    for (uint32_t port = named; port <= UINT16_MAX && port < named + kMostPairsTried * 2; port += 2) {
      medium.tuple.destination_id = static_cast<uint16_t>(port);
      if (context_.nat->spares(medium.tuple) || context_.nat->spares(control_of(medium).tuple)) continue;
      const Expected first = expect(medium);
      if (first == Expected::Refused) continue;
      if (first == Expected::Already) return false;
      const Expected second = expect(control_of(medium));
      if (second == Expected::Added) {
        return port == named || writing_.write_medium_port(in_line, static_cast<uint16_t>(port));
      }
      context_.expecter->forget(connection_, medium.tuple, context_.now);
      if (second == Expected::Already) return false;
    }
    return false;
  }

  // Of a Contact that ends there; what it names may not be the connection's own.
  bool right_transport(size_t end) const {
    const auto said = message().parameter(end, "transport=");
    if (!said) return true;
    const PayloadText word = message().text().subspan(said->offset);
    if (begins_with_word(word, "TCP")) return connection_.protocol == kTcp;
    return begins_with_word(word, "UDP") && connection_.protocol == kUdp;
  }

  // The registrar will call what is registered; from when on, its answer says.
  bool request_register(uint32_t sequence) {
    if (connection_.has(kStatusExpected)) return true;
    uint32_t expires = message().header_number(SipHeader::Expires).value_or(0);
    SipUri contact;
    const SipFound found = SipMessage::Uris(message(), SipHeader::Contact).next(contact);
    if (found != SipFound::Yes) return found == SipFound::No;
    if (contact.address != own_.source_address() || !right_transport(contact.part.end())) return true;
    if (message().number_parameter(contact.part.end(), "expires=", expires) == SipFound::Wrong) return false;
    if (expires != 0) {
      Expectation call = {
          .helper_class = kSignalling, .permanent = true, .inactive = true, .helper = connection_.extra->helper};
      call.tuple.family = connection_.family;
      call.tuple.protocol = connection_.protocol;
      call.tuple.source = other_.source;
      call.tuple.destination = own_.source;
      call.tuple.destination_id = contact.port;
      if (!(writing_.is_mapped() ? expect_mapped_call(call, contact)
                                 : context_.expecter->expect(connection_, call, context_.now) == Expected::Added)) {
        return false;
      }
    }
    known_.register_sequence = sequence;
    return true;
  }

  // It will be called where the other side can reach it: on the connection's own mapped port where that is meant.
  bool expect_mapped_call(Expectation& call, const SipUri& contact) {
    call.mapping = {.kind = ExpectedMapping::Kind::SipCall,
                    .announced_by = context_.direction,
                    .id = contact.port,
                    .address = contact.address};
    if (own_.source != other_.destination) call.tuple.destination = other_.destination;
    const uint16_t own_port = known_.forced_port != 0 ? known_.forced_port : own_.source_id;
    if (contact.port == own_port) call.tuple.destination_id = other_.destination_id;
    const auto port = context_.nat->expect(connection_, call, context_);
    if (!port) return false;
    const IpAddress address = call.tuple.destination_address();
    if (address == contact.address && *port == contact.port) return true;
    return writing_.write_place(contact.part, address, *port);
  }

  bool answer_register(uint32_t sequence, uint32_t code) {
    if (known_.register_sequence != sequence || (code >= 100 && code <= 199)) return true;
    if (code >= 200 && code <= 299) {
      const SipFound renewed = renew_registration();
      if (renewed != SipFound::No) return renewed == SipFound::Yes;
    }
    context_.expecter->forget_classes(connection_, 1u << kSignalling);
    return true;
  }

  // Yes: what was registered is still; Wrong: the answer cannot be read.
  SipFound renew_registration() {
    const uint32_t usual = message().header_number(SipHeader::Expires).value_or(0);
    SipMessage::Uris contacts(message(), SipHeader::Contact);
    SipUri contact;
    for (;;) {
      const SipFound found = contacts.next(contact);
      if (found != SipFound::Yes) return found;
      if (contact.address != own_.destination_address() || !right_transport(contact.part.end())) continue;
      uint32_t expires = usual;
      if (message().number_parameter(contact.part.end(), "expires=", expires) == SipFound::Wrong)
        return SipFound::Wrong;
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
  SipWriting writing_;
  Tuple own_;  // in the packet's direction
  Tuple other_;
  Known known_ = {};
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
  if (message.size() < kShortestMessage.size()) return true;
  return SipHelper(packet, connection, context, {0, message.size()}).look();
}

// Whole messages, one behind the other; what is not whole is not looked at.
bool look_at_sip_tcp(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established) return true;
  const size_t before = tcp_payload(packet).size();
  if (before == 0) return true;
  connection.deadline = context.now + kSessionLasts;
  if (before < kShortestMessage.size()) return true;
  for (size_t at = 0;;) {
    const PayloadText text = tcp_payload(packet).subspan(at);
    const auto length = message_length(text, packet.family);
    if (!length) break;
    // As in the kernel, which then shifts nothing either.
    if (*length > text.size()) return true;
    SipHelper helper(packet, connection, context, {at, *length});
    if (!helper.look()) return false;
    at += helper.length();
  }
  const auto grown = static_cast<int32_t>(static_cast<int64_t>(tcp_payload(packet).size() - before));
  if (context.nat != nullptr) context.nat->grew(packet, connection, grown);
  return true;
}

}  // namespace sallyport
