// The tables of netfilter and where they sit (net/ipv4/netfilter/iptable_*.c).

#include "ruleset/tables.h"

#include <algorithm>

namespace sallyport {

std::span<const TableType> table_types() {
  static const TableType kTables[] = {
      {"raw", {{Hook::Prerouting, kPriorityRaw}, {Hook::Output, kPriorityRaw}}},
      {"mangle",
       {{Hook::Prerouting, kPriorityMangle},
        {Hook::Input, kPriorityMangle},
        {Hook::Forward, kPriorityMangle},
        {Hook::Output, kPriorityMangle},
        {Hook::Postrouting, kPriorityMangle}}},
      {"nat",
       {{Hook::Prerouting, kPriorityDestinationNat},
        {Hook::Input, kPrioritySourceNat},
        {Hook::Output, kPriorityDestinationNat},
        {Hook::Postrouting, kPrioritySourceNat}}},
      {"filter", {{Hook::Input, kPriorityFilter}, {Hook::Forward, kPriorityFilter}, {Hook::Output, kPriorityFilter}}},
      {"security",
       {{Hook::Input, kPrioritySecurity}, {Hook::Forward, kPrioritySecurity}, {Hook::Output, kPrioritySecurity}}},
  };
  return kTables;
}

const TableType* table_type(std::string_view name) {
  const auto found = std::ranges::find(table_types(), name, &TableType::name);
  return found == table_types().end() ? nullptr : &*found;
}

}  // namespace sallyport
