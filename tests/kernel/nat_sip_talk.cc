// SIP through NAT: registrations, calls, and their media, where each end was told to send it.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "kernel/damaged_text.h"
#include "kernel/nat_helper_talks.h"

namespace sallyport::kernel {
namespace {

constexpr uint16_t kSipPort = 5060;
constexpr uint8_t kPhone = 0, kProxy = 1;

struct Place {
  IpAddress address = {};
  uint16_t port = 0;
};

// What stands behind a word, up to the first of those letters.
std::string_view behind(std::string_view text, std::string_view word, std::string_view ends) {
  const size_t at = text.find(word);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + word.size());
  return rest.substr(0, std::min(rest.find_first_of(ends), rest.size()));
}

uint16_t number_of(std::string_view digits) {
  return static_cast<uint16_t>(std::strtoul(std::string(digits).c_str(), nullptr, 10));
}

class SipTalk {
 public:
  SipTalk(NatTalk& talk, const HelperHosts& hosts)
      : talk_(talk), draw_(talk.draw), ports_(hosts.number), hosts_(hosts) {
    tcp_ = draw_.chance(40);
  }

  bool run() {
    Speaker first = {.interface = 0, .own = hosts_.client, .peer = hosts_.server, .peer_port = kSipPort};
    // Some telephones send from another port than they listen on.
    own_listens_ = !tcp_ && draw_.chance(25);
    first.own_port = ports_.next();
    if (tcp_ && !talk_.connect(first)) return talk_.wire.same;
    talk_.speakers[kPhone] = tcp_ ? talk_.speakers[kPhone] : first;
    bool begun = tcp_;
    for (uint32_t i = draw_.between(2, 9); i > 0 && talk_.wire.same; --i) {
      const uint8_t from = begun && draw_.chance(45) ? kProxy : kPhone;
      std::string said = draw_.chance(begun ? 55 : 100) ? request(from) : answer(from);
      if (draw_.chance(6)) said = damaged_text(std::move(said), draw_);
      if (tcp_ && draw_.chance(6)) said += request(from);
      begun = say(from, first, said, begun);
      if (!begun) continue;
      note_own_way();
      act_upon(static_cast<uint8_t>(1 - from), said);
      if (draw_.chance(25)) tell_elsewhere(from);
      if (tcp_) chatter();
    }
    return talk_.wire.same;
  }

 private:
  // False: it did not reach anybody yet.
  bool say(uint8_t from, const Speaker& first, const std::string& said, bool begun) {
    if (!begun) return talk_.begin_udp(first, said);
    tcp_ ? talk_.say(from, said) : talk_.say_udp(from, said);
    return true;
  }

  // That of the conversation itself, which nobody can go another time where the proxy's port was mapped.
  void note_own_way() {
    const Speaker &phone = talk_.speakers[kPhone], &proxy = talk_.speakers[kProxy];
    const bool has_it = proxy.own_port == kSipPort;
    by_one_way({phone.own, phone.own_port}, has_it ? Place{proxy.peer, proxy.peer_port} : Place{}, kSipPort);
  }

  // Whether whoever goes to a place (`said` is it in its owner's words) from that port has gone by no other way. Two
  // would be told apart by a port that is chosen by chance.
  bool by_one_way(const Place& said, const Place& outside, uint16_t from_port) {
    const auto way = fmt::format("{} {} {}", said.address.text(), said.port, from_port);
    const auto by = fmt::format("{} {}", outside.address.text(), outside.port);
    return ways_.try_emplace(way, by).first->second == by;
  }

  // Whether from that port, which is not the usual one, this is the first place to go to, and nobody has gone anywhere
  // from there: where the rules lead several places to one, the second would be told apart by chance.
  bool by_one_port(const Place& outside, uint16_t from_port) {
    if (from_port == kSipPort || !talk_.wire.gathers) return true;
    const auto place = fmt::format("{} {}", outside.address.text(), outside.port);
    return !places_.contains(outside.port) && places_.try_emplace(from_port, place).first->second == place;
  }

