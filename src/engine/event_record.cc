// An event is its head, its fields' heads, and behind them names and texts in the same order.

#include "engine/event_record.h"

#include <array>
#include <cstring>
#include <optional>

namespace sallyport {
namespace {

constexpr uint32_t kMostFields = 48;
constexpr uint32_t kMostText = 4096;

struct Head {
  uint32_t bytes = 0;  // of the whole record
  uint16_t fields = 0;
  uint16_t netfilter = 0;
  uint16_t type_bytes = 0;
  uint8_t has = 0;
  uint8_t protocol = 0;
  uint16_t source_port = 0, destination_port = 0;
  Timestamp time = 0;
  IpAddress source = {}, destination = {};
};
// Bits of Head::has: a bool read from bytes that anybody wrote would have no meaning.
constexpr uint8_t kPacket = 1, kContext = 2, kFlow = 4, kFlowProtocol = 8;

struct FieldHead {
  uint16_t name_bytes = 0;
  uint16_t text_bytes = 0;
  EventField::Kind kind = EventField::Kind::Number;
  uint64_t number = 0;
  double real = 0;
  IpAddress address = {};
};

// Bytes taken from the front, as long as there are enough.
class Taker {
 public:
  explicit Taker(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  bool take(T& value) {
    if (bytes_.size() < sizeof value) return false;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return true;
  }
  std::optional<std::string_view> text(size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }

 private:
  std::span<const std::byte> bytes_;
};

bool read_fields(std::span<const FieldHead> heads, Taker& taker, std::span<EventField> fields) {
  for (size_t i = 0; i < heads.size(); ++i) {
    const FieldHead& head = heads[i];
    if (head.kind > EventField::Kind::Time || head.address.family > Family::Ipv6) return false;
    const auto name = taker.text(head.name_bytes), text = taker.text(head.text_bytes);
    if (!name || !text) return false;
    EventField& field = fields[i];
    field.name = *name;
    field.text = *text;
    field.kind = head.kind;
    field.number = head.number;
    field.real = head.real;
    field.address = head.address;
  }
  return true;
}

bool emit_one(std::span<const std::byte> record, const Packet& packet, const HookContext& context, EventSink& sink) {
  Taker taker(record);
  Head head;
  if (!taker.take(head)) return false;
  const size_t count = size_t{head.fields} + head.netfilter;
  std::array<FieldHead, kMostFields> heads;
  std::array<EventField, kMostFields> fields;
  if (count > kMostFields || head.source.family > Family::Ipv6 || head.destination.family > Family::Ipv6) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!taker.take(heads[i])) return false;
  }
  const auto type = taker.text(head.type_bytes);
  if (!type || type->empty() || !read_fields(std::span(heads).first(count), taker, fields)) return false;
  const EventFlow flow = {.source = head.source,
                          .destination = head.destination,
                          .source_port = head.source_port,
                          .destination_port = head.destination_port,
                          .protocol = head.protocol,
                          .has_protocol = (head.has & kFlowProtocol) != 0};
  sink.emit({.type = *type,
             .time = head.time,
             .packet = (head.has & kPacket) != 0 ? &packet : nullptr,
             .context = (head.has & kContext) != 0 ? &context : nullptr,
             .flow = (head.has & kFlow) != 0 ? &flow : nullptr,
             .fields = std::span(fields).first(head.fields),
             .netfilter = std::span(fields).subspan(head.fields, head.netfilter)});
  return true;
}

}  // namespace

void EventWriter::emit(const Event& event) {
  Head head = {.fields = static_cast<uint16_t>(event.fields.size()),
               .netfilter = static_cast<uint16_t>(event.netfilter.size()),
               .type_bytes = static_cast<uint16_t>(event.type.size()),
               .time = event.time};
  if (event.packet != nullptr) head.has |= kPacket;
  if (event.context != nullptr) head.has |= kContext;
  if (const EventFlow* const flow = event.flow; flow != nullptr) {
    head.has |= static_cast<uint8_t>(kFlow | (flow->has_protocol ? kFlowProtocol : 0));
    head.protocol = flow->protocol;
    head.source_port = flow->source_port;
    head.destination_port = flow->destination_port;
    head.source = flow->source;
    head.destination = flow->destination;
  }
  size_t size = sizeof head + event.type.size();
  bool fits = event.fields.size() + event.netfilter.size() <= kMostFields && event.type.size() <= kMostText;
  const auto for_all = [&](auto&& call) {
    for (const EventField& field : event.fields) call(field);
    for (const EventField& field : event.netfilter) call(field);
  };
  for_all([&](const EventField& field) {
    size += sizeof(FieldHead) + field.name.size() + field.text.size();
    fits &= field.name.size() <= kMostText && field.text.size() <= kMostText;
  });
  if (!fits || size > room_.size() - used_) {
    ++lost_;
    return;
  }
  head.bytes = static_cast<uint32_t>(size);
  std::byte* to = room_.data() + used_;
  const auto put = [&](const void* from, size_t bytes) {
    if (bytes != 0) std::memcpy(to, from, bytes);
    to += bytes;
  };
  put(&head, sizeof head);
  for_all([&](const EventField& field) {
    const FieldHead one = {.name_bytes = static_cast<uint16_t>(field.name.size()),
                           .text_bytes = static_cast<uint16_t>(field.text.size()),
                           .kind = field.kind,
                           .number = field.number,
                           .real = field.real,
                           .address = field.address};
    put(&one, sizeof one);
  });
  put(event.type.data(), event.type.size());
  for_all([&](const EventField& field) {
    put(field.name.data(), field.name.size());
    put(field.text.data(), field.text.size());
  });
  used_ += head.bytes;
}

void replay_events(std::span<const std::byte> written, const Packet& packet, const HookContext& context,
                   EventSink& sink) {
  while (!written.empty()) {
    uint32_t bytes = 0;
    if (written.size() < sizeof bytes) return;
    std::memcpy(&bytes, written.data(), sizeof bytes);
    if (bytes < sizeof(Head) || bytes > written.size()) return;
    if (!emit_one(written.first(bytes), packet, context, sink)) return;
    written = written.subspan(bytes);
  }
}

}  // namespace sallyport
