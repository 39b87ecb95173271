// The sysctls that the engine asks for: their names, their defaults, and how the kernel combines an interface's value
// with that of all interfaces.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport {

using Sysctls = std::map<std::string, int64_t, std::less<>>;

struct SysctlDefault {
  std::string_view name = {};
  int64_t value = 0;
};

// How net.*.conf.IF.NAME is made of the values of IF and of "all".
enum class Combine : uint8_t {
  Own,     // the interface's alone counts
  Either,  // on if either is
  Both,    // on if both are
  Larger,
  Smaller,
  Spread,  // setting it for all sets it for each interface
};

// net.FAMILY.conf.{all,default,IF}.NAME
struct InterfaceSysctl {
  std::string_view family = {};  // "ipv4", "ipv6"
  std::string_view name = {};
  int64_t all = 0;  // the defaults of conf.all and of an interface
  int64_t each = 0;
  Combine combine = Combine::Own;
};

// All known names but those of net.*.conf.
std::span<const SysctlDefault> sysctl_defaults();
std::span<const InterfaceSysctl> interface_sysctls();

// "net.ipv4.conf.eth0.100.rp_filter" is ipv4, eth0.100, rp_filter. Nothing if `name` is not of that form.
struct InterfaceSysctlName {
  std::string_view family = {};
  std::string_view interface = {};
  std::string_view name = {};
};
std::optional<InterfaceSysctlName> split_interface_sysctl(std::string_view name);

bool sysctl_is_known(std::string_view name);
// The one name that a value is kept under where the kernel has several for it.
std::string_view canonical_sysctl(std::string_view name);
// What holds: the value set, else the default; for one interface, combined with that of all. 0 for an unknown name.
int64_t sysctl_value(const Sysctls& set, std::string_view name);

}  // namespace sallyport
