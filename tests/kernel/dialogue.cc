// Conversations by chance.

#include "kernel/dialogue.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "kernel/world.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

constexpr uint8_t kA = 0, kB = 1;  // the two ends: hosts behind ta and tb

class Dialogue {
 public:
  Dialogue(Draw& draw, uint32_t number) : draw_(draw) {
    for (const uint8_t end : {kA, kB}) addresses_[end] = draw.pick(pool::hosts(draw.family(), end));
    for (End& end : ends_) end.next = draw.word();
    ports_ = {static_cast<uint16_t>(1024 + number % 60000), draw.pick({uint16_t{22}, uint16_t{53}, uint16_t{80}})};
  }

  std::vector<Input> talk() {
    const uint32_t kind = draw_.below(100);
    if (kind < 10) return talk_ftp();
    if (kind < 14) return talk_tftp();
    const uint32_t length = draw_.between(1, 24);
    for (uint32_t i = 0; i < length; ++i) {
      if (kind < 70) {
        say_tcp();
      } else if (kind < 82) {
        say_udp();
      } else if (kind < 92) {
        say_icmp();
      } else {
        say_other();
      }
      if (draw_.chance(6)) say_error();
    }
    return std::move(said_);
  }

 private:
  struct End {
    uint32_t next = 0;  // the sequence number that it sends next
    bool syn_sent = false;
    bool fin_sent = false;
  };

  std::string flow(uint8_t from, bool ports) const {
    const uint8_t to = from == kA ? kB : kA;
    const auto text = [&](uint8_t end) {
      std::string address = addresses_[end].text();
      if (!ports) return address;
      return draw_.v6() ? fmt::format("[{}]:{}", address, ports_[end]) : fmt::format("{}:{}", address, ports_[end]);
    };
    return text(from) + " > " + text(to);
  }

  void say(uint8_t from, Packet packet) {
    test::Bytes bytes = test::bytes_of(packet);
    if (draw_.chance(2) && packet.transport_offset + 4u < bytes.size())
      bytes[bytes.size() - 1] ^= 1;  // a wrong checksum
    said_.push_back({from, bytes});
    if (draw_.chance(5)) said_.push_back(said_.back());  // twice
  }

  uint32_t displaced(uint32_t right) {
    if (draw_.chance(80)) return right;
    switch (draw_.below(6)) {
      case 0:
        return right + 1;
      case 1:
        return right - 1;
      case 2:
        return right + draw_.below(3000);
      case 3:
        return right - draw_.below(3000);
      case 4:
        return right + draw_.below(200000) - 100000;
      default:
        return draw_.word();
    }
  }

  std::string_view options(uint8_t flags) {
    const bool syn = (flags & test::kSyn) != 0;
    if (syn) {
      return draw_.pick<std::string_view>(
          {"", "020405b4", "020405b40402080a00000001000000000103030701", "0303070001010101", "04020101", "030e0001"});
    }
    return draw_.chance(85) ? std::string_view() : std::string_view("0101080a0000000100000001");
  }

  // The flags that come next when everything goes well.
  uint8_t usual_flags(uint8_t from) const {
    const End& me = ends_[from];
    const End& other = ends_[1 - from];
    if (!me.syn_sent) return other.syn_sent ? test::kSyn | test::kAck : test::kSyn;
    return test::kAck;
  }

  void say_tcp() {
    const bool first = !ends_[kA].syn_sent && !ends_[kB].syn_sent;
    const uint8_t from = first && draw_.chance(90) ? kA : static_cast<uint8_t>(draw_.below(2));
    uint8_t flags = usual_flags(from);
    if (flags == test::kAck && draw_.chance(12)) flags |= test::kFin;
    if (flags == test::kAck && draw_.chance(30)) flags |= test::kPsh;
    if (draw_.chance(15)) {
      using namespace test;
      flags = draw_.pick<uint8_t>({kSyn, kSyn | kAck, kAck, kFin | kAck, kRst, kRst | kAck, kFin, kSyn | kFin, 0,
                                   kAck | kUrg, kSyn | kUrg, kFin | kPsh | kUrg});
    }
    End& me = ends_[from];
    const bool syn = (flags & test::kSyn) != 0;
    test::TcpFields fields;
    fields.sequence = displaced(me.next);
    fields.acknowledgement = (flags & test::kAck) != 0 ? displaced(ends_[1 - from].next) : 0;
    fields.window = draw_.pick<uint16_t>({0, 1, 500, 8192, 29200, 65535, 65535});
    fields.options = options(flags);
    const std::string payload(
        flags == test::kAck || (flags & test::kPsh) != 0 ? draw_.pick<size_t>({0, 0, 1, 100, 1000}) : 0, 'x');
    if (fields.sequence == me.next) {
      me.next += static_cast<uint32_t>(payload.size()) + (syn ? 1 : 0) + ((flags & test::kFin) != 0 ? 1 : 0);
      me.syn_sent |= syn;
    }
    const std::string way = flow(from, true);
    say(from, draw_.v6() ? test::tcp6(way, flags, payload, fields) : test::tcp4(way, flags, payload, fields));
  }

