// Content events, member by member.

#include "content/content_event.h"

#include <algorithm>

#include "sallyport/connection.h"

namespace sallyport {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, out);
  return out;
}

std::string_view direction_of(const Packet& packet) {
  return packet_direction(packet) == Direction::Original ? "to_server" : "to_client";
}

void emit(std::string_view type, std::span<const EventField> fields, const Packet& packet, HookContext& context) {
  // Nothing has been decided yet.
  HookContext undecided = context;
  undecided.decision = {};
  context.events->emit(
      {.type = type, .time = context.now(), .packet = &packet, .context = &undecided, .fields = fields});
}

}  // namespace

void append_escaped(std::span<const uint8_t> bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    if (byte == '\\') {
      out += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += static_cast<char>(byte);
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

std::string_view excerpt_of(const StreamPattern& pattern, std::span<const uint8_t> text, std::string& buffer) {
  buffer.clear();
  const std::string_view all(reinterpret_cast<const char*>(text.data()), text.size());
  const size_t at = pattern.regex ? std::string_view::npos : all.find(pattern.bytes);
  const size_t begin = at == std::string_view::npos ? 0 : at - std::min<size_t>(at, 16);
  append_escaped(text.subspan(begin, std::min(kExcerpt, text.size() - begin)), buffer);
  return buffer;
}

void emit_found(const StreamPattern& pattern, uint64_t end, std::string_view excerpt, const Packet& packet,
                HookContext& context) {
  if (context.events == nullptr) return;
  const std::string shown = escaped(pattern.bytes);
  const EventField fields[] = {{"event", "found"},
                               {"table", pattern.table},
                               {"chain", pattern.chain},
                               {"line", pattern.line},
                               {"pattern", shown},
                               {"end", end},
                               {"direction", direction_of(packet)},
                               {"excerpt", excerpt}};
  emit("content", fields, packet, context);
}

void emit_bound(const StreamPattern& pattern, std::string_view which, const Packet& packet, HookContext& context) {
  if (context.events == nullptr) return;
  const EventField fields[] = {{"event", "bound"},
                               {"table", pattern.table},
                               {"chain", pattern.chain},
                               {"line", pattern.line},
                               {"bound", which},
                               {"answer", pattern.drops_at_bound ? "drop" : "pass"},
                               {"direction", direction_of(packet)}};
  emit("content", fields, packet, context);
}

void emit_evasion(const StreamPattern& pattern, uint64_t end, std::string_view split, std::string_view excerpt,
                  const Packet& packet, HookContext& context) {
  if (context.events == nullptr) return;
  const std::string shown = escaped(pattern.bytes);
  const EventField fields[] = {{"table", pattern.table},
                               {"chain", pattern.chain},
                               {"line", pattern.line},
                               {"pattern", shown},
                               {"split", split},
                               {"end", end},
                               {"direction", direction_of(packet)},
                               {"excerpt", excerpt}};
  emit("evasion", fields, packet, context);
}

}  // namespace sallyport
