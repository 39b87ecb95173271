// One ruleset and its packets through both sides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/engine_side.h"
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
  // Refused: by both sides, and so no difference in the engine, but a case that proves nothing.
  enum class Kind { Rules, Refused, Packet, Counters };
  Kind kind = Kind::Rules;
  size_t packet = 0;  // of Packet: its index
  std::string text = {};
};

// What one packet gave rise to on both sides, and how that differs (empty: not at all).
struct Compared {
  Observed kernel = {};
  std::string difference = {};
};
Compared compare(const Input& packet, NamespaceReferee& referee, EngineSide& ours);

// The first difference, or none. Counts for `coverage` unless null.
std::optional<Difference> run_case(const Case& test, NamespaceReferee& referee, Coverage* coverage = nullptr);

// What differs between two iptables-save texts, table by table, comments and the order of tables aside.
std::string counters_difference(std::string_view kernel, std::string_view ours);

}  // namespace sallyport::kernel
