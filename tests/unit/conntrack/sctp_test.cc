// SCTP: states, verification tags, what begins an association and what does not.

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "conntrack/connection_table.h"
#include "conntrack/tracker.h"
#include "conntrack/tuple.h"
#include "sallyport/host.h"
#include "support/packets.h"

namespace sallyport {
namespace {

constexpr uint32_t kClientTag = 0x11111111, kServerTag = 0x22222222;

// What a side says: chunk types, the first of which tells which tag is right.
struct Said {
  bool reply = false;
  std::vector<uint8_t> chunks = {};
  uint32_t tag = 0;
  uint8_t flags = 0;
};

Packet packet_of(const Said& said) {
  test::Bytes bytes(12, 0);
  store_be16(&bytes[0], said.reply ? 80 : 4000);
  store_be16(&bytes[2], said.reply ? 4000 : 80);
  store_be32(&bytes[4], said.tag);
  for (const uint8_t type : said.chunks) {
    const bool chooses = type == 1 || type == 2;
    const size_t at = bytes.size();
    bytes.resize(at + (chooses ? 20 : 4), 0);
    bytes[at] = type;
    bytes[at + 1] = said.flags;
    store_be16(&bytes[at + 2], static_cast<uint16_t>(bytes.size() - at));
    if (chooses) store_be32(&bytes[at + 4], said.reply ? kServerTag : kClientTag);
  }
  return test::ip4(said.reply ? "198.51.100.2 > 192.0.2.1" : "192.0.2.1 > 198.51.100.2", kSctp, bytes);
}

class Association {
 public:
  Association() : table_(10, SipHashKey{1, 2}) {
    model_.finish();
    timeouts_.emplace(model_);
    const Tuple tuple = *tuple_of(packet_of({.chunks = {1}}), 0);
    connection = table_.create(tuple, *inverted(tuple), 0);
  }
  Tracked hear(const Said& said) {
    TrackContext context = {.timeouts = &*timeouts_,
                            .now = 100 * kSecond,
                            .direction = said.reply ? Direction::Reply : Direction::Original,
                            .refusal = &refusal};
    const Tracked tracked = track_sctp(*connection, packet_of(said), context);
    if (tracked == Tracked::Accept && !connection->has(kStatusConfirmed)) table_.confirm(*connection, 0);
    return tracked;
  }
  int64_t seconds() const { return connection->seconds_left(100 * kSecond); }
  Connection* connection = nullptr;
  Refusal refusal;

