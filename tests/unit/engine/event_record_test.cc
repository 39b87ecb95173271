// Events that go from one process to another as bytes.

#include "engine/event_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "event/event_text.h"

namespace sallyport {
namespace {

// Lines of JSON: whatever is lost on the way is missing there.
class Lines final : public EventSink {
 public:
  void emit(const Event& event) override { append_event(event, {}, text); }
  std::string text;
};

const EventField kFields[] = {{"event", "rise"},
                              {"count", uint64_t{1} << 63},
                              {"below", -5},
                              {"share", 0.25},
                              {"over", true},
                              {"who", IpAddress::v4(0xc0000201)},
                              EventField::moment("since", 1'700'000'000 * kSecond),
                              {"inner.a", "\x1b\"raw"}};
const EventField kNetfilter[] = {{"events_lost", 3}};

TEST(EventRecord, IsToldAsItWas) {
  const EventFlow flow = {.source = IpAddress::v4(0xc0000201),
                          .destination = IpAddress::v4(0xc6336402),
                          .source_port = 4000,
                          .destination_port = 53,
                          .protocol = kUdp,
                          .has_protocol = true};
  const Event events[] = {
      {.type = "rate", .time = 5 * kSecond, .fields = kFields, .netfilter = kNetfilter},
      {.type = "scan", .time = 6 * kSecond, .flow = &flow, .fields = std::span(kFields).first(1)},
      {.type = "empty"},
  };
  std::array<std::byte, 4096> room = {};
  EventWriter writer(room);
  Lines before, after;
  for (const Event& event : events) {
    before.emit(event);
    writer.emit(event);
  }
  EXPECT_EQ(writer.lost(), 0u);
  replay_events(std::span<const std::byte>(room).first(writer.used()), Packet(), HookContext(), after);
  EXPECT_EQ(after.text, before.text);
}

TEST(EventRecord, ThatDoesNotFitIsCountedAndHidesNoOther) {
  std::array<std::byte, 700> room = {};
  EventWriter writer(room);
  const std::string large(600, 'x');
  const EventField big[] = {{"text", large}};
  writer.emit({.type = "small"});
  writer.emit({.type = "large", .fields = big});
  writer.emit({.type = "small"});
  EXPECT_EQ(writer.lost(), 1u);
  Lines lines;
  replay_events(std::span<const std::byte>(room).first(writer.used()), Packet(), HookContext(), lines);
  EXPECT_EQ(std::ranges::count(lines.text, '\n'), 2);
  EXPECT_EQ(lines.text.find("large"), std::string::npos);
}

// Every byte of a record is spoilt in turn, and it is cut at every length: nothing outside is read (the sanitizers see
// to it), and nothing is told that has no meaning.
TEST(EventRecord, ThatIsSpoiltEndsTheReading) {
  std::array<std::byte, 1024> room = {};
  EventWriter writer(room);
  writer.emit({.type = "rate", .fields = kFields});
  const std::vector<std::byte> good(room.begin(), room.begin() + writer.used());
  for (size_t at = 0; at < good.size(); ++at) {
    std::vector<std::byte> bad = good;
    bad[at] = std::byte{0xff};
    Lines lines;
    replay_events(bad, Packet(), HookContext(), lines);
    replay_events(std::span(good).first(at), Packet(), HookContext(), lines);
  }
}

}  // namespace
}  // namespace sallyport
