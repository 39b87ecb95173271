// Finding tables and chains by name.

#include "sallyport/ruleset.h"

#include <algorithm>

namespace sallyport {

Chain* Table::chain(std::string_view wanted) {
  const auto found = std::ranges::find(chains, wanted, &Chain::name);
  return found == chains.end() ? nullptr : &*found;
}

Table* Ruleset::table(std::string_view wanted) {
  const auto found = std::ranges::find(tables, wanted, &Table::name);
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace sallyport
