// The runs of connection_bounds. Each prints what it saw and answers whether the bound held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace sallyport::bounds {

// `packets` SYNs from as many sources over a full table in which 10,000 connections are established.
bool syn_flood(uint64_t packets);
// `tuples` different ones that all belong into one bucket.
bool one_bucket(uint64_t tuples);
// So many IPv4 connections at once.
bool memory(uint64_t connections);
// So many TCP conversations at once, each with a hole that what follows waits for.
bool open_streams(uint64_t count);
// So many segments of one byte in one conversation, none of which touches another.
bool every_other_byte(uint64_t count);
// So many requests whose lines do not end.
bool endless_lines(uint64_t count);
// So many bytes at each of which patterns are found.
bool pattern_flood(uint64_t bytes);
// Targets of so many bytes of escapes and /../.
bool normaliser_bombs(uint64_t length);
// So many events, at least, and three readers that are slower than they come. Leaves one line of each shape in
// event_shapes.json, in the working folder.
bool event_flood(uint64_t events);

// So many connections through one public address, then 30,000 more to one server behind it.
bool full_address(uint64_t connections);

// Resident memory of this process, in bytes.
uint64_t resident_bytes();
// Prints what was expected where `holds` is false; answers `holds`.
bool expect(bool holds, const char* what);
// Whether all of what was expected holds; each says so for itself.
inline bool all_hold(std::initializer_list<bool> expected) {
  return std::ranges::find(expected, false) == expected.end();
}

}  // namespace sallyport::bounds
