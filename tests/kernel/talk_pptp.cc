// PPTP: control connections that set calls up and end them, and GRE packets with the calls' keys, or with others.

#include <fmt/format.h>

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

constexpr uint16_t kBodyBytes[] = {0, 144, 144, 4, 4, 4, 8, 156, 20, 208, 12, 16, 4, 136, 28, 12};

class PptpTalk {
 public:
  explicit PptpTalk(Talker& talker) : talker_(talker), draw_(talker.draw) { draw_keys(); }

  // Letters of a way: a session begins (s, S), a call goes out (o, O), comes in (i, I, C), is ended (e, d), the session
  // ends (t, T).
  void follow(std::string_view letters) {
    for (const char letter : letters) step(letter);
  }

  void say_anything() {
    constexpr std::string_view kSteps = "sSoOoOiICedtT";
    if (draw_.chance(10)) draw_keys();
    step(kSteps[draw_.below(static_cast<uint32_t>(kSteps.size()))]);
  }

  // A packet of the call, with the receiver's key.
  void say_gre() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    test::Bytes bytes(draw_.chance(95) ? 16 : draw_.below(8), 0);
    if (bytes.size() >= 8) {
      bytes[0] = 0x30;
      bytes[1] = draw_.chance(95) ? 0x01 : 0x00;
      store_be16(&bytes[2], draw_.chance(97) ? 0x880b : 0x0800);
      const uint16_t key = from == kA ? server_call_ : client_call_;
      store_be16(&bytes[6], draw_.chance(92) ? key : draw_.pick<uint16_t>({client_call_, server_call_, 0, 7}));
    }
    talker_.say_ip(from, kGre, bytes);
  }

 private:
  void draw_keys() {
    client_call_ = static_cast<uint16_t>(draw_.below(draw_.chance(90) ? 65536 : 4));
    server_call_ = static_cast<uint16_t>(draw_.below(draw_.chance(90) ? 65536 : 4));
  }

  void step(char letter) {
    constexpr std::string_view kLetters = "sStToOiICed";
    constexpr uint16_t kTypes[] = {1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13};
    constexpr uint8_t kFrom[] = {kA, kB, kA, kB, kA, kB, kB, kA, kB, kA, kB};
    const size_t which = kLetters.find(letter);
    const uint16_t type = draw_.chance(96) ? kTypes[which] : static_cast<uint16_t>(draw_.below(18));
    say(draw_.chance(97) ? kFrom[which] : other_end(kFrom[which]), type);
  }

  void say(uint8_t from, uint16_t type) {
    std::string text(12 + (type < std::size(kBodyBytes) ? kBodyBytes[type] : 4), '\0');
    auto* bytes = reinterpret_cast<uint8_t*>(text.data());
    store_be16(bytes, static_cast<uint16_t>(text.size()));
    store_be16(bytes + 2, draw_.chance(97) ? 1 : 2);
    store_be32(bytes + 4, draw_.chance(97) ? 0x1a2b3c4d : draw_.word());
    store_be16(bytes + 8, type);
    uint8_t* body = bytes + 12;
    if (type == 2) body[2] = result();
    if (type == 4) body[0] = result();
    const uint16_t own = from == kA ? client_call_ : server_call_;
    const uint16_t peer = from == kA ? server_call_ : client_call_;
    if (type >= 7 && type <= 13) store_be16(body, type == 11 ? peer : own);
    if (type == 8 || type == 10) {
      store_be16(body + 2, draw_.chance(95) ? peer : own);
      body[4] = result();
    }
    if (draw_.chance(3)) text.resize(draw_.below(static_cast<uint32_t>(text.size()) + 1));
    talker_.say_text(from, text);
  }

  uint8_t result() { return draw_.chance(92) ? 1 : 2; }

  Talker& talker_;
  Draw& draw_;
  uint16_t client_call_ = 0;
  uint16_t server_call_ = 0;
};

}  // namespace

void talk_pptp(Talker& talker) {
  Draw& draw = talker.draw;
  talker.ports[kB] = 1723;
  talker.connect();
  PptpTalk talk(talker);
  talk.follow(draw.pick<std::string_view>({"sS", "sSoO", "sSoO", "sSoO", "sSiIC", "sSiIC", "sSoOed", "o", "sSoOoO"}));
  const uint32_t rounds = draw.between(1, 12);
  for (uint32_t i = 0; i < rounds; ++i) {
    if (draw.chance(55)) {
      talk.say_gre();
    } else if (draw.chance(80)) {
      talk.say_anything();
    } else {
      talker.say_error();
    }
  }
  // The control connection ends, and its calls with it.
  if (draw.chance(30)) talker.say_text(draw.chance(50) ? kA : kB, "", test::kRst | test::kAck);
  if (draw.chance(50)) talk.say_gre();
}

}  // namespace sallyport::kernel
