// IRC, SIP and PPTP: what is expected after what was said.

#include <gtest/gtest.h>

#include <string>

#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "conntrack/pptp_calls.h"
#include "conntrack/tuple.h"
#include "sallyport/helper.h"
#include "support/packets.h"

namespace sallyport {
namespace {

constexpr SipHashKey kKey = {1, 2};
constexpr std::string_view kClient = "192.0.2.1:4000 > 198.51.100.2:5060";
constexpr std::string_view kServer = "198.51.100.2:5060 > 192.0.2.1:4000";

// A connection between 192.0.2.1 and 198.51.100.2 with a helper.
class Talk {
 public:
  Talk(std::string_view helper, uint8_t protocol)
      : table(100, kKey), expectations(100, kKey), calls(table, expectations, kKey) {
    table.listen(expectations);
    protocol_ = protocol;
    const Tuple tuple = *tuple_of(packet_of(false, ""), 0);
    connection = table.create(tuple, *inverted(tuple), 0);
    connection->deadline = 1000 * kSecond;
    table.confirm(*connection, 0);
    table.extra(*connection).helper = find_helper(helper, Family::Ipv4, protocol);
  }
  bool say(bool reply, std::string_view text, Timestamp now = 0) {
    Packet packet = packet_of(reply, text);
    const HelperContext context = {.now = now,
                                   .state = PacketState::Established,
                                   .direction = reply ? Direction::Reply : Direction::Original,
                                   .expecter = &expectations,
                                   .calls = &calls};
    return connection->extra->helper->look(packet, *connection, context);
  }
  // The tuples of all that is expected, as "source:port > destination:port".
  bool comes(const Packet& packet, Timestamp now = 0) {
    Tuple tuple = *tuple_of(packet, 0);
    calls.complete(tuple, packet.transport(8));
    return expectations.take(tuple, 0, now).has_value();
  }

  ConnectionTable table;
  ExpectationTable expectations;
  PptpCalls calls;
  Connection* connection = nullptr;