  std::string place(uint8_t end, uint16_t port) const {
    const std::string address = addresses_[end].text();
    return draw_.v6() ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
  }

  // The next segment of a control connection, at times one that is lost, repeated or cut in two.
  void say_text(uint8_t from, std::string text, uint8_t flags = test::kAck | test::kPsh) {
    End& me = ends_[from];
    const auto send = [&](const std::string& part) {
      test::TcpFields fields;
      fields.sequence = me.next;
      fields.acknowledgement = (flags & test::kAck) != 0 ? ends_[1 - from].next : 0;
      fields.window = 65535;
      const std::string way = flow(from, true);
      me.next += static_cast<uint32_t>(part.size()) + ((flags & test::kSyn) != 0 ? 1 : 0);
      if (draw_.chance(3)) return;
      say(from, draw_.v6() ? test::tcp6(way, flags, part, fields) : test::tcp4(way, flags, part, fields));
    };
    if (text.size() > 1 && draw_.chance(8)) {
      const uint32_t cut = draw_.between(1, static_cast<uint32_t>(text.size()) - 1);
      send(text.substr(0, cut));
      text.erase(0, cut);
    }
    send(text);
  }

  // Where a data connection will go, as the command of that end says it; sometimes not quite.
  std::string ftp_command(uint8_t from, uint16_t port) {
    std::string address = draw_.chance(90) ? addresses_[from].text() : addresses_[1 - from].text();
    if (draw_.v6() && draw_.chance(10)) address = "2001:db8:0:1::7";
    std::string numbers = address;
    for (char& letter : numbers) letter = letter == '.' || letter == ':' ? ',' : letter;
    numbers += fmt::format(",{},{}", port >> 8, port & 255);
    const std::string_view end = draw_.pick<std::string_view>({"\r\n", "\r\n", "\r\n", "\n", "\r", "x\r\n"});
    const char bar = draw_.pick<char>({'|', '|', '|', '/', '1', ' '});
    const int family = draw_.chance(90) ? (draw_.v6() ? 2 : 1) : draw_.pick<int>({1, 2, 3});
    std::string said;
    if (from == kA) {
      said = draw_.chance(50) ? fmt::format("{} {}{}", draw_.chance(80) ? "PORT" : "port", numbers, end)
                              : fmt::format("EPRT {0}{1}{0}{2}{0}{3}{0}{4}", bar, family, address, port, end);
    } else {
      said = draw_.chance(50) ? fmt::format("227 Passive {}{}{}{}", draw_.chance(80) ? "(" : "=", numbers,
                                            draw_.chance(80) ? ")" : "", end)
                              : fmt::format("229 Extended ({0}{0}{0}{1}{0}){2}", bar, port, end);
    }
    if (draw_.chance(5)) said.resize(draw_.below(static_cast<uint32_t>(said.size()) + 1));
    return said;
  }

  // A control connection and the data connections that it announces, or that nobody announced.
  std::vector<Input> talk_ftp() {
    ports_[kB] = 21;
    say_text(kA, "", test::kSyn);
    say_text(kB, "", test::kSyn | test::kAck);
    say_text(kA, "", test::kAck);
    say_text(kB, "220 ready\r\n");
    if (draw_.chance(90)) say_text(kA, "USER x\r\n");
    if (draw_.chance(90)) say_text(kB, "331 who\r\n");
    const uint32_t rounds = draw_.between(1, 5);
    for (uint32_t i = 0; i < rounds; ++i) {
      const auto from = static_cast<uint8_t>(draw_.below(2));
      const auto port = static_cast<uint16_t>(20000 + draw_.below(20000));
      say_text(from, ftp_command(from, port));
      if (draw_.chance(30)) say_text(static_cast<uint8_t>(1 - from), draw_.chance(50) ? "200 ok\r\n" : "NOOP\r\n");
      if (draw_.chance(80)) say_data(static_cast<uint8_t>(1 - from), draw_.chance(95) ? port : port + 1);
    }
    return std::move(said_);
  }