 private:
  HostModel model_;
  std::optional<Timeouts> timeouts_;
  ConnectionTable table_;
};

constexpr uint8_t kData = 0, kInit = 1, kInitAck = 2, kHeartbeat = 4, kHeartbeatAck = 5, kAbort = 6, kShutdown = 7,
                  kShutdownAck = 8, kCookieEcho = 10, kCookieAck = 11, kComplete = 14;

struct Step {
  Said said;
  SctpState state;
  int64_t seconds;
};

TEST(SctpTracker, FollowsAnAssociationFromInitToShutdown) {
  const Step steps[] = {
      {{false, {kInit}, 0}, SctpState::Closed, 10},
      {{true, {kInitAck}, kClientTag}, SctpState::CookieWait, 3},
      {{false, {kCookieEcho, kData}, kServerTag}, SctpState::CookieEchoed, 3},
      {{true, {kCookieAck}, kClientTag}, SctpState::Established, 210},
      {{false, {kData}, kServerTag}, SctpState::Established, 210},
      {{false, {kShutdown}, kServerTag}, SctpState::ShutdownSent, 3},
      {{true, {kShutdownAck}, kClientTag}, SctpState::ShutdownAckSent, 3},
      {{false, {kComplete}, kServerTag}, SctpState::Closed, 10},
  };
  Association association;
  for (const Step& step : steps) {
    SCOPED_TRACE(int{step.said.chunks.front()});
    ASSERT_EQ(association.hear(step.said), Tracked::Accept);
    EXPECT_EQ(association.connection->sctp.state, step.state);
    EXPECT_EQ(association.seconds(), step.seconds);
  }
  EXPECT_TRUE(association.connection->has(kStatusAssured));
}

struct Refused {
  std::string_view name;
  Said said;
};

TEST(SctpTracker, BeginsWithNoneOfThese) {
  const Refused cases[] = {
      {"INIT with a tag", {false, {kInit}, 1}},
      {"data", {false, {kData}, 1}},
      {"ABORT", {false, {kAbort}, 1}},
      {"COOKIE-ACK", {false, {kCookieAck}, 1}},
      {"SHUTDOWN-COMPLETE", {false, {kComplete}, 1}},
      {"no chunk", {false, {}, 1}},
      {"INIT and another", {false, {kInit, kData}, 0}},
  };
  for (const Refused& each : cases) {
    SCOPED_TRACE(each.name);
    Association association;
    EXPECT_EQ(association.hear(each.said), Tracked::Invalid);
  }
}

TEST(SctpTracker, WantsTheTagThatTheOtherSideChose) {
  const Refused cases[] = {
      {"data", {false, {kData}, kClientTag}},
      {"data of the server", {true, {kData}, kServerTag}},
      {"ABORT", {false, {kAbort}, kClientTag}},
      {"ABORT with a reflected tag", {false, {kAbort}, kServerTag, 1}},
      {"COOKIE-ECHO", {false, {kCookieEcho}, 7}},
      {"data beside a HEARTBEAT", {true, {kHeartbeat, kData}, 7}},
      {"an answer to no HEARTBEAT", {true, {kHeartbeatAck}, 7}},
      {"INIT-ACK that chooses another tag", {false, {kInitAck}, kServerTag}},
  };
  for (const Refused& each : cases) {
    SCOPED_TRACE(each.name);
    Association association;
    association.hear({false, {kInit}, 0});
    association.hear({true, {kInitAck}, kClientTag});
    association.hear({false, {kCookieEcho}, kServerTag});
    ASSERT_EQ(association.hear({true, {kCookieAck}, kClientTag}), Tracked::Accept);
    Said said = each.said;
    if (said.chunks.front() == kInitAck) association.connection->sctp.tags[1] = 7;
    EXPECT_EQ(association.hear(said), Tracked::Invalid);
    EXPECT_EQ(association.connection->sctp.state, SctpState::Established);
  }
}

// The two sides have set their association up anew where we did not see it.
TEST(SctpTracker, LearnsAnotherTagFromAnAnsweredHeartbeat) {
  Association association;
  association.hear({false, {kInit}, 0});
  association.hear({true, {kInitAck}, kClientTag});
  association.hear({false, {kCookieEcho}, kServerTag});
  association.hear({true, {kCookieAck}, kClientTag});
  EXPECT_EQ(association.hear({false, {kHeartbeat}, 7}), Tracked::Uncounted);
  EXPECT_EQ(association.hear({false, {kData}, 7}), Tracked::Invalid);
  EXPECT_EQ(association.hear({true, {kHeartbeatAck}, 8}), Tracked::Accept);
  EXPECT_EQ(association.hear({true, {kData}, 8}), Tracked::Accept);
}

TEST(SctpTracker, ASecondPathBeginsWithAHeartbeat) {
  Association association;
  EXPECT_EQ(association.hear({false, {kHeartbeat}, kServerTag}), Tracked::Accept);
  EXPECT_EQ(association.connection->sctp.state, SctpState::HeartbeatSent);
  EXPECT_EQ(association.seconds(), 30);
  EXPECT_EQ(association.hear({true, {kHeartbeatAck}, kClientTag}), Tracked::Accept);
  EXPECT_EQ(association.connection->sctp.state, SctpState::Established);
}

}  // namespace
}  // namespace sallyport
