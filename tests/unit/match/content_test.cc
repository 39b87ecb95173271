// -m content: rules, engine and connections together.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/engine.h"
#include "support/packets.h"

namespace sallyport {
namespace {

class NoSink final : public PacketSink {
 public:
  void ended(Packet&, Fate, Hook, const Decision&) override {}
};

// A router with one rule in FORWARD, and a conversation that crosses it.
class Gateway {
 public:
  explicit Gateway(const std::string& rule) {
    auto ruleset = read_ruleset("*filter\n-A FORWARD " + rule + "\nCOMMIT\n", "", Family::Ipv4, builtin_registry());
    EXPECT_TRUE(ruleset) << (ruleset ? "" : ruleset.error()[0].text());
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = HostModel::pair("in0", "out0");
    config.sink = &sink_;
    auto made = Engine::create(std::move(config));
    EXPECT_TRUE(made) << (made ? "" : made.error()[0].text());
    engine_ = std::move(*made);
  }

  void greet() {
    pass(1, test::tcp4(kThere, test::kSyn, {}, {.sequence = kClient - 1}));
    pass(2, test::tcp4(kBack, test::kSyn | test::kAck, {}, {.sequence = kServer - 1, .acknowledgement = kClient}));
    ask(0, "");
  }
  void ask(uint32_t offset, std::string_view text) {
    pass(1, test::tcp4(kThere, test::kAck, text, {.sequence = kClient + offset, .acknowledgement = kServer}));
  }
  // Its byte with the number `urgent`, from 1, is sent out of band.
  void ask_urgently(uint32_t offset, std::string_view text, uint16_t urgent) {
    Packet packet =
        test::tcp4(kThere, test::kAck | test::kUrg, text, {.sequence = kClient + offset, .acknowledgement = kServer});
    uint8_t* tcp = packet.transport(20);
    store_be16(tcp + 18, urgent);
    // The sum stays right: what is added to one word is taken from another.
    const uint32_t sum = load_be16(tcp + 16) + (0xffffu - urgent);
    store_be16(tcp + 16, static_cast<uint16_t>((sum & 0xffff) + (sum >> 16)));
    pass(1, std::move(packet));
  }
  void answer(uint32_t offset, std::string_view text) {
    pass(2, test::tcp4(kBack, test::kAck, text, {.sequence = kServer + offset, .acknowledgement = kClient}));
  }
  void datagram(std::string_view text) { pass(1, test::udp4("192.0.2.1:1000 > 198.51.100.1:53", text)); }

  // How many packets the rule has counted.
  uint64_t counted() const {
    const auto& chains = engine_->ruleset(Family::Ipv4)->tables[0].chains;
    for (const Chain& chain : chains) {
      if (chain.name == "FORWARD") return chain.rules[0].counters.packets;
    }
    return 0;
  }

 private:
  static constexpr std::string_view kThere = "192.0.2.1:40000 > 198.51.100.1:80";
  static constexpr std::string_view kBack = "198.51.100.1:80 > 192.0.2.1:40000";
  static constexpr uint32_t kClient = 0xfffffff0, kServer = 5000;  // the client's numbers wrap around

  void pass(InterfaceId in, Packet packet) {
    packet.in = in;
    engine_->process({&packet, 1});
  }

