// Events as lines.

#include "event/event_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "event/flow_key.h"
#include "support/packets.h"

namespace sallyport {
namespace {

using namespace test;

std::string line_of(const Event& event, const EventStyle& style = {}) {
  std::string line;
  append_event(event, style, line);
  EXPECT_TRUE(line.ends_with("}\n"));
  if (!line.empty()) line.pop_back();
  return line;
}

// Without the parts that other tests look at.
std::string without(std::string line, std::string_view member) {
  const size_t start = line.find("\"" + std::string(member) + "\":");
  if (start == std::string::npos) return line;
  return line.erase(start, line.find(',', start) + 1 - start);
}

TEST(EventText, HasTheMembersOfAPacket) {
  const HostModel host = HostModel::pair("wan", "lan");
  Packet packet = tcp4("192.0.2.1:40000 > 198.51.100.2:80", kSyn);
  packet.in = 1;
  packet.number = 7;
  HookContext context;
  context.hook = Hook::Forward;
  context.out = 2;
  context.decision = {.table = "filter", .chain = "FORWARD", .line = 12, .rule_number = 3};
  const EventField fields[] = {{"reason", "rules"}};
  const Event event = {
      .type = "drop", .time = 1'700'000'000'123'456'789, .packet = &packet, .context = &context, .fields = fields};
  EXPECT_EQ(
      without(line_of(event, {.router = &host}), "flow_id"),
      R"({"timestamp":"2023-11-14T22:13:20.123456+0000","pcap_cnt":7,"in_iface":"wan","event_type":"drop",)"
      R"("src_ip":"192.0.2.1","src_port":40000,"dest_ip":"198.51.100.2","dest_port":80,"proto":"TCP",)"
      R"("community_id":"1:+2pHz3aT6HgcBXuye2/+i7Ff26k=","drop":{"reason":"rules"},"netfilter":{"hook":"FORWARD",)"
      R"("out_iface":"lan","table":"filter","chain":"FORWARD","rule":3,"line":12}})");
}

TEST(EventText, HasOneFlowIdForBothDirectionsAndAnotherForOtherEnds) {
  const Packet there = udp4("192.0.2.1:4000 > 198.51.100.2:53");
  const Packet back = udp4("198.51.100.2:53 > 192.0.2.1:4000");
  const Packet other = udp4("192.0.2.1:4001 > 198.51.100.2:53");
  const auto id = [](const Packet& packet, const SipHashKey& key) { return flow_id(*flow_of(packet), nullptr, key); };
  EXPECT_EQ(id(there, {1, 2}), id(back, {1, 2}));
  EXPECT_NE(id(there, {1, 2}), id(other, {1, 2}));
  EXPECT_NE(id(there, {1, 2}), id(there, {1, 3}));  // nobody outside can choose it
  EXPECT_LE(id(there, {1, 2}), uint64_t{1} << 53);
}

TEST(EventText, SaysEveryKindOfValue) {
  const EventField fields[] = {{"number", uint64_t{18446744073709551615u}},
                               {"less", -5},
                               {"share", 0.25},
                               {"no_number", std::numeric_limits<double>::quiet_NaN()},
                               {"yes", true},
                               {"text", "a\nb"},
                               {"to", *parse_address("2001:db8::1")},
                               EventField::moment("when", -1)};
  EXPECT_EQ(
      line_of({.type = "rate", .time = 0, .fields = fields}),
      R"({"timestamp":"1970-01-01T00:00:00.000000+0000","event_type":"rate","rate":{"number":18446744073709551615,)"
      R"("less":-5,"share":0.25,"no_number":0,"yes":true,"text":"a\u000ab","to":"2001:db8::1",)"
      R"("when":"1969-12-31T23:59:59.999999+0000"}})");
}

TEST(EventText, PutsMembersWithADotIntoAnObject) {
  const EventField fields[] = {{"a.x", 1}, {"a.y", 2}, {"b.x", 3}, {"c", 4}};
  EXPECT_EQ(line_of({.type = "stats", .time = 0, .fields = fields}),
            R"({"timestamp":"1970-01-01T00:00:00.000000+0000","event_type":"stats",)"
            R"("stats":{"a":{"x":1,"y":2},"b":{"x":3},"c":4}})");
}

TEST(EventText, TellsOfASourceAlone) {
  const EventFlow flow = {.source = *parse_address("192.0.2.9")};
  EXPECT_EQ(line_of({.type = "rate", .time = 0, .flow = &flow}),
            R"({"timestamp":"1970-01-01T00:00:00.000000+0000","event_type":"rate","src_ip":"192.0.2.9"})");
}

TEST(EventText, LeavesOutWhatCannotBeRead) {
  const Packet whole = udp4("192.0.2.1:4000 > 198.51.100.2:53", "payload");
  const Bytes bytes = bytes_of(whole);
  // Shorter than an IP header: no address; shorter than the ports: no port, and no ID that would be another flow's.
  for (size_t length = 0; length < 24; ++length) {
    Packet cut = raw({bytes.data(), length});
    if (length >= 20) {
      cut.transport_offset = 20;
      cut.transport_state = Transport::Present;
      cut.protocol = kUdp;
    }
    const std::string line = line_of({.type = "anomaly", .time = 0, .packet = &cut});
    EXPECT_EQ(line.contains("src_ip"), length >= 20) << length;
    EXPECT_FALSE(line.contains("src_port")) << length;
    EXPECT_FALSE(line.contains("community_id")) << length;
  }
}

TEST(EventText, StrictlyHasNoNetfilterObjectAndNoTypeOfOurs) {
  const Packet packet = udp4("192.0.2.1:4000 > 198.51.100.2:53");
  HookContext context;
  const Event drop = {.type = "drop", .time = 0, .packet = &packet, .context = &context};
  EXPECT_TRUE(line_of(drop).contains("netfilter"));
  EXPECT_FALSE(line_of(drop, {.eve_strict = true}).contains("netfilter"));
  EXPECT_TRUE(can_say(drop, {.eve_strict = true}));
  EXPECT_FALSE(can_say({.type = "rate"}, {.eve_strict = true}));
  EXPECT_TRUE(can_say({.type = "rate"}, {.eve_strict = false}));
}

}  // namespace
}  // namespace sallyport
