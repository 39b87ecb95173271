// Any bytes as what a module's process left of its events: nothing outside them is read, and what is told says what it
// may. Then the other way: what a writer wrote is told as it was.

#include "engine/event_record.h"
#include "fuzz/fuzz_input.h"

namespace {

using namespace sallyport;

class Checks final : public EventSink {
 public:
  void emit(const Event& event) override {
    ++count;
    fuzz::require(!event.type.empty());
    for (const EventField& field : event.fields) {
      fuzz::require(field.kind <= EventField::Kind::Time && field.address.family <= Family::Ipv6);
      letters += field.name.size() + field.text.size();
    }
  }
  size_t count = 0;
  size_t letters = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Packet packet;
  packet.assign({data, size}, 0);
  HookContext context;
  Checks checks;
  replay_events(std::as_bytes(std::span(data, size)), packet, context, checks);
  fuzz::require(checks.letters <= size);

  std::array<std::byte, 1024> room = {};
  EventWriter writer(room);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const EventField fields[] = {{"text", text}, {"bytes", size}};
  writer.emit({.type = "fuzz", .packet = &packet, .fields = fields});
  writer.emit({.type = "fuzz", .packet = &packet, .fields = fields});
  Checks again;
  replay_events(std::span<const std::byte>(room).first(writer.used()), packet, context, again);
  fuzz::require(again.count + writer.lost() == 2);
  return 0;
}
