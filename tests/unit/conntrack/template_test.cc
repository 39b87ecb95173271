// What -j CT wants of a connection, and what becomes of the wish.

#include <gtest/gtest.h>

#include "conntrack/conntrack_module.h"
#include "sallyport/host.h"
#include "support/packets.h"

namespace sallyport {
namespace {

class TemplateTest : public ::testing::Test {
 protected:
  TemplateTest() {
    model_.finish();
    conntrack_.emplace(model_, SipHashKey{1, 2}, SipHashKey{3, 4});
    context_.router = &model_;
    context_.clock = &clock_;
  }

  void handle(Packet& packet) {
    packet.connection_template = &wanted_;
    conntrack_->handle(packet, context_);
  }

  HostModel model_;
  Clock clock_;
  HookContext context_;
  std::optional<ConntrackModule> conntrack_;
  ConnectionTemplate wanted_;
};

TEST_F(TemplateTest, ChoosesWhichEventsOfAConnectionAreTold) {
  wanted_.events = {.connection = 0x5, .expectations = 0x1};
  Packet packet = test::udp4("192.0.2.1:1 > 198.51.100.2:2");
  handle(packet);
  ASSERT_NE(packet.connection, nullptr);
  ASSERT_NE(packet.connection->extra, nullptr);
  EXPECT_EQ(packet.connection->extra->events, wanted_.events);
}

TEST_F(TemplateTest, TakesNoRoomWhereNothingIsChosen) {
  Packet packet = test::udp4("192.0.2.1:1 > 198.51.100.2:2");
  handle(packet);
  ASSERT_NE(packet.connection, nullptr);
  EXPECT_EQ(packet.connection->extra, nullptr);
}

TEST_F(TemplateTest, EndsWithTrackingAlsoWhereThePacketIsInvalid) {
  Packet packet = test::tcp4("192.0.2.1:1 > 198.51.100.2:2", test::kSyn | test::kFin);
  handle(packet);
  EXPECT_EQ(packet.connection, nullptr);
  EXPECT_EQ(packet.connection_template, nullptr);
}

}  // namespace
}  // namespace sallyport
