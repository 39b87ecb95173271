// The small world in which both sides stand: interfaces, addresses, routes, policy rules and sysctls, written down once
// and given to the kernel as `ip` commands and to the engine as a HostModel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sallyport/host.h"

namespace sallyport::kernel {

struct WorldInterface {
  std::string_view name;
  bool ethernet;  // a TAP device: frames begin with an Ethernet header
  uint32_t mtu;
};

// What packets come in by: two without link-layer addresses, one Ethernet.
constexpr std::array<WorldInterface, 3> kWorldInterfaces = {
    {{"ta", false, 1500}, {"tb", false, 1500}, {"tc", true, 1400}}};
constexpr std::array<uint8_t, 6> kWorldMac = {0x02, 0, 0, 0, 0, 0x0c};  // tc's own
constexpr size_t kEthernetHeader = 14;

// The same world for each side.
HostModel world_model();
std::string world_ip_commands();    // for `ip -batch`
std::string world_rule_commands();  // for `ip -4 -batch` and `ip -6 -batch`
std::span<const std::pair<std::string_view, int>> world_sysctls();

}  // namespace sallyport::kernel
