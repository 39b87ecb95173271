// A network namespace of one's own, for as long as a test needs it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

// Moves this process to a fresh namespace; empty, or why that is not possible here.
std::string enter_new_namespace();

// A TUN or TAP interface, which is there (and has a carrier) for as long as this object is.
class TunInterface {
 public:
  TunInterface(const std::string& name, bool tap);
  TunInterface(TunInterface&& other) noexcept;
  TunInterface& operator=(TunInterface&&) = delete;
  ~TunInterface();
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// Gives each line to ip(8); answers the numbers, from 0, of those that it or the kernel refused.
std::set<size_t> run_ip_batch(const std::vector<std::string>& lines, bool ipv6);

// Waits until the kernel's own worker has made a local route of each of `count` IPv6 addresses.
bool wait_for_ipv6_addresses(size_t count);

bool write_sysctl(std::string_view name, long value);

}  // namespace sallyport
