// The tables of netfilter: which exist in a family, on which hooks they sit, with which priority.
#pragma once

#include <span>
#include <string_view>

#include "sallyport/hook.h"

namespace sallyport {

struct HookPlace {
  Hook hook = Hook::Prerouting;
  int priority = 0;
};

struct TableType {
  std::string_view name = {};
  std::vector<HookPlace> places = {};
};

// raw, mangle, nat, filter, security.
std::span<const TableType> table_types();
const TableType* table_type(std::string_view name);

}  // namespace sallyport
