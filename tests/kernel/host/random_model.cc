#include "kernel/host/random_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sallyport {
namespace {

template <class T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[random.below(static_cast<uint32_t>(choices.size()))];
}

bool chance(Random& random, uint32_t percent) { return random.below(100) < percent; }

// Few numbers, so that networks nest and meet.
IpAddress random_address(Random& random, Family family) {
  if (family == Family::Ipv4) {
    static const std::vector<uint32_t> kFirst = {10, 10, 10, 172, 192};
    return IpAddress::v4(one_of(random, kFirst) << 24 | random.below(3) << 16 | random.below(4) << 8 |
                         (chance(random, 20) ? random.below(256) : random.below(8)));
  }
  static const std::vector<std::string> kFirst = {
      "2001:db8::", "2001:db8:1::", "2001:db8:1:2::", "fd00::", "2002:a00::", "2001:0:1::"};
  IpAddress address = parse_address(one_of(random, kFirst)).value();
  address.bytes[7] = static_cast<uint8_t>(random.below(3));
  address.bytes[15] = static_cast<uint8_t>(random.below(chance(random, 20) ? 256 : 8));
  return address;
}

unsigned random_bits(Random& random, Family family) {
  static const std::vector<unsigned> kIpv4 = {0, 1, 3, 4, 8, 8, 12, 16, 16, 22, 24, 24, 24, 28, 30, 31, 32};
  static const std::vector<unsigned> kIpv6 = {0, 3, 16, 32, 32, 48, 48, 64, 64, 64, 112, 126, 127, 128};
  return one_of(random, family == Family::Ipv4 ? kIpv4 : kIpv6);
}

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {}

  RandomMachine make() {
    add_interfaces();
    add_sysctls();
    const uint32_t routes = random_.below(25);
    for (uint32_t i = 0; i < routes; ++i) add_route(random_.below(2) == 0 ? Family::Ipv4 : Family::Ipv6);
    // Half of the machines have no rule of their own, which makes a difference.
    const uint32_t rules = chance(random_, 50) ? 0 : random_.below(8);
    for (uint32_t i = 0; i < rules; ++i) add_rule();
    return std::move(machine_);
  }

 private:
  void add_interfaces() {
    machine_.set_up.push_back("link set lo up");
    machine_.interfaces = "[[interface]]\nname = \"lo\"\naddress = [\"127.0.0.1/8\"";
    for (const IpAddress& own : {parse_address("127.0.0.1").value(), parse_address("::1").value()}) {
      machine_.own.push_back(own);
    }
    add_addresses("lo", {}, 20);
    const std::string localhost = ", \"::1/128\"";
    machine_.interfaces += localhost + "]\n";
    const uint32_t count = 1 + random_.below(4);
    for (uint32_t i = 0; i < count; ++i) {
      const std::string name = fmt::format("t{}", i);
      machine_.devices.push_back({name, chance(random_, 50)});
      machine_.set_up.push_back(fmt::format("link set {} addrgenmode none", name));
      const uint32_t mtu = 1300 + random_.below(3) * 100;
      machine_.set_up.push_back(fmt::format("link set {} mtu {} up", name, mtu));
      machine_.interfaces += fmt::format("[[interface]]\nname = \"{}\"\nmtu = {}\npoint_to_point = {}\naddress = [",
                                         name, mtu, !machine_.devices.back().tap);
      add_addresses(name, fmt::format("fe80::{}/64", i + 1), 80);
      machine_.interfaces += "]\n";
    }
  }

  // Addresses in the order of `ip address`: IPv4 as added, IPv6 the last added first, link-local behind.
  void add_addresses(const std::string& name, const std::string& link_local, uint32_t percent) {
    std::vector<std::string> ipv4;
    std::vector<std::string> ipv6;
    for (uint32_t i = 0; i < 3; ++i) {
      if (chance(random_, percent)) ipv4.push_back(own_address(Family::Ipv4));
      if (chance(random_, percent)) ipv6.push_back(own_address(Family::Ipv6));
    }
    if (!link_local.empty()) ipv6.insert(ipv6.begin(), link_local);
    bool first = name != "lo";
    const auto list = [&](const std::string& address) {
      if (address.empty()) return;
      machine_.interfaces += fmt::format("{}\"{}\"", first ? "" : ", ", address);
      first = false;
    };
    for (const std::string& address : ipv4) {
      if (!address.empty()) machine_.set_up.push_back(fmt::format("addr add {} dev {}", address, name));
      list(address);
    }
    for (const std::string& address : ipv6) {
      if (!address.empty()) machine_.set_up.push_back(fmt::format("addr add {} dev {} nodad", address, name));
    }
    if (!link_local.empty()) {
      machine_.own.push_back(parse_address(link_local.substr(0, link_local.find('/'))).value());
      std::rotate(ipv6.begin(), ipv6.begin() + 1, ipv6.end());
      std::reverse(ipv6.begin(), ipv6.end() - 1);
    } else {
      std::reverse(ipv6.begin(), ipv6.end());
    }
    for (const std::string& address : ipv6) list(address);
  }

  // A new one, or nothing where chance gave one that is there.
  std::string own_address(Family family) {
    IpAddress address = random_address(random_, family);
    static const std::vector<unsigned> kIpv4 = {8, 16, 24, 24, 24, 30, 31, 32};
    static const std::vector<unsigned> kIpv6 = {48, 64, 64, 64, 126, 127, 128};
    const unsigned bits = one_of(random_, family == Family::Ipv4 ? kIpv4 : kIpv6);
    if (std::ranges::find(machine_.own, address) != machine_.own.end()) return {};
    // An address that is also the anycast or broadcast address of another's network: whichever was added first answers.
    const IpAddress mask = prefix_mask(family, bits);
    IpAddress special = address & mask;
    if (family == Family::Ipv4) special = IpAddress::v4(address.v4_number() | ~mask.v4_number());
    if (special_.contains(address) || std::ranges::find(machine_.own, special) != machine_.own.end()) return {};
    if (special != address) special_.insert(special);
    machine_.own.push_back(address);
    note(address, bits);
    return fmt::format("{}/{}", address.text(), bits);
  }

  // The ends of a network and what lies beside them.
  void note(const IpAddress& address, unsigned bits) {
    const IpAddress mask = prefix_mask(address.family, bits);
    IpAddress last = address & mask;
    for (size_t i = 0; i < address_bytes(address.family); ++i) last.bytes[i] |= static_cast<uint8_t>(~mask.bytes[i]);
    for (const IpAddress& seen : {address, address & mask, last}) machine_.interesting.push_back(seen);
    IpAddress inside = random_address(random_, address.family);
    for (size_t i = 0; i < address_bytes(address.family); ++i) {
      inside.bytes[i] = static_cast<uint8_t>((inside.bytes[i] & ~mask.bytes[i]) | (address.bytes[i] & mask.bytes[i]));
    }
    machine_.interesting.push_back(inside);
  }

  void sysctl(const std::string& name, long value) { machine_.sysctls.emplace_back(name, value); }

  void add_sysctls() {
    sysctl("net.ipv4.ip_forward", chance(random_, 85) ? 1 : 0);
    sysctl("net.ipv6.conf.all.forwarding", chance(random_, 85) ? 1 : 0);
    for (const RandomMachine::Device& device : machine_.devices) {
      const auto own = [&](const char* name, uint32_t percent, long value) {
        if (chance(random_, percent)) sysctl(fmt::format("net.ipv4.conf.{}.{}", device.name, name), value);
      };
      own("rp_filter", 20, 1 + random_.below(2));
      own("accept_local", 10, 1);
      own("route_localnet", 10, 1);
      own("src_valid_mark", 20, 1);
      own("send_redirects", 30, 0);
      own("forwarding", 10, random_.below(2));
    }
    if (chance(random_, 50)) sysctl("net.ipv4.conf.all.send_redirects", 0);
    if (chance(random_, 10)) sysctl("net.ipv4.conf.all.rp_filter", 1 + random_.below(2));
    if (chance(random_, 5)) sysctl("net.ipv4.conf.all.accept_local", 1);
    if (chance(random_, 5)) sysctl("net.ipv4.conf.all.route_localnet", 1);
  }

  struct Line {
    std::string command;
    std::string toml;
    // `ip` writes a key with a blank, TOML with "=".
    void add(std::string_view word, std::string_view key, const std::string& value, bool quote) {
      command += fmt::format(" {} {}", word, value);
      toml += quote ? fmt::format("{} = \"{}\"\n", key, value) : fmt::format("{} = {}\n", key, value);
    }
  };

  std::string random_table() {
    static const std::vector<std::string> kTables = {"254", "254", "100", "101", "253", "255"};
    return one_of(random_, kTables);
  }

  std::string random_device() { return chance(random_, 8) ? "lo" : one_of(random_, machine_.devices).name; }

  void add_route(Family family) {
    static const std::vector<std::string> kTypes = {"unicast", "unicast",     "unicast",  "unicast", "unicast",
                                                    "unicast", "blackhole",   "prohibit", "throw",   "local",
                                                    "unicast", "unreachable", "unicast",  "anycast", "broadcast"};
    std::string type = one_of(random_, kTypes);
    const bool exotic = type == "local" || type == "broadcast" || type == "anycast";
    if (plain_ && exotic) type = "unicast";
    if (family == Family::Ipv6 && type == "broadcast") type = "multicast";
    const unsigned bits = random_bits(random_, family);
    const IpAddress address = random_address(random_, family) & prefix_mask(family, bits);
    note(address, bits);
    Line line = {"route add " + type, "[[route]]\ntype = \"" + type + "\"\n"};
    const std::string to = fmt::format("{}/{}", address.text(), bits);
    line.command += " " + to;
    line.toml += fmt::format("to = \"{}\"\n", to);
    const bool leads = type != "blackhole" && type != "prohibit" && type != "throw" && type != "unreachable";
    if (leads) add_way(line, family, type);
    if (chance(random_, 40)) line.add("metric", "metric", fmt::format("{}", 1 + random_.below(3)), false);
    const bool asked_first = plain_ && leads && line.toml.find("via") == std::string::npos;
    if (!asked_first && chance(random_, 60)) line.add("table", "table", random_table(), false);
    if (leads && chance(random_, 20)) line.add("mtu", "mtu", fmt::format("{}", 1280 + random_.below(9)), false);
    if (leads && family == Family::Ipv4 && chance(random_, 5)) {
      line.add("realm", "realm", fmt::format("{}", 1 + random_.below(9)), false);
    }
    machine_.facts.push_back({line.command, line.toml, false});
  }

  void add_way(Line& line, Family family, const std::string& type) {
    const bool gateway = type == "unicast" && chance(random_, 50);
    if (gateway) {
      const IpAddress via = family == Family::Ipv6 && chance(random_, 30) ? parse_address("fe80::99").value()
                                                                          : random_address(random_, family);
      line.add("via", "via", via.text(), true);
    }
    // Which device a gateway is behind, where none is said, is asked of the routes there are: among exotic ones in
    // other ways than the model's.
    if (!gateway || !plain_ || chance(random_, 30)) line.add("dev", "dev", random_device(), true);
    std::vector<IpAddress> sources;
    for (const IpAddress& own : machine_.own) {
      if (own.family == family) sources.push_back(own);
    }
    if (chance(random_, 20)) line.add("src", "src", one_of(random_, sources).text(), true);
  }

  void add_rule() {
    static const std::vector<std::string> kTypes = {"unicast",   "unicast",  "unicast",
                                                    "blackhole", "prohibit", "unreachable"};
    const Family family = random_.below(2) == 0 ? Family::Ipv4 : Family::Ipv6;
    const std::string type = one_of(random_, kTypes);
    const bool narrow = type != "unicast";
    Line line = {"rule add", fmt::format("[[rule]]\nfamily = \"{}\"\n", family == Family::Ipv4 ? "ipv4" : "ipv6")};
    const auto prefix = [&](const char* word) {
      const unsigned bits = std::max(random_bits(random_, family), 8u);
      const IpAddress address = random_address(random_, family) & prefix_mask(family, bits);
      note(address, bits);
      line.add(word, word, fmt::format("{}/{}", address.text(), bits), true);
    };
    if (chance(random_, 40)) prefix("from");
    if (chance(random_, narrow ? 90 : 30)) prefix("to");
    if (chance(random_, 25)) line.add("iif", "iif", random_device(), true);
    if (chance(random_, 15)) line.add("oif", "oif", one_of(random_, machine_.devices).name, true);
    if (chance(random_, 40)) line.add("fwmark", "fwmark", chance(random_, 50) ? "0x1/0x3" : "0x2/0xffffffff", true);
    if (chance(random_, 15)) line.add("tos", "tos", chance(random_, 50) ? "0x10" : "0x8", false);
    if (chance(random_, 70)) line.add("priority", "priority", fmt::format("{}", random_.below(4) * 20000), false);
    if (type == "unicast") {
      line.add("table", "table", random_table(), false);
    } else {
      line.command += " " + type;
      line.toml += fmt::format("type = \"{}\"\n", type);
    }
    machine_.facts.push_back({line.command, line.toml, family == Family::Ipv6});
  }

  Random& random_;
  RandomMachine machine_;
  std::set<IpAddress> special_;
  bool plain_ = chance(random_, 50);
};

