// The runs of connection_bounds. Each prints what it saw and answers whether the bound held.
#pragma once

#include <cstdint>

namespace sallyport::bounds {

// `packets` SYNs from as many sources over a full table in which 10,000 connections are established.
bool syn_flood(uint64_t packets);
// `tuples` different ones that all belong into one bucket.
bool one_bucket(uint64_t tuples);
// So many IPv4 connections at once.
bool memory(uint64_t connections);

// Resident memory of this process, in bytes.
uint64_t resident_bytes();
// Prints what was expected where `holds` is false; answers `holds`.
bool expect(bool holds, const char* what);

}  // namespace sallyport::bounds
