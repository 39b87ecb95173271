// Helpers: what is expected after what was said, and the bounds of what is expected.

#include "sallyport/helper.h"

#include <gtest/gtest.h>

#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "conntrack/tuple.h"
#include "support/packets.h"

namespace sallyport {
namespace {

constexpr SipHashKey kKey = {1, 2};
constexpr std::string_view kClient = "192.0.2.1:40000 > 198.51.100.2:21";
constexpr std::string_view kServer = "198.51.100.2:21 > 192.0.2.1:40000";

// A control connection between 192.0.2.1 and 198.51.100.2 on which each side has ended a line.
class Control {
 public:
  explicit Control(ConnectionTable& table, ExpectationTable& expectations, std::string_view client = kClient)
      : expectations_(expectations) {
    const Tuple tuple = *tuple_of(test::tcp4(client, test::kSyn), 0);
    connection = table.create(tuple, *inverted(tuple), 0);
    connection->deadline = 1000 * kSecond;
    table.confirm(*connection, 0);
    table.extra(*connection).helper = find_helper("ftp", Family::Ipv4, kTcp);
    say(Direction::Original, "USER x\r\n");
    say(Direction::Reply, "220 ready\r\n");
  }
  bool say(Direction direction, std::string_view text, Timestamp now = 0) {
    uint32_t& next = next_[index(direction)];
    const uint32_t sequence = next;
    next += static_cast<uint32_t>(text.size());
    return say_at(sequence, direction, text, now);
  }
  bool say_at(uint32_t sequence, Direction direction, std::string_view text, Timestamp now = 0) {
    const test::TcpFields fields = {.sequence = sequence};
    Packet packet = test::tcp4(direction == Direction::Original ? kClient : kServer, test::kAck, text, fields);
    const HelperContext context = {now, PacketState::Established, direction, &expectations_};
    return connection->extra->helper->look(packet, *connection, context);
  }

  Connection* connection = nullptr;