  NoSink sink_;
  std::unique_ptr<Engine> engine_;
};

struct Segment {
  uint32_t offset;
  std::string_view text;
};

struct ContentCase {
  const char* name;
  const char* rule;
  std::vector<Segment> segments;
  uint64_t counted;
};

const ContentCase kCases[] = {
    {"in one", "-m content --stream --string evil", {{0, "an evil one"}}, 1},
    {"not at all", "-m content --stream --string evil", {{0, "a good one"}}, 0},
    {"in two", "-m content --stream --string evil", {{0, "an ev"}, {5, "il one"}}, 1},
    {"byte by byte", "-m content --stream --string evil", {{0, "e"}, {1, "v"}, {2, "i"}, {3, "l"}}, 1},
    {"across a hole", "-m content --stream --string evil", {{2, "il"}, {0, "ev"}}, 1},
    {"hole not filled", "-m content --stream --string evil", {{1, "evil"}}, 0},
    {"later packets count too", "-m content --stream --string evil", {{0, "evil"}, {4, "x"}, {0, "evil"}}, 3},
    {"the first bytes count", "-m content --stream --string evil", {{0, "good"}, {0, "evil"}}, 0},
    {"a longer one of the same start", "-m content --stream --string evil", {{1, "vXX"}, {1, "vilX"}, {0, "e"}}, 1},
    {"policy last", "-m content --stream --string evil --overlap last", {{1, "XXX"}, {1, "vil"}, {0, "e"}}, 1},
    {"policy first", "-m content --stream --string evil --overlap first", {{1, "vil"}, {1, "XXXX"}, {0, "e"}}, 1},
    {"inverted", "-m content --stream ! --string evil", {{0, "ev"}, {2, "il"}, {4, "x"}}, 1},
    {"case", "-m content --stream --string EVIL --icase", {{0, "eV"}, {2, "Il"}}, 1},
    {"case kept", "-m content --stream --string EVIL", {{0, "eV"}, {2, "Il"}}, 0},
    {"depth reaches", "-m content --stream --string evil --depth 6", {{0, "xxevil"}}, 1},
    {"depth does not", "-m content --stream --string evil --depth 5", {{0, "xxe"}, {3, "vil"}}, 0},
    {"from", "-m content --stream --string evil --from 3", {{0, "xxevil"}, {6, "evil"}}, 1},
    {"hexadecimal",
     "-m content --stream --hex-string |00ff00|",
     {{0, std::string_view("\0\xff", 2)}, {2, std::string_view("\0", 1)}},
     1},
    {"URI",
     "-m content --http-uri --string /cgi-bin/phf",
     {{0, "GET /x/../cg"}, {12, "i%2dbin/%70hf HTTP/1.0\r\n"}},
     1},
    {"URI, encoded twice", "-m content --http-uri --string /phf", {{0, "GET /%2570hf HTTP/1.0\r\n\r\n"}}, 1},
    {"URI only", "-m content --http-uri --string phf", {{0, "GET / HTTP/1.0\r\nX: phf\r\n\r\n"}}, 0},
    {"header",
     "-m content --http-header user-agent --string bot",
     {{0, "GET / HTTP/1.0\r\nUser-AGENT: a\r\n bo"}, {34, "t\r\n\r\n"}},
     1},
    {"another header",
     "-m content --http-header cookie --string bot",
     {{0, "GET / HTTP/1.0\r\nUser-Agent: bot\r\n\r\n"}},
     0},
    {"body in chunks",
     "-m content --http-body --string evil",
     {{0, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nev\r\n2\r\nil\r\n0\r\n\r\n"}},
     1},
    {"form",
     "-m content --http-body --string \"drop table\"",
     {{0,
       "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
       "14\r\n\r\nq=dro%70+table"}},
     1},
};

TEST(ContentMatch, LooksAtStreams) {
  for (const ContentCase& one : kCases) {
    Gateway gateway(one.rule);
    gateway.greet();
    for (const Segment& segment : one.segments) gateway.ask(segment.offset, segment.text);
    EXPECT_EQ(gateway.counted(), one.counted) << one.name;
  }
}

// A receiver does not read an urgent byte with the others.
TEST(ContentMatch, LeavesUrgentBytesOut) {
  Gateway gateway("-m content --stream --string evil");
  gateway.greet();
  gateway.ask_urgently(0, "evXil", 3);
  EXPECT_EQ(gateway.counted(), 1u);
  Gateway other("-m content --stream --string evil");
  other.greet();
  other.ask_urgently(0, "evil", 2);
  EXPECT_EQ(other.counted(), 0u);
}

TEST(ContentMatch, KeepsDirectionsApart) {
  Gateway gateway("-m content --stream --string evil");
  gateway.greet();
  gateway.ask(0, "ev");
  gateway.answer(0, "il");
  EXPECT_EQ(gateway.counted(), 0u);
  gateway.answer(2, " evil");
  EXPECT_EQ(gateway.counted(), 1u);
}

// The rule sees no SYN: the stream begins where the other side says it is.
TEST(ContentMatch, BeginsWhereTheReceiverIs) {
  Gateway gateway("-m conntrack --ctstate ESTABLISHED -m content --stream --string evil");
  gateway.greet();
  gateway.ask(2, "il");
  gateway.ask(0, "ev");
  EXPECT_EQ(gateway.counted(), 1u);
}

TEST(ContentMatch, PutsDatagramsBehindEachOther) {
  Gateway gateway("-m content --stream --string evil");
  gateway.datagram("ev");
  gateway.datagram("il");
  EXPECT_EQ(gateway.counted(), 1u);
}

// Every other byte, until there is no room.
TEST(ContentMatch, DropsOrPassesAtItsBound) {
  for (const bool drops : {true, false}) {
    Gateway gateway(std::string("-m content --stream --string evil --at-bound ") + (drops ? "drop" : "pass"));
    gateway.greet();
    for (uint32_t offset = 1; offset < 1200; offset += 2) gateway.ask(offset, "x");
    gateway.ask(0, std::string(1201, '-'));
    gateway.ask(1201, "evil");
    // Where it drops, the sender sends again, and nothing was lost.
    EXPECT_EQ(gateway.counted(), drops ? 1u : 0u);
  }
}

struct RefusedCase {
  const char* rule;
  const char* error;  // a part of it
};

constexpr RefusedCase kRefused[] = {
    {"-m content --stream", "no pattern"},
    {"-m content --string x", "where to look"},
    {"-m content --http-uri --depth 3 --string x", "--depth"},
    {"-m content --stream --overlap solaris --string x", "overlap policy"},
    {"-m content --http-header a:b --string x", "header's name"},
    {"-m content --stream --at-bound maybe --string x", "maybe"},
    {"-m content --stream --from 5 --to 4 --string x", "--from"},
};

TEST(ContentMatch, RefusesWhatMakesNoSense) {
  for (const RefusedCase& one : kRefused) {
    const auto ruleset = read_ruleset("*filter\n-A FORWARD " + std::string(one.rule) + "\nCOMMIT\n", "", Family::Ipv4,
                                      builtin_registry());
    ASSERT_FALSE(ruleset) << one.rule;
    EXPECT_NE(ruleset.error()[0].text().find(one.error), std::string::npos) << ruleset.error()[0].text();
  }
}

TEST(ContentMatch, IsSavedAsItWasGiven) {
  constexpr std::string_view kRule =
      "-A FORWARD -m content ! --string \"a b\" --icase --http-header User-Agent --from 1 --to 9 --overlap bsd "
      "--at-bound pass";
  const auto ruleset =
      read_ruleset("*filter\n" + std::string(kRule) + "\nCOMMIT\n", "", Family::Ipv4, builtin_registry());
  ASSERT_TRUE(ruleset) << ruleset.error()[0].text();
  EXPECT_NE(save_ruleset(*ruleset, false).find(kRule), std::string::npos) << save_ruleset(*ruleset, false);
}

}  // namespace
}  // namespace sallyport