  void chatter() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    if (draw_.chance(30)) talk_.acknowledge(from);
    if (draw_.chance(30)) talk_.repeat(from);
  }

  // The description that was given last once more, on another connection between the two, as where several ends of one
  // call give it.
  void tell_elsewhere(uint8_t from) {
    const std::string& body = described_[from];
    if (body.empty()) return;
    if (!elsewhere_) {
      elsewhere_.emplace(talk_.wire);
      const Speaker first = {
          .own = hosts_.client, .peer = hosts_.server, .own_port = ports_.next(), .peer_port = kSipPort};
      if (!elsewhere_->begin_udp(first, "OPTIONS sip:x SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n")) return elsewhere_.reset();
    }
    const std::string said =
        fmt::format("INVITE sip:x SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
    elsewhere_->say_udp(from, said);
    const auto who = static_cast<uint8_t>(1 - from);
    const std::string& heard = elsewhere_->speakers[who].heard;
    if (heard.empty()) return;
    talk_.wire.tally.count("SIP descriptions given twice");
    send_media(who, said, heard);
  }

  // The other end, told something, sends its media there, or calls.
  void act_upon(uint8_t who, const std::string& said) {
    const std::string heard = talk_.speakers[who].heard;
    if (heard.empty()) return;
    Tally& tally = talk_.wire.tally;
    tally.count("SIP messages");
    if (heard != said) tally.count("SIP messages written anew");
    if (heard.size() > said.size()) tally.count("SIP messages that grew");
    send_media(who, said, heard);
    const auto listens = contact_of(heard);
    if (!listens || !draw_.chance(40)) return;
    const Place told = contact_of(said).value_or(*listens);
    if (listens->address.is_unspecified() || tcp_) return;
    if (send_apart(who, *listens, told, who == kProxy ? kSipPort : 0)) tally.count("SIP calls to a contact");
  }

  void send_media(uint8_t who, const std::string& said, const std::string& heard) {
    const auto medium = audio_of(heard);
    if (!medium || medium->port == 0 || !draw_.chance(70)) return;
    const int beside = draw_.pick<int>({0, 0, 0, 1, 1, 2});
    const auto by = [&](const Place& place) {
      return Place{place.address, static_cast<uint16_t>(place.port + beside)};
    };
    if (!send_apart(who, by(*medium), by(audio_of(said).value_or(*medium)), media_port_[who])) return;
    talk_.wire.tally.count("SIP media");
    const Speaker& speaker = talk_.speakers[who];
    if (medium->address != speaker.peer) talk_.wire.tally.count("SIP media to a third machine");
  }

  // The medium's own address, else that of the whole session.
  std::optional<Place> audio_of(std::string_view text) const {
    const size_t begin = text.find("m=audio ");
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view medium = text.substr(begin, text.find("m=", begin + 1) - begin);
    const std::string_view word = draw_.v6() ? "c=IN IP6 " : "c=IN IP4 ";
    const std::string_view own = behind(medium, word, "\r\n");
    const auto address = parse_address(own.empty() ? behind(text.substr(0, begin), word, "\r\n") : own);
    if (!address) return std::nullopt;
    return Place{*address, number_of(behind(medium, "m=audio ", " "))};
  }

  // Where a contact can be read: its place, an unspecified one where it is none.
  std::optional<Place> contact_of(std::string_view text) const {
    const std::string_view contact = behind(text, "Contact: <sip:bob@", ">;");
    if (contact.empty()) return std::nullopt;
    const size_t colon = contact.rfind(draw_.v6() ? "]:" : ":");
    std::string_view host = contact.substr(0, colon);
    if (draw_.v6() && host.starts_with('[')) host.remove_prefix(1);
    const auto address = parse_address(host);
    if (colon == std::string_view::npos || !address) return Place{};
    return Place{*address, number_of(contact.substr(contact.rfind(':') + 1))};
  }

  bool send_apart(uint8_t who, const Place& place, const Place& said, uint16_t from_port) {
    const Speaker& speaker = talk_.speakers[who];
    if (!by_one_way(said, place, from_port) || !by_one_port(place, from_port)) from_port = 0;
    const Speaker first = {.interface = speaker.interface,
                           .own = speaker.own,
                           .peer = place.address,
                           .own_port = from_port != 0 ? from_port : ports_.next(),
                           .peer_port = place.port};
    NatTalk apart(talk_.wire);
    if (!apart.begin_udp(first, "OPTIONS sip:x SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n")) return false;
    // From the usual port several would talk to the same place, and come by chance.
    if (apart.speakers[1].own_port != kSipPort) apart.say_udp(1, "media and so on");
    apart.say_udp(0, "media");
    return true;
  }

  std::string bracketed(const IpAddress& address) const {
    return draw_.v6() ? "[" + address.text() + "]" : address.text();
  }
  // Its own, the other's, or with another port.
  std::string place(uint8_t end, bool with_port = true) {
    const Speaker& who = talk_.speakers[end];
    const bool own = draw_.chance(80);
    const uint16_t port = own ? who.own_port : who.peer_port;
    std::string text = bracketed(own ? who.own : who.peer);
    if (with_port && draw_.chance(85)) text += fmt::format(":{}", draw_.chance(90) ? port : ports_.next());
    return text;
  }

  std::string via(uint8_t from, bool request) {
    const Speaker& who = talk_.speakers[from];
    const IpAddress& asker = request ? who.own : who.peer;
    uint16_t port = request ? who.own_port : who.peer_port;
    if (own_listens_ && from == kPhone && request) port = kSipPort;
    std::string line = fmt::format("Via: SIP/2.0/{} {}", tcp_ ? "TCP" : "UDP", bracketed(asker));
    if (port != kSipPort || draw_.chance(50)) line += fmt::format(":{}", port);
    if (draw_.chance(25)) line += ";maddr=" + bracketed(draw_.chance(80) ? who.own : who.peer);
    if (draw_.chance(25)) line += ";received=" + (draw_.chance(80) ? asker : who.own).text();
    if (draw_.chance(25)) line += fmt::format(";rport={}", draw_.chance(80) ? port : ports_.next());
    return line + ";branch=z9\r\n";
  }

  std::string contact(uint8_t end) {
    const Speaker& who = talk_.speakers[end];
    // Its own, or what two conversations expect at the same place would come by chance.
    const uint16_t port = end == kPhone && draw_.chance(60) ? who.own_port : ports_.next();
    const IpAddress& own = draw_.chance(93) ? who.own : who.peer;
    std::string text = fmt::format("Contact: <sip:bob@{}:{}>", bracketed(own), port);
    text += draw_.pick<std::string_view>({"", ";expires=60", ";expires=3600", ";expires=0"});
    if (draw_.chance(10)) text += fmt::format(", <sip:{}>", place(end));
    return text + "\r\n";
  }

  // Where media are to be sent: to itself; else to the other, or to a third machine, which both are believed by nobody.
  IpAddress medium_address(uint8_t end) {
    const Speaker& who = talk_.speakers[end];
    if (draw_.chance(85)) return who.own;
    return draw_.chance(35) ? who.peer : draw_.pick(pool::hosts(draw_.family(), draw_.below(2)));
  }

  std::string sdp(uint8_t end) {
    std::string body = draw_.chance(15) ? "" : session(end);
    if (!body.empty()) described_[end] = body;
    return body;
  }

  std::string session(uint8_t end) {
    const std::string_view family = draw_.v6() ? "IP6" : "IP4";
    const IpAddress all = medium_address(end);
    const auto line = [&](const IpAddress& address) { return fmt::format("c=IN {} {}\r\n", family, address.text()); };
    std::string body = "v=0\r\n";
    if (draw_.chance(97)) body += fmt::format("o=x 1 1 IN {} {}\r\n", family, all.text());
    body += "s=-\r\n";
    const bool common = draw_.chance(75);
    if (common) body += line(all);
    body += "t=0 0\r\n";
    for (uint32_t i = draw_.chance(70) ? 1 : draw_.below(4); i > 0; --i) {
      // The pair's second at times: its first is meant all the same.
      const auto own = static_cast<uint16_t>(ports_.next_pair() + (draw_.chance(10) ? 1 : 0));
      const uint16_t port = draw_.chance(95) ? own : draw_.pick<uint16_t>({0, 80});
      if (port > 1024) media_port_[end] = port;
      body +=
          fmt::format("m={} {} RTP/AVP 0\r\n", draw_.pick<std::string_view>({"audio", "audio", "video", "text"}), port);
      if (!common || draw_.chance(20)) body += line(draw_.chance(60) ? all : medium_address(end));
    }
    return body;
  }

  std::string headers(uint8_t from, std::string_view method, const std::string& body, bool request,
                      const std::string& contacts) {
    std::string lines = via(from, request);
    if (draw_.chance(15)) lines += via(from, request);
    const auto named = [&] { return draw_.chance(50) ? std::string("example.org") : place(from); };
    lines += fmt::format("{}: <sip:a@{}>;tag=1\r\n", draw_.chance(80) ? "From" : "f", named());
    lines += fmt::format("{}: <sip:b@{}>\r\n", draw_.chance(80) ? "To" : "t", named());
    lines += fmt::format("CSeq: {} {}\r\n{}", sequence_, method, contacts);
    if (draw_.chance(20)) lines += "Expires: 60\r\n";
    if (tcp_ ? draw_.chance(98) : draw_.chance(92)) {
      lines += fmt::format("{}: {}\r\n", draw_.chance(80) ? "Content-Length" : "l", body.size());
    }
    return lines + "\r\n" + body;
  }

  std::string request(uint8_t from) {
    const auto what = draw_.pick<std::string_view>(
        {"REGISTER", "REGISTER", "INVITE", "INVITE", "INVITE", "ACK", "UPDATE", "BYE", "OPTIONS"});
    if (draw_.chance(40)) sequence_ = draw_.below(4);
    const bool registers = what == "REGISTER";
    const std::string body = registers || what == "BYE" ? "" : sdp(from);
    const std::string to = draw_.chance(50) ? "example.org" : place(from);
    return fmt::format("{} sip:{}{} SIP/2.0\r\n", what, draw_.chance(50) ? "bob@" : "", to) +
           headers(from, what, body, true, registers || draw_.chance(60) ? contact(from) : "");
  }

  std::string answer(uint8_t from) {
    const auto what = draw_.pick<std::string_view>({"REGISTER", "REGISTER", "INVITE", "INVITE", "INVITE", "UPDATE"});
    const bool registers = what == "REGISTER";
    const std::string body = registers ? "" : sdp(from);
    // A registrar repeats what it was told.
    std::string contacts = draw_.chance(60) ? contact(from) : "";
    if (registers && draw_.chance(80)) {
      const std::string_view told = behind(talk_.speakers[from].heard, "Contact: ", "\r\n");
      contacts = told.empty() ? contacts : fmt::format("Contact: {}\r\n", told);
    }
    return fmt::format("SIP/2.0 {} x\r\n", draw_.pick<std::string_view>({"200", "200", "200", "183", "404"})) +
           headers(from, what, body, false, contacts);
  }

  NatTalk& talk_;
  Draw& draw_;
  OwnPorts ports_;
  HelperHosts hosts_;
  bool tcp_ = false;
  bool own_listens_ = false;
  uint32_t sequence_ = 1;
  std::array<uint16_t, 2> media_port_ = {};
  std::array<std::string, 2> described_ = {};     // by each, the session it described last
  std::optional<NatTalk> elsewhere_ = {};         // their second connection
  std::map<std::string, std::string> ways_ = {};  // by which place each was gone to, from which port
  std::map<uint16_t, std::string> places_ = {};   // where each port has gone to
};

}  // namespace

bool talk_sip_through_nat(NatTalk& talk, const HelperHosts& hosts) { return SipTalk(talk, hosts).run(); }

}  // namespace sallyport::kernel
