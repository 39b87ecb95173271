// An event as a line of JSON, under Suricata EVE's names where one exists. docs/events.md says what stands in it.
#pragma once

#include <cstdint>
#include <string>

#include "sallyport/event.h"
#include "sallyport/host.h"
#include "wire/siphash.h"

namespace sallyport {

struct EventStyle {
  const Router* router = nullptr;  // names interfaces; null: no names
  SipHashKey flow_key = {};        // of flow_id
  uint16_t community_seed = 0;
  bool eve_strict = false;  // nothing that Suricata's schema does not have
};

// Whether the event can be said at all in this style: strictly, only under a type that Suricata has.
bool can_say(const Event& event, const EventStyle& style);
// Appends the event and a line's end. Allocates only to let `out` grow.
void append_event(const Event& event, const EventStyle& style, std::string& out);
// Appends "2026-11-25T14:23:26.000000+0000", quoted.
void append_timestamp(Timestamp time, std::string& out);

}  // namespace sallyport