 private:
  Packet packet_of(bool reply, std::string_view text) const {
    const std::string_view flow = reply ? kServer : kClient;
    return protocol_ == kTcp ? test::tcp4(flow, test::kAck, text) : test::udp4(flow, text);
  }
  uint8_t protocol_ = 0;
};

struct IrcCase {
  std::string_view name;
  std::string_view text;
  bool expected;
};
// 3221225985 is 192.0.2.1.
constexpr IrcCase kIrcCases[] = {
    {"SEND", "PRIVMSG bob :\1DCC SEND file 3221225985 20000 99\1\r\n", true},
    {"CHAT, lower case word before", "privmsg bob :\1DCC CHAT chat 3221225985 20000\1\r\n", true},
    {"blanks before", "  \r\nPRIVMSG bob :\1DCC CHAT chat 3221225985 20000\1\r\n", true},
    {"another's address", "PRIVMSG bob :\1DCC CHAT chat 167772161 20000\1\r\n", false},
    {"port 0", "PRIVMSG bob :\1DCC CHAT chat 3221225985 0\1\r\n", false},
    {"no end of line", "PRIVMSG bob :\1DCC CHAT chat 3221225985 20000 99999\1", false},
    {"CVE-2022-2663: within what somebody says", "PRIVMSG bob :look :\1DCC CHAT chat 3221225985 20000\1\r\n", false},
    {"CVE-2022-2663: in another command", "PING :\1DCC CHAT chat 3221225985 20000 999999\1\r\n", false},
};

TEST(IrcHelper, ExpectsWhatAMessageOffers) {
  for (const IrcCase& each : kIrcCases) {
    SCOPED_TRACE(each.name);
    Talk talk("irc", kTcp);
    EXPECT_TRUE(talk.say(true, each.text)) << "of the server";
    EXPECT_TRUE(talk.expectations.empty());
    EXPECT_TRUE(talk.say(false, each.text));
    EXPECT_EQ(talk.comes(test::tcp4("203.0.113.9:5 > 192.0.2.1:20000", test::kSyn)), each.expected);
  }
}

std::string invite(std::string_view session) {
  return "INVITE sip:b SIP/2.0\r\nCSeq: 7 INVITE\r\n\r\nv=0\r\n" + std::string(session);
}

struct SdpCase {
  std::string_view name;
  std::string_view session;
  uint64_t expected;
  bool passes;
};
constexpr SdpCase kSdpCases[] = {
    {"audio", "c=IN IP4 192.0.2.1\r\nm=audio 20000 RTP/AVP 0\r\n", 2, true},
    {"audio and video", "c=IN IP4 192.0.2.1\r\nm=audio 20000 x\r\nm=video 20002 x\r\n", 4, true},
    {"an address per medium", "m=audio 20000 x\r\nc=IN IP4 192.0.2.1\r\n", 2, true},
    {"an odd port", "c=IN IP4 192.0.2.1\r\nm=audio 20001 x\r\n", 2, true},
    {"a third machine", "c=IN IP4 192.0.2.7\r\nm=audio 20000 x\r\n", 0, true},
    {"switched off", "c=IN IP4 192.0.2.1\r\nm=audio 0 x\r\n", 0, true},
    {"another medium", "c=IN IP4 192.0.2.1\r\nm=text 20000 x\r\n", 0, true},
    {"no address", "m=audio 20000 x\r\n", 0, false},
    {"a low port", "c=IN IP4 192.0.2.1\r\nm=audio 80 x\r\n", 0, false},
    {"a port beyond all", "c=IN IP4 192.0.2.1\r\nm=audio 65536 x\r\n", 0, false},
};

TEST(SipHelper, ExpectsTheMediaOfASession) {
  for (const SdpCase& each : kSdpCases) {
    SCOPED_TRACE(each.name);
    Talk talk("sip", kUdp);
    EXPECT_EQ(talk.say(false, invite(each.session)), each.passes);
    EXPECT_EQ(talk.expectations.size(), each.expected);
    EXPECT_EQ(talk.connection->seconds_left(0), 3600);
    EXPECT_EQ(talk.comes(test::udp4("198.51.100.2:9 > 192.0.2.1:20000")), each.expected != 0);
  }
}

TEST(SipHelper, ForgetsMediaWhenTheCallEndsOrIsRefused) {
  for (const std::string_view end :
       {"BYE sip:b SIP/2.0\r\nCSeq: 8 BYE\r\n\r\n", "SIP/2.0 603 no\r\nCSeq: 7 INVITE\r\n\r\n"}) {
    Talk talk("sip", kUdp);
    EXPECT_TRUE(talk.say(false, invite("c=IN IP4 192.0.2.1\r\nm=audio 20000 x\r\n")));
    EXPECT_TRUE(talk.say(end.starts_with("SIP"), end));
    EXPECT_TRUE(talk.expectations.empty());
  }
}

TEST(SipHelper, ExpectsCallsWhenTheRegistrarHasSaidYes) {
  constexpr std::string_view kRegister =
      "REGISTER sip:x SIP/2.0\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@192.0.2.1:5062>;expires=60\r\n\r\n";
  constexpr std::string_view kAnswer =
      "SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\nContact: <sip:b@192.0.2.8>, <sip:a@192.0.2.1:5062>;expires=90\r\n\r\n";
  Talk talk("sip", kUdp);
  const Packet call = test::udp4("198.51.100.2:5060 > 192.0.2.1:5062");
  EXPECT_TRUE(talk.say(false, kRegister));
  EXPECT_EQ(talk.expectations.size(), 1u);
  EXPECT_FALSE(talk.comes(call)) << "not answered yet";
  EXPECT_TRUE(talk.say(true, kAnswer));
  EXPECT_TRUE(talk.comes(call, 89 * kSecond));
  EXPECT_TRUE(talk.comes(call, 89 * kSecond)) << "any number of calls";
  EXPECT_FALSE(talk.comes(call, 90 * kSecond));
}

struct SipMessageCase {
  std::string_view name;
  std::string_view text;
  bool passes;
};
constexpr SipMessageCase kSipMessages[] = {
    {"no sequence", "BYE sip:b SIP/2.0\r\nX: 1\r\n\r\n", false},
    {"an answer without a code", "SIP/2.0 yes\r\nCSeq: 1 BYE\r\n\r\n", false},
    {"a sequence beyond 32 bits", "BYE sip:b SIP/2.0\r\nCSeq: 4294967296 BYE\r\n\r\n", false},
    {"another method", "OPTIONS sip:b SIP/2.0\r\n\r\n", true},
    {"a contact that is cut off", "REGISTER sip:x SIP/2.0\r\nCSeq: 1 R\r\nContact: <sip:192.0.2.1:50", true},
};

TEST(SipHelper, DropsWhatItCannotRead) {
  for (const SipMessageCase& each : kSipMessages) {
    SCOPED_TRACE(each.name);
    Talk talk("sip", kUdp);
    EXPECT_EQ(talk.say(false, each.text), each.passes);
    EXPECT_TRUE(talk.expectations.empty());
  }
}

// CVE-2026-23457: a length that is 32 only modulo 2^32.
TEST(SipHelper, ReadsWholeMessagesOverTcpOnly) {
  const std::string_view body = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 20000 x\r\n";
  const auto message = [&](std::string_view length) {
    return "INVITE sip:b SIP/2.0\r\nCSeq: 7 INVITE\r\nContent-Length: " + std::string(length) + "\r\n\r\n" +
           std::string(body);
  };
  for (const auto& [length, expected] :
       {std::pair{std::to_string(body.size()), 2u}, {"4294967328", 0u}, {"99", 0u}, {"x", 0u}}) {
    SCOPED_TRACE(length);
    Talk talk("sip", kTcp);
    EXPECT_TRUE(talk.say(false, message(length)));
    EXPECT_EQ(talk.expectations.size(), expected);
  }
}

std::string pptp(uint16_t type, std::string_view body, size_t size) {
  std::string text(12 + size, '\0');
  auto* bytes = reinterpret_cast<uint8_t*>(text.data());
  store_be16(bytes + 2, 1);
  store_be32(bytes + 4, 0x1a2b3c4d);
  store_be16(bytes + 8, type);
  return text.replace(12, body.size(), body);
}

Packet gre(bool reply, uint16_t key) {
  test::Bytes bytes = test::hex("3001880b00000000");
  store_be16(&bytes[6], key);
  return test::ip4(reply ? "198.51.100.2 > 192.0.2.1" : "192.0.2.1 > 198.51.100.2", kGre, bytes);
}

void call(Talk& talk) {
  talk.say(false, pptp(1, "", 144));
  talk.say(true, pptp(2, std::string_view("\1\0\1", 3), 144));
  talk.say(false, pptp(7, "\x12\x34", 156));
  talk.say(true, pptp(8, "\x56\x78\x12\x34\1", 20));
}

TEST(PptpHelper, ExpectsACallInBothDirectionsByItsKeys) {
  for (const bool reply : {false, true}) {
    Talk talk("pptp", kTcp);
    call(talk);
    EXPECT_EQ(talk.expectations.size(), 2u);
    EXPECT_FALSE(talk.comes(gre(reply, 7)));
    const Packet packet = gre(reply, reply ? 0x1234 : 0x5678);
    Tuple tuple = *tuple_of(packet, 0);
    talk.calls.complete(tuple, packet.transport(8));
    EXPECT_EQ(tuple.source_id, reply ? 0x5678 : 0x1234);
    EXPECT_TRUE(talk.comes(packet));
    talk.calls.arrived(*talk.connection, {.tuple = tuple}, 0);
    EXPECT_TRUE(talk.expectations.empty()) << "the other direction belongs to it";
  }
}

TEST(PptpHelper, EndsACallWithItsControlConnection) {
  Talk talk("pptp", kTcp);
  call(talk);
  talk.connection->extra->helper->ended(*talk.connection, {.expecter = &talk.expectations, .calls = &talk.calls});
  EXPECT_TRUE(talk.expectations.empty());
  EXPECT_EQ(talk.calls.size(), 0u);
}

TEST(PptpHelper, ExpectsNoCallThatNobodyAskedFor) {
  Talk talk("pptp", kTcp);
  talk.say(true, pptp(8, "\x56\x78\x12\x34\1", 20));
  EXPECT_TRUE(talk.expectations.empty());
  talk.say(false, pptp(1, "", 144));
  talk.say(true, pptp(2, std::string_view("\1\0\2", 3), 144));  // refused
  talk.say(false, pptp(7, "\x12\x34", 156));
  talk.say(true, pptp(8, "\x56\x78\x12\x34\1", 20));
  EXPECT_TRUE(talk.expectations.empty());
}

}  // namespace
}  // namespace sallyport
