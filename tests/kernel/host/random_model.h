// A machine made by chance: the same facts as commands for ip(8) and as TOML.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sallyport/host.h"
#include "sallyport/random.h"

namespace sallyport {

struct RandomMachine {
  struct Device {
    std::string name;
    bool tap = false;
  };
  // One fact that the kernel may refuse; then the model is not told of it.
  struct Fact {
    std::string command;
    std::string toml;
    bool ipv6_rule = false;  // for `ip -6`
  };
  std::vector<Device> devices;      // but lo
  std::vector<std::string> set_up;  // commands that must succeed
  std::string interfaces;           // TOML
  std::vector<Fact> facts;          // routes, then rules
  std::vector<std::pair<std::string, long>> sysctls;
  std::vector<IpAddress> own;
  std::vector<IpAddress> interesting;  // addresses at which answers change
};

RandomMachine random_machine(Random& random);
RouteQuery random_query(Random& random, const RandomMachine& machine, const HostModel& model);

}  // namespace sallyport
