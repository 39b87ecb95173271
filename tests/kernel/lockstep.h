// One ruleset and its packets through both sides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/namespace_referee.h"
#include "kernel/observed.h"
#include "sallyport/address.h"

namespace sallyport::kernel {

struct Case {
  Family family = Family::Ipv4;
  std::string rules = {};
  std::vector<Input> packets = {};
};

struct Difference {
  enum class Kind { Rules, Packet, Counters };
  Kind kind = Kind::Rules;
  size_t packet = 0;  // of Packet: its index
  std::string text = {};
};

// The first difference, or none. Rules that both sides refuse are no difference.
std::optional<Difference> run_case(const Case& test, NamespaceReferee& referee);

// What differs between two iptables-save texts, table by table, comments and the order of tables aside.
std::string counters_difference(std::string_view kernel, std::string_view ours);

}  // namespace sallyport::kernel
