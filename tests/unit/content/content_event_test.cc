// What is told of finds, bounds and evasions.

#include "content/content_event.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/engine.h"
#include "support/packets.h"

namespace sallyport {
namespace {

// Writes events down: "content found /cgi-bin/phf".
class Notes final : public EventSink, public PacketSink {
 public:
  void emit(const Event& event) override {
    std::string text(event.type);
    for (const EventField& field : event.fields) {
      for (const std::string_view shown : {"event", "pattern", "split", "bound", "direction"}) {
        if (field.name == shown) text += " " + std::string(field.text);
      }
      if (field.name == "excerpt") excerpt = field.text;
      if (field.name == "line") line = field.number;
    }
    told.push_back(text);
  }
  void ended(Packet&, Fate, Hook, const Decision&) override {}
  std::vector<std::string> told;
  std::string excerpt;
  uint64_t line = 0;
};

struct Piece {
  uint32_t offset;
  std::string_view text;
};

Ruleset one_rule(const std::string& rule, Family family = Family::Ipv4) {
  return read_ruleset("*filter\n" + rule + "\nCOMMIT\n", "", family, builtin_registry()).value();
}

std::vector<std::string> told_of(std::vector<Ruleset> rulesets, const std::vector<Piece>& pieces, bool evasions,
                                 Notes& notes) {
  EngineConfig config;
  config.rulesets = std::move(rulesets);
  config.host = HostModel::pair("in0", "out0");
  config.evasions = evasions;
  config.events = &notes;
  config.sink = &notes;
  const auto engine = std::move(Engine::create(std::move(config)).value());
  uint64_t number = 0;
  const auto pass = [&](InterfaceId in, Packet packet) {
    packet.in = in;
    packet.number = ++number;
    engine->process({&packet, 1});
  };
  constexpr std::string_view kFlow = "192.0.2.1:40000 > 198.51.100.1:80", kBack = "198.51.100.1:80 > 192.0.2.1:40000";
  pass(1, test::tcp4(kFlow, test::kSyn, {}, {.sequence = 999}));
  pass(2, test::tcp4(kBack, test::kSyn | test::kAck, {}, {.sequence = 4999, .acknowledgement = 1000}));
  for (const Piece& piece : pieces) {
    pass(1, test::tcp4(kFlow, test::kAck, piece.text, {.sequence = 1000 + piece.offset, .acknowledgement = 5000}));
  }
  return notes.told;
}

std::vector<std::string> told_of(const std::string& rule, const std::vector<Piece>& pieces, bool evasions,
                                 Notes& notes) {
  std::vector<Ruleset> rulesets;
  rulesets.push_back(one_rule(rule));
  return told_of(std::move(rulesets), pieces, evasions, notes);
}

TEST(ContentEvents, TellTheFirstFindOfADirection) {
  Notes notes;
  EXPECT_EQ(told_of("-A FORWARD -m content --stream --string evil", {{0, "an ev"}, {5, "il\x01 one"}, {11, "evil"}},
                    false, notes),
            std::vector<std::string>{"content found evil to_server"});
  EXPECT_EQ(notes.excerpt, "il\\x01 one");
  EXPECT_EQ(notes.line, 2u);
}

TEST(ContentEvents, TellOfABoundOnce) {
  std::vector<Piece> pieces;
  for (uint32_t offset = 1; offset < 1200; offset += 2) pieces.push_back({offset, "x"});
  Notes notes;
  EXPECT_EQ(told_of("-A FORWARD -m content --stream --string evil --at-bound pass", pieces, false, notes),
            std::vector<std::string>{"content bound segments to_server"});
}

struct EvasionCase {
  const char* rule;
  std::vector<Piece> pieces;
  const char* told;  // nothing: no evasion
};

const EvasionCase kEvasions[] = {
    {"-m string --algo bm --string /phf", {{0, "GET /phf HTTP/1.0"}}, ""},
    {"-m string --algo bm --string /phf", {{0, "GET /abc HTTP/1.0"}}, ""},
    {"-m string --algo bm --string /phf", {{0, "GET /p"}, {6, "hf HTTP/1.0"}}, "evasion /phf segments to_server"},
    {"-m string --algo bm --string /phf",
     {{6, "hf HTTP/1.0"}, {0, "GET /p"}},
     "evasion /phf segments, order to_server"},
    {"-m string --algo bm --string /phf",
     {{0, "GET /p"}, {5, "phf HTTP/1.0"}},
     "evasion /phf segments, overlap to_server"},
    {"-m string --algo bm --string /phf",
     {{7, "f H"}, {1, "ET /"}, {0, "G"}, {5, "ph"}},
     "evasion /phf segments, order to_server"},
    {"-m string --algo bm --string /phf",
     {{7, "f H"}, {0, "GET /"}, {4, "/ph"}},
     "evasion /phf segments, order, overlap to_server"},
    {"-m string --algo bm --string /phf", {{0, "GET /%70hf HTTP/1.0\r\n\r\n"}}, "evasion /phf encoding to_server"},
    {"-m string --algo bm --string /phf --to 40", {{0, "GET /phf HTTP/1.0"}}, "evasion /phf place to_server"},
    {"-m string --algo bm ! --string /phf", {{0, "GET /p"}, {6, "hf HTTP/1.0"}}, ""},
};

TEST(Evasions, AreWhatTheStreamHeldAndNoPacket) {
  for (const EvasionCase& one : kEvasions) {
    Notes notes;
    std::string told;
    for (const std::string& each : told_of(std::string("-A FORWARD ") + one.rule, one.pieces, true, notes))
      told += each;
    EXPECT_EQ(told, one.told) << one.rule << " " << one.pieces[0].text;
  }
}

// IPv4 packets are not what a rule for IPv6 misses.
TEST(Evasions, AreThoseOfTheFamilysOwnRules) {
  std::vector<Ruleset> rulesets;
  rulesets.push_back(one_rule("-A FORWARD -m string --algo bm --string /phf"));
  rulesets.push_back(one_rule("-A FORWARD -m string --algo bm --string /cgi-bin", Family::Ipv6));
  Notes notes;
  EXPECT_EQ(told_of(std::move(rulesets), {{0, "GET /cgi"}, {8, "-bin/p"}, {14, "hf HTTP/1.0"}}, true, notes),
            std::vector<std::string>{"evasion /phf segments to_server"});
  EXPECT_EQ(notes.line, 2u);
}

TEST(ContentEvents, EscapeWhatIsNotPrintable) {
  std::string out;
  append_escaped(std::vector<uint8_t>{'a', '\\', 0x00, 0xff, '"', 0x7f}, out);
  EXPECT_EQ(out, "a\\\\\\x00\\xff\"\\x7f");
}

}  // namespace
}  // namespace sallyport
