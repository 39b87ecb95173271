// The host's own listening ports, which no mapping may take the packets of. No counterpart in the kernel.

#include "nat/spared_ports.h"

namespace sallyport {

SparedPorts::SparedPorts(const HostModel& host) : host_(&host) {
  constexpr size_t kPorts = 65536;
  for (const ListeningPorts& ports : host.spared_by_nat()) {
    std::vector<bool>& spared = ports_.try_emplace(ports.protocol, kPorts).first->second;
    for (size_t port = ports.low; port <= ports.high; ++port) spared[port] = true;
  }
}

bool SparedPorts::is_spared(const IpAddress& address, uint8_t protocol, uint16_t port) const {
  const auto found = ports_.find(protocol);
  return found != ports_.end() && found->second[port] && host_->address_type(address, kNoInterface) == RouteType::Local;
}

}  // namespace sallyport
