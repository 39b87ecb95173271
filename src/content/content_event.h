// Events of what was found in conversations.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/event.h"
#include "sallyport/packet.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

// What an event of content shows of a packet's bytes, at most.
constexpr size_t kExcerpt = 64;

// Printable ASCII as it is, \\ for a backslash, all else as \xNN.
void append_escaped(std::span<const uint8_t> bytes, std::string& out);
// Of the text in which a pattern ended, as much as may be shown: its end, with the pattern in it where it is short.
std::string_view excerpt_of(const StreamPattern& pattern, std::span<const uint8_t> text, std::string& buffer);

// {"event_type": "content", "content": {"event": "found", ...}}: docs/content.md has the members.
void emit_found(const StreamPattern& pattern, uint64_t end, std::string_view excerpt, const Packet& packet,
                HookContext& context);
void emit_bound(const StreamPattern& pattern, std::string_view which, const Packet& packet, HookContext& context);
// {"event_type": "evasion", ...}: an exact rule saw the pattern in no packet of the flow; `split` says why.
void emit_evasion(const StreamPattern& pattern, uint64_t end, std::string_view split, std::string_view excerpt,
                  const Packet& packet, HookContext& context);

}  // namespace sallyport
