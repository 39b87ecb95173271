// PPTP through NAT: calls and their GRE packets, with the numbers that each end was told.

#include "kernel/nat_helper_talks.h"
#include "sallyport/bytes.h"

namespace sallyport::kernel {
namespace {

constexpr uint8_t kClient = 0, kServer = 1;
constexpr uint16_t kPptpPort = 1723;
constexpr size_t kHeader = 12;
constexpr uint16_t kBodyBytes[] = {0, 144, 144, 4, 4, 4, 8, 156, 20, 208, 12, 16, 4, 136, 28, 12};

class PptpTalk {
 public:
  PptpTalk(NatTalk& talk, const HelperHosts& hosts)
      : talk_(talk), draw_(talk.draw), ports_(hosts.number), hosts_(hosts) {
    own_call_ = {ports_.next(), ports_.next()};
  }

  bool run() {
    if (!talk_.connect({.interface = 0,
                        .own = hosts_.client,
                        .peer = hosts_.server,
                        .own_port = ports_.next(),
                        .peer_port = kPptpPort})) {
      return talk_.wire.same;
    }
    // Letters of a way: a session begins (s, S), a call goes out (o, O), comes in (i, I, C), is ended (e, d).
    for (const char letter : draw_.pick<std::string_view>({"sSoO", "sSoO", "sSoO", "sSiIC", "sSoOed", "sS"}))
      step(letter);
    for (uint32_t i = draw_.between(2, 10); i > 0 && talk_.wire.same; --i) {
      if (draw_.chance(55)) {
        say_gre();
      } else if (draw_.chance(30)) {
        talk_.repeat(static_cast<uint8_t>(draw_.below(2)));
      } else {
        constexpr std::string_view kSteps = "sSoOoOiICedwl";
        if (draw_.chance(10)) own_call_[draw_.below(2)] = ports_.next();
        step(kSteps[draw_.below(static_cast<uint32_t>(kSteps.size()))]);
      }
    }
    return talk_.wire.same;
  }

 private:
  void step(char letter) {
    constexpr std::string_view kLetters = "sSoOiICedwl";
    constexpr uint16_t kTypes[] = {1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    constexpr uint8_t kFrom[] = {kClient, kServer, kClient, kServer, kServer, kClient,
                                 kServer, kClient, kServer, kServer, kClient};
    const size_t which = kLetters.find(letter);
    say(draw_.chance(97) ? kFrom[which] : static_cast<uint8_t>(1 - kFrom[which]), kTypes[which]);
  }

  void say(uint8_t from, uint16_t type) {
    std::string text(kHeader + kBodyBytes[type], '\0');
    auto* const bytes = reinterpret_cast<uint8_t*>(text.data());
    store_be16(bytes, static_cast<uint16_t>(text.size()));
    store_be16(bytes + 2, 1);
    store_be32(bytes + 4, 0x1a2b3c4d);
    store_be16(bytes + 8, type);
    uint8_t* const body = bytes + kHeader;
    const uint8_t result = draw_.chance(94) ? 1 : 2;
    if (type == 2) body[2] = result;
    if (type >= 7) store_be16(body, type == 11 || type >= 14 ? peers_call_[from] : own_call_[from]);
    if (type == 8 || type == 10) {
      store_be16(body + 2, draw_.chance(96) ? peers_call_[from] : own_call_[from]);
      body[4] = result;
    }
    talk_.say(from, text);
    hear(static_cast<uint8_t>(1 - from), text);
  }

  // The other end learns the number by which the call is known to the first.
  void hear(uint8_t who, const std::string& said) {
    const std::string& heard = talk_.speakers[who].heard;
    if (heard.size() < kHeader + 4) return;
    const auto* const bytes = reinterpret_cast<const uint8_t*>(heard.data());
    const uint16_t type = load_be16(bytes + 8);
    if (type >= 7 && type <= 10) peers_call_[who] = load_be16(bytes + kHeader);
    talk_.wire.tally.count("PPTP messages");
    if (heard != said && heard.size() == said.size()) talk_.wire.tally.count("PPTP messages written anew");
  }

  // With the receiver's key.
  void say_gre() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    test::Bytes gre = test::hex("3001 880b 0000 0000 00000000 00000000");
    store_be16(gre.data() + 6, draw_.chance(95) ? peers_call_[from] : own_call_[from]);
    if (talk_.say_gre(from, gre)) talk_.wire.tally.count("PPTP calls' packets");
  }

  NatTalk& talk_;
  Draw& draw_;
  OwnPorts ports_;
  HelperHosts hosts_;
  std::array<uint16_t, 2> own_call_ = {};
  std::array<uint16_t, 2> peers_call_ = {};  // as that end knows the other's
};

}  // namespace

bool talk_pptp_through_nat(NatTalk& talk, const HelperHosts& hosts) { return PptpTalk(talk, hosts).run(); }

}  // namespace sallyport::kernel
