// What conntrack_lockstep's tables of connections stand on: rules and sysctls.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/engine_side.h"
#include "sallyport/address.h"

namespace sallyport::kernel {

// What a table's rules ask for beside the usual.
enum class RuleKind : uint8_t {
  Usual,
  Plain,     // no rule looks at a transport header, which would drop what is cut short
  Policies,  // timeout policies for all protocols
  Labels,    // connections get labels
};

// Each marks a packet with its state, so that it can be seen from outside.
std::string rules_of(Family family, RuleKind kind);
// Helpers and zones alone.
std::string raw_rules_of(Family family);

// A table's rules, and what is set for it.
struct TableSetting {
  std::string_view what;
  std::vector<Sysctl> sysctls = {};
  RuleKind kind = RuleKind::Usual;
};
// One table after the other.
std::span<const TableSetting> table_settings();
// In the kernel, with its own defaults where the setting says nothing. False: it has no such sysctl.
bool set_sysctls(const TableSetting& setting);
bool set_sysctl(const Sysctl& sysctl);

}  // namespace sallyport::kernel