IpAddress random_target(Random& random, const RandomMachine& machine, Family family) {
  static const std::vector<std::string> kIpv4 = {"255.255.255.255", "224.0.0.1", "224.0.0.5", "239.1.2.3", "127.0.0.1",
                                                 "127.1.2.3",       "0.0.0.0",   "0.1.2.3",   "8.8.8.8",   "240.0.0.1"};
  static const std::vector<std::string> kIpv6 = {"ff02::1",  "ff02::2", "ff05::2", "ff02::1:ff00:1", "ff0e::5",
                                                 "fe80::77", "fe80::1", "::1",     "2a00::1",        "fe80::"};
  if (chance(random, 15)) return parse_address(one_of(random, family == Family::Ipv4 ? kIpv4 : kIpv6)).value();
  if (chance(random, 20)) return random_address(random, family);
  for (int attempt = 0; attempt < 20 && !machine.interesting.empty(); ++attempt) {
    const IpAddress address = one_of(random, machine.interesting);
    if (address.family == family) return address;
  }
  return random_address(random, family);
}

}  // namespace

RandomMachine random_machine(Random& random) { return Maker(random).make(); }

RouteQuery random_query(Random& random, const RandomMachine& machine, const HostModel& model) {
  const Family family = random.below(2) == 0 ? Family::Ipv4 : Family::Ipv6;
  const auto interface = [&] {
    return model.find_interface(one_of(random, machine.devices).name).value_or(kNoInterface);
  };
  RouteQuery query;
  query.destination = random_target(random, machine, family);
  query.source.family = family;
  if (chance(random, 50)) {
    query.in = interface();
    query.source = random_target(random, machine, family);
  } else {
    if (chance(random, 30)) query.out = interface();
    const IpAddress own = one_of(random, machine.own);
    if (chance(random, 30) && own.family == family) query.source = own;
  }
  if (chance(random, 40)) query.mark = random.below(4);
  static const std::vector<uint8_t> kTos = {0x10, 0x08, 0x18, 0xb8, 0x30};
  if (chance(random, 20)) query.tos = one_of(random, kTos);
  return query;
}

}  // namespace sallyport
