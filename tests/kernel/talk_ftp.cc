// FTP and TFTP: control connections, and the data connections that they announce, or that nobody announced.

#include <fmt/format.h>

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

using namespace test;

// Where a data connection will go, as the command of that end says it; sometimes not quite.
std::string ftp_command(Talker& talker, uint8_t from, uint16_t port) {
  Draw& draw = talker.draw;
  std::string address = draw.chance(90) ? talker.addresses[from].text() : talker.addresses[other_end(from)].text();
  if (draw.v6() && draw.chance(10)) address = "2001:db8:0:1::7";
  std::string numbers = address;
  for (char& letter : numbers) letter = letter == '.' || letter == ':' ? ',' : letter;
  numbers += fmt::format(",{},{}", port >> 8, port & 255);
  const std::string_view end = draw.pick<std::string_view>({"\r\n", "\r\n", "\r\n", "\n", "\r", "x\r\n"});
  const char bar = draw.pick<char>({'|', '|', '|', '/', '1', ' '});
  const int family = draw.chance(90) ? (draw.v6() ? 2 : 1) : draw.pick<int>({1, 2, 3});
  std::string said;
  if (from == kA) {
    said = draw.chance(50) ? fmt::format("{} {}{}", draw.chance(80) ? "PORT" : "port", numbers, end)
                           : fmt::format("EPRT {0}{1}{0}{2}{0}{3}{0}{4}", bar, family, address, port, end);
  } else {
    said = draw.chance(50) ? fmt::format("227 Passive {}{}{}{}", draw.chance(80) ? "(" : "=", numbers,
                                         draw.chance(80) ? ")" : "", end)
                           : fmt::format("229 Extended ({0}{0}{0}{1}{0}){2}", bar, port, end);
  }
  if (draw.chance(5)) said.resize(draw.below(static_cast<uint32_t>(said.size()) + 1));
  return said;
}

}  // namespace

void talk_ftp(Talker& talker) {
  Draw& draw = talker.draw;
  talker.ports[kB] = 21;
  talker.connect();
  talker.say_text(kB, "220 ready\r\n");
  if (draw.chance(90)) talker.say_text(kA, "USER x\r\n");
  if (draw.chance(90)) talker.say_text(kB, "331 who\r\n");
  const uint32_t rounds = draw.between(1, 5);
  for (uint32_t i = 0; i < rounds; ++i) {
    const auto from = static_cast<uint8_t>(draw.below(2));
    const auto port = static_cast<uint16_t>(20000 + draw.below(20000));
    talker.say_text(from, ftp_command(talker, from, port));
    if (draw.chance(30)) talker.say_text(other_end(from), draw.chance(50) ? "200 ok\r\n" : "NOOP\r\n");
    const auto source = static_cast<uint16_t>(draw.chance(50) ? 20 : 40000 + draw.below(20000));
    if (draw.chance(80)) {
      talker.connect_apart(other_end(from), source, draw.chance(95) ? port : static_cast<uint16_t>(port + 1));
    }
  }
}

// Requests, and answers from the port that the server chose.
void talk_tftp(Talker& talker) {
  Draw& draw = talker.draw;
  talker.ports[kB] = 69;
  const uint32_t rounds = draw.between(1, 4);
  for (uint32_t i = 0; i < rounds; ++i) {
    talker.say_udp(kA, talker.flow(kA), std::string{'\0', static_cast<char>(draw.below(6)), 'f', '\0'});
    const auto port = static_cast<uint16_t>(20000 + draw.below(20000));
    const auto to = draw.chance(90) ? talker.ports[kA] : static_cast<uint16_t>(talker.ports[kA] + 1);
    if (draw.chance(80)) talker.say_udp(kB, talker.place(kB, port) + " > " + talker.place(kA, to), "data");
    if (draw.chance(60)) talker.say_udp(kA, talker.place(kA, to) + " > " + talker.place(kB, port), "ack");
  }
}

}  // namespace sallyport::kernel
