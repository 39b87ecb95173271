// The host's own listening ports, which no mapping may take the packets of ([host] spared_by_nat).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sallyport/connection.h"
#include "sallyport/host.h"

namespace sallyport {

// Differs from the kernel, which knows of no listening port: there a host behind NAT that sends from such a port gets
// it, and is led what its peer sends to the machine itself (CVE-2021-3773). Constant.
class SparedPorts {
 public:
  // None.
  SparedPorts() = default;
  // Those of `host`, which outlives this.
  explicit SparedPorts(const HostModel& host);

  bool empty() const { return ports_.empty(); }
  // Whether what goes to the destination of `tuple` is for one of them.
  bool hold_destination(const Tuple& tuple) const {
    return !ports_.empty() && is_spared(tuple.destination_address(), tuple.protocol, tuple.destination_id);
  }
  // Whether answers would be to what NAT makes of a connection: `mapped` is its tuple behind the mapping. Who
  // sends from such a place anyway is the machine itself.
  bool hold_answers(const Tuple& mapped, const Connection& connection) const {
    if (ports_.empty()) return false;
    const Tuple original = connection.tuple(Direction::Original);
    const bool own = mapped.source == original.source && mapped.source_id == original.source_id;
    return !own && is_spared(mapped.source_address(), mapped.protocol, mapped.source_id);
  }

 private:
  bool is_spared(const IpAddress& address, uint8_t protocol, uint16_t port) const;

  const HostModel* host_ = nullptr;
  std::map<uint8_t, std::vector<bool>> ports_ = {};  // by protocol, then port
};

}  // namespace sallyport
