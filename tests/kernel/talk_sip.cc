// SIP over UDP and TCP: registrations, calls with their media, and messages that are not quite what they should be.

#include <fmt/format.h>

#include "kernel/damaged_text.h"
#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

class SipTalk {
 public:
  SipTalk(Talker& talker, bool tcp) : talker_(talker), draw_(talker.draw), tcp_(tcp) {}

  void say_something() {
    const auto from = draw_.chance(75) ? kA : kB;
    if (draw_.chance(25)) sequence_ = draw_.below(4);
    std::string said = draw_.chance(55) ? request(from) : answer(from);
    if (draw_.chance(8)) said = damaged_text(std::move(said), draw_);
    if (draw_.chance(4)) said += said;
    send(from, said);
  }

  // Media, their control, and calls from the registrar: as announced, or near it.
  void come() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    const auto port = static_cast<uint16_t>(port_ + draw_.pick<int>({0, 0, 0, 1, 1, 2}));
    if (draw_.chance(75)) {
      return talker_.say_udp(
          from, talker_.place(from, draw_.chance(50) ? port_ : 7078) + " > " + talker_.place(other_end(from), port),
          "media");
    }
    const uint16_t contact = draw_.chance(50) ? 5060 : contact_;
    if (tcp_) return talker_.connect_apart(from, 5060, contact);
    talker_.say_udp(from, talker_.place(from, 5060) + " > " + talker_.place(other_end(from), contact), "INVITE sip:x");
  }

 private:
  std::string host(uint8_t end) {
    const IpAddress& address = draw_.chance(94) ? talker_.addresses[end] : talker_.addresses[other_end(end)];
    return draw_.v6() && draw_.chance(94) ? "[" + address.text() + "]" : address.text();
  }

  std::string line_end() { return draw_.chance(96) ? "\r\n" : draw_.pick<std::string>({"\n", "\r", "\r\n "}); }

  std::string contact(uint8_t end) {
    contact_ = draw_.pick<uint16_t>({5060, 5062, 40000});
    std::string value = fmt::format("<sip:{}{}", draw_.chance(80) ? "bob@" : "", host(end));
    if (draw_.chance(75)) {
      value += draw_.chance(95) ? fmt::format(":{}", contact_)
                                : draw_.pick<std::string>({":", ":80", ":70000", ":123456", ":x"});
    }
    value +=
        draw_.pick<std::string_view>({"", "", ";transport=udp", ";transport=TCP", ";transport=sctp", ";transport="});
    value += '>';
    value += draw_.pick<std::string>(
        {"", "", ";expires=60", ";expires=3600", ";expires=0", ";expires=", ";expires=4294967296"});
    return value;
  }

  std::string contacts(uint8_t end) {
    std::string lines;
    const uint32_t count = draw_.chance(75) ? 1 : draw_.below(4);
    for (uint32_t i = 0; i < count; ++i) {
      lines +=
          draw_.pick<std::string_view>({"Contact: ", "Contact: ", "m:", "contact :", "CONTACT:\t", "Contact:\r\n "});
      lines += contact(end);
      if (draw_.chance(15)) lines += draw_.pick<std::string>({", ", ","}) + contact(end);
      lines += line_end();
    }
    return lines;
  }

  std::string sdp(uint8_t end) {
    if (draw_.chance(8)) return {};
    const std::string family = draw_.v6() == draw_.chance(97) ? "IP6" : "IP4";
    const std::string address =
        draw_.chance(92) ? talker_.addresses[end].text() : talker_.addresses[other_end(end)].text();
    const std::string connection = fmt::format("c=IN {} {}{}", family, address, line_end());
    std::string body =
        fmt::format("v={}{}o=x 1 1 IN {} {}\r\ns=-\r\n", draw_.chance(97) ? "0" : "", line_end(), family, address);
    const bool common = draw_.chance(85);
    if (common) body += connection;
    body += "t=0 0\r\n";
    const uint32_t media = draw_.chance(70) ? 1 : draw_.below(6);
    for (uint32_t i = 0; i < media; ++i) {
      port_ = static_cast<uint16_t>(20000 + draw_.below(draw_.chance(80) ? 20000 : 4));
      const uint32_t port = draw_.chance(95) ? port_ : draw_.pick<uint32_t>({0, 80, 65535, 65536});
      const auto type = draw_.pick<std::string_view>({"audio", "audio", "video", "image", "text", "audiox", ""});
      body += fmt::format("m={} {} RTP/AVP 0{}", type, port, line_end());
      if (!common || draw_.chance(15)) body += connection;
      if (draw_.chance(20)) body += "a=sendrecv\r\n";
    }
    return body;
  }

  std::string headers(uint8_t end, std::string_view method, const std::string& body, bool with_contacts) {
    std::string lines = fmt::format("Via: SIP/2.0/{} {}:5060;branch=z9\r\n", tcp_ ? "TCP" : "UDP", host(end));
    lines += "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: 1@x\r\n";
    if (draw_.chance(97)) {
      lines += fmt::format("{}{} {}{}", draw_.pick<std::string_view>({"CSeq: ", "CSeq: ", "cseq:", "CSeq : "}),
                           draw_.chance(97) ? fmt::format("{}", sequence_) : "x", method, line_end());
    }
    if (with_contacts) lines += contacts(end);
    if (draw_.chance(30))
      lines += fmt::format("Expires: {}\r\n", draw_.pick<std::string_view>({"60", "0", "3600", "x", "99999999999"}));
    if (tcp_ ? draw_.chance(97) : draw_.chance(50)) {
      const size_t length = draw_.chance(95) ? body.size() : draw_.below(300);
      lines += fmt::format("{}{}\r\n", draw_.pick<std::string_view>({"Content-Length: ", "l: "}), length);
    }
    if (draw_.chance(10)) lines += "Max-Forwards: 70\r\n";
    return lines + "\r\n" + body;
  }

  std::string_view method() {
    return draw_.pick<std::string_view>(
        {"REGISTER", "REGISTER", "INVITE", "INVITE", "INVITE", "ACK", "UPDATE", "PRACK", "BYE", "OPTIONS", "invite"});
  }

  std::string request(uint8_t from) {
    const std::string_view what = method();
    const bool registers = what == "REGISTER";
    const std::string body = registers || what == "BYE" ? "" : sdp(from);
    return fmt::format("{} {} SIP/2.0\r\n", what, draw_.chance(97) ? "sip:example.org" : "") +
           headers(from, what, body, registers || draw_.chance(70));
  }

  std::string answer(uint8_t from) {
    const std::string_view what = method();
    const bool registers = what == "REGISTER";
    const std::string body = registers ? "" : sdp(from);
    const auto code = draw_.pick<std::string_view>({"200", "200", "200", "183", "100", "404", "603", "0", "x"});
    return fmt::format("SIP/2.0 {} x\r\n", code) +
           headers(registers ? other_end(from) : from, what, body, registers || draw_.chance(50));
  }

  void send(uint8_t from, const std::string& said) {
    if (tcp_) return talker_.say_text(from, said);
    talker_.say_udp(from, talker_.flow(from), said);
  }

  Talker& talker_;
  Draw& draw_;
  bool tcp_;
  uint32_t sequence_ = 1;
  uint16_t port_ = 20000;
  uint16_t contact_ = 5060;
};

}  // namespace

void talk_sip(Talker& talker) {
  Draw& draw = talker.draw;
  const bool tcp = draw.chance(40);
  talker.ports[kB] = 5060;
  if (tcp) talker.connect();
  SipTalk talk(talker, tcp);
  const uint32_t rounds = draw.between(2, 12);
  for (uint32_t i = 0; i < rounds; ++i) {
    if (draw.chance(65)) {
      talk.say_something();
    } else if (draw.chance(90)) {
      talk.come();
    } else {
      talker.say_error();
    }
  }
}

}  // namespace sallyport::kernel
