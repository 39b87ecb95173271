// IRC: messages with offers to connect, and the connections that come of them, or that nobody offered.

#include <fmt/format.h>

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

// What a client says; most of it offers a connection to itself.
std::string message(Talker& talker, uint16_t port) {
  Draw& draw = talker.draw;
  const uint8_t whose = draw.chance(92) ? kA : kB;
  const uint32_t address = draw.chance(95) ? load_be32(talker.addresses[whose].bytes.data()) : draw.word();
  const auto command = draw.pick<std::string_view>({"SEND file", "CHAT chat", "MOVE a", "TSEND b", "SCHAT chat",
                                                    "SEND SEND ", "send x", "RESUME x", "SEND \"a b\"", "SEND"});
  const auto begin =
      draw.pick<std::string_view>({"PRIVMSG bob :", "PRIVMSG bob :", "PRIVMSG bob :", "privmsg #c :",
                                   "  \r\nPRIVMSG bob :", "PRIVMSG bob x :hi :", "NOTICE bob :", "PRIVMSG bob "});
  const auto end = draw.pick<std::string_view>({"\1\r\n", "\1\r\n", "\1\r\n", "\1\n", "\1", " 99 1\1\r\n", "\n"});
  const auto blanks = draw.pick<std::string_view>({" ", " ", " ", "  ", "", "x"});
  std::string said = fmt::format("{}{}DCC {} {}{}{}{}", begin, draw.chance(95) ? "\1" : "", command, address, blanks,
                                 draw.chance(95) ? port : draw.pick<uint32_t>({0, 65536, 70000}), end);
  if (draw.chance(6)) said.resize(draw.below(static_cast<uint32_t>(said.size()) + 1));
  if (draw.chance(5)) said.insert(draw.below(static_cast<uint32_t>(said.size())), 1, draw.pick({' ', '\n', 'x', '\1'}));
  if (draw.chance(5)) said += said;
  return said;
}

}  // namespace

void talk_irc(Talker& talker) {
  Draw& draw = talker.draw;
  talker.ports[kB] = 6667;
  talker.connect();
  talker.say_text(kB, ":irc 001 x :hello\r\n");
  const uint32_t rounds = draw.between(1, 12);
  for (uint32_t i = 0; i < rounds; ++i) {
    const auto port = static_cast<uint16_t>(20000 + draw.below(draw.chance(80) ? 20000 : 4));
    talker.say_text(draw.chance(92) ? kA : kB, message(talker, port));
    if (draw.chance(40)) {
      talker.connect_apart(kB, static_cast<uint16_t>(40000 + draw.below(20000)),
                           draw.chance(95) ? port : static_cast<uint16_t>(port + 1));
    }
  }
}

}  // namespace sallyport::kernel