  void say_data(uint8_t from, uint32_t port) {
    const auto to = static_cast<uint8_t>(1 - from);
    const auto source = static_cast<uint16_t>(draw_.chance(50) ? 20 : 40000 + draw_.below(20000));
    const std::string there = place(from, source) + " > " + place(to, static_cast<uint16_t>(port));
    const std::string back = place(to, static_cast<uint16_t>(port)) + " > " + place(from, source);
    const uint32_t sequence = draw_.word(), answer = draw_.word();
    const auto send = [&](uint8_t end, const std::string& way, uint8_t flags, test::TcpFields fields) {
      say(end, draw_.v6() ? test::tcp6(way, flags, "", fields) : test::tcp4(way, flags, "", fields));
    };
    send(from, there, test::kSyn, {.sequence = sequence, .window = 65535});
    send(to, back, test::kSyn | test::kAck, {.sequence = answer, .acknowledgement = sequence + 1, .window = 65535});
    send(from, there, test::kAck, {.sequence = sequence + 1, .acknowledgement = answer + 1, .window = 65535});
  }

  // Requests, and answers from the port that the server chose.
  std::vector<Input> talk_tftp() {
    ports_[kB] = 69;
    const auto send = [&](uint8_t from, const std::string& way, std::string_view payload) {
      say(from, draw_.v6() ? test::udp6(way, payload) : test::udp4(way, payload));
    };
    const uint32_t rounds = draw_.between(1, 4);
    for (uint32_t i = 0; i < rounds; ++i) {
      send(kA, flow(kA, true), std::string{'\0', static_cast<char>(draw_.below(6)), 'f', '\0'});
      const auto port = static_cast<uint16_t>(20000 + draw_.below(20000));
      const auto to = draw_.chance(90) ? ports_[kA] : static_cast<uint16_t>(ports_[kA] + 1);
      if (draw_.chance(80)) send(kB, place(kB, port) + " > " + place(kA, to), "data");
      if (draw_.chance(60)) send(kA, place(kA, to) + " > " + place(kB, port), "ack");
    }
    return std::move(said_);
  }

  void say_udp() {
    const uint8_t from = said_.empty() ? kA : static_cast<uint8_t>(draw_.below(2));
    const std::string way = flow(from, true);
    say(from, draw_.v6() ? test::udp6(way, "payload") : test::udp4(way, "payload"));
  }

  void say_icmp() {
    const uint8_t from = static_cast<uint8_t>(draw_.below(2));
    const uint32_t rest = static_cast<uint32_t>(ports_[0]) << 16 | draw_.below(3);
    const std::string way = flow(from, false);
    if (draw_.v6()) {
      say(from, test::icmp6(way, draw_.pick<uint8_t>({128, 128, 129, 139, 140, 130, 200}), 0, rest, "ping"));
    } else {
      say(from, test::icmp4(way, draw_.pick<uint8_t>({8, 8, 0, 13, 14, 15, 17, 18, 10, 30}), 0, rest, "ping"));
    }
  }

  void say_other() {
    const uint8_t from = static_cast<uint8_t>(draw_.below(2));
    const uint8_t protocol = draw_.pick<uint8_t>({kGre, 200, kDccp, kUdplite});
    test::Bytes bytes(24, 0);
    if (protocol == kUdplite) {
      store_be16(bytes.data(), ports_[from]);
      store_be16(bytes.data() + 2, ports_[1 - from]);
      store_be16(bytes.data() + 4, draw_.pick<uint16_t>({0, 8, 12, 24, 7, 25}));
    }
    const std::string way = flow(from, false);
    say(from, draw_.v6() ? test::ip6(way, protocol, bytes) : test::ip4(way, protocol, bytes));
  }

  // An ICMP error about a packet that was said, from whom it went to; or about none that was, or to somebody else.
  void say_error() {
    if (said_.empty()) return;
    const Input& about = said_[draw_.below(static_cast<uint32_t>(said_.size()))];
    std::string quoted(about.frame.begin(), about.frame.end());
    if (draw_.chance(20)) quoted.resize(draw_.below(static_cast<uint32_t>(quoted.size()) + 1));
    if (draw_.chance(10) && quoted.size() > 24) quoted[21] = static_cast<char>(quoted[21] ^ 1);
    const uint8_t from = draw_.chance(90) ? static_cast<uint8_t>(1 - about.interface) : about.interface;
    const std::string way = flow(from, false);
    const uint8_t code = static_cast<uint8_t>(draw_.below(4));
    if (draw_.v6()) {
      said_.push_back({from, test::bytes_of(test::icmp6(way, draw_.pick<uint8_t>({1, 3, 4, 100}), code, 0, quoted))});
    } else {
      said_.push_back({from, test::bytes_of(test::icmp4(way, draw_.pick<uint8_t>({3, 4, 11, 12}), code, 0, quoted))});
    }
  }

  Draw& draw_;
  std::array<IpAddress, 2> addresses_ = {};
  std::array<uint16_t, 2> ports_ = {};
  std::array<End, 2> ends_ = {};
  std::vector<Input> said_;
};

}  // namespace

std::vector<Input> random_dialogue(Draw& draw, uint32_t number) { return Dialogue(draw, number).talk(); }

}  // namespace sallyport::kernel
