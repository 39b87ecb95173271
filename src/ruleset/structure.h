// What the kernel checks of a whole table: no loops, and every target where it may stand.
#pragma once

#include <vector>

#include "sallyport/ruleset.h"

namespace sallyport {

// From which hooks each chain of the table can be reached, by index.
std::vector<uint8_t> reachable_hooks(const Table& table);

// How many jumps can be under way at once; the table has no loops.
uint32_t deepest_nesting(const Table& table);

// Appends an error for each rule that closes a loop of chains or whose target cannot stand where it is reached from.
void check_structure(const Table& table, std::string_view file, Errors& errors);

}  // namespace sallyport