 private:
  ExpectationTable& expectations_;
  uint32_t next_[2] = {};
};

bool comes(ExpectationTable& expectations, std::string_view flow, Timestamp now = 0, uint16_t zone = 0) {
  return expectations.take(*tuple_of(test::tcp4(flow, test::kSyn), 0), zone, now).has_value();
}

struct FtpCase {
  std::string_view name;
  std::string_view text;
  std::string_view expected;  // the data connection; empty: none
  Direction direction;
  bool passes;
};
constexpr Direction kO = Direction::Original, kR = Direction::Reply;
constexpr FtpCase kFtpCases[] = {
    {"PORT", "PORT 192,0,2,1,78,32\r\n", "198.51.100.2:20 > 192.0.2.1:20000", kO, true},
    {"lower case", "port 192,0,2,1,78,32\r\n", "198.51.100.2:20 > 192.0.2.1:20000", kO, true},
    {"EPRT", "EPRT |1|192.0.2.1|20000|\r\n", "198.51.100.2:20 > 192.0.2.1:20000", kO, true},
    {"PASV", "227 Passive (198,51,100,2,78,32)\r\n", "192.0.2.1:1 > 198.51.100.2:20000", kR, true},
    {"PASV without brackets", "227 =198,51,100,2,78,32\r\n", "192.0.2.1:1 > 198.51.100.2:20000", kR, true},
    {"EPSV", "229 Extended (|||20000|)\r\n", "192.0.2.1:1 > 198.51.100.2:20000", kR, true},
    {"CVE-2001-0405: a hole to a third machine", "PORT 10,0,0,1,78,32\r\n", "", kO, true},
    {"the same by PASV", "227 Passive (10,0,0,1,78,32)\r\n", "", kR, true},
    {"a command of the other side", "PORT 198,51,100,2,78,32\r\n", "", kR, true},
    {"another command", "STOR 192,0,2,1,78,32\r\n", "", kO, true},
    {"cut off in the word", "PO", "", kO, false},
    {"cut off in the number", "PORT 192,0,2,1,78,3", "", kO, false},
    {"five numbers", "PORT 192,0,2,1,78\r\n", "", kO, false},
    {"a delimiter that is a digit", "EPRT 111192.0.2.11200001\r\n", "", kO, false},
    {"a family that is not the connection's", "EPRT |2|::1|20000|\r\n", "", kO, false},
    {"port 0", "229 Extended (|||0|)\r\n", "", kR, false},
};

TEST(FtpHelper, ExpectsWhatWasAgreed) {
  for (const FtpCase& each : kFtpCases) {
    SCOPED_TRACE(each.name);
    ConnectionTable table(100, kKey);
    ExpectationTable expectations(10, kKey);
    Control control(table, expectations);
    EXPECT_EQ(control.say(each.direction, each.text), each.passes);
    EXPECT_EQ(expectations.size(), each.expected.empty() ? 0u : 1u);
    if (each.expected.empty()) continue;
    EXPECT_FALSE(comes(expectations, each.expected, 300 * kSecond)) << "after its time";
    EXPECT_FALSE(comes(expectations, each.expected, 0, 1)) << "in another zone";
    EXPECT_TRUE(comes(expectations, each.expected));
    EXPECT_TRUE(expectations.empty());
  }
}

// Data that looks like a command does not count unless it begins a line: nothing was ended before it.
TEST(FtpHelper, ReadsCommandsAtTheBeginningOfALineOnly) {
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(10, kKey);
  Control control(table, expectations);
  EXPECT_TRUE(control.say(Direction::Original, "STOR "));
  EXPECT_TRUE(control.say(Direction::Original, "PORT 192,0,2,1,78,32\r\n"));
  EXPECT_TRUE(expectations.empty());
}

// What is said again, from before, does not make its own end the beginning of a line once more.
TEST(FtpHelper, RepetitionMakesNoRoomForOldLines) {
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(10, kKey);
  Control control(table, expectations);
  EXPECT_TRUE(control.say(Direction::Original, "PASS y\r\n"));
  EXPECT_TRUE(control.say(Direction::Original, "NOOP\r\n"));
  EXPECT_TRUE(control.say_at(0, Direction::Original, "USER x\r\n"));
  EXPECT_TRUE(control.say_at(8, Direction::Original, "PORT 192,0,2,1,78,32\r\n"));
  EXPECT_TRUE(expectations.empty());
}

TEST(Expectations, OneConnectionExpectsNoMoreThanItsHelperMay) {
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(10, kKey);
  Control control(table, expectations);
  EXPECT_TRUE(control.say(Direction::Original, "PORT 192,0,2,1,78,32\r\n"));
  EXPECT_TRUE(control.say(Direction::Original, "PORT 192,0,2,1,78,33\r\n"));
  EXPECT_EQ(expectations.size(), 1u);
  EXPECT_FALSE(comes(expectations, "198.51.100.2:20 > 192.0.2.1:20000"));
  EXPECT_TRUE(comes(expectations, "198.51.100.2:20 > 192.0.2.1:20001"));
}

TEST(Expectations, TheTableIsBoundedAndAnotherMastersStays) {
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(1, kKey);
  Control first(table, expectations);
  Control second(table, expectations, "192.0.2.1:40001 > 198.51.100.2:21");
  EXPECT_TRUE(first.say(Direction::Original, "PORT 192,0,2,1,78,32\r\n"));
  EXPECT_FALSE(second.say(Direction::Original, "PORT 192,0,2,1,78,33\r\n")) << "full";
  EXPECT_FALSE(second.say(Direction::Original, "PORT 192,0,2,1,78,32\r\n")) << "another's";
  EXPECT_EQ(expectations.size(), 1u);
}

TEST(Expectations, EndWithTheirMaster) {
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(10, kKey);
  table.listen(expectations);
  Control control(table, expectations);
  EXPECT_TRUE(control.say(Direction::Original, "PORT 192,0,2,1,78,32\r\n"));
  table.kill(*control.connection);
  EXPECT_FALSE(comes(expectations, "198.51.100.2:20 > 192.0.2.1:20000"));
  table.reclaim();
  EXPECT_TRUE(expectations.empty());
}

}  // namespace
}  // namespace sallyport
