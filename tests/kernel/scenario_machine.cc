// A namespace furnished as a scenario says.

#include "kernel/scenario_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "kernel/nf_observer.h"
#include "kernel/timeout_policies.h"
#include "kernel/tool.h"
#include "sallyport/bytes.h"
#include "scenario/setup_reader.h"

namespace sallyport::kernel {
namespace {

using scenario::Event;
using scenario::Happened;
using scenario::Setup;

constexpr uint16_t kStateGroup = 3;
constexpr std::string_view kStates[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};
// What the kernel says unasked that no scenario is about.
constexpr std::pair<std::string_view, int64_t> kQuiet[] = {
    {"net.ipv4.conf.all.send_redirects", 0},
    {"net.ipv4.conf.default.send_redirects", 0},
    {"net.ipv6.auto_flowlabels", 0},
    {"net.ipv4.conf.all.accept_local", 1},
    {"net.ipv6.conf.default.addr_gen_mode", 1},
    {"net.ipv6.conf.default.router_solicitations", 0},
    {"net.ipv6.conf.default.accept_dad", 0},
    {"net.ipv6.conf.default.keep_addr_on_down", 1},
};

std::unexpected<Error> failed(std::string_view what) { return fail(fmt::format("{}: {}", what, std::strerror(errno))); }

bool write_sysctl(std::string_view name, int64_t value) {
  std::string path(name);
  std::ranges::replace(path, '.', '/');
  std::ofstream file("/proc/sys/" + path);
  file << value;
  file.flush();
  return file.good();
}

// In front of the first rule of mangle: NFLOG with the state as its prefix, at PREROUTING and OUTPUT.
std::string with_state_reports(const std::string& rules) {
  std::string reports;
  for (const std::string_view chain : {"PREROUTING", "OUTPUT"}) {
    for (const std::string_view state : kStates) {
      reports += fmt::format("-A {} -m conntrack --ctstate {} -j NFLOG --nflog-group {} --nflog-prefix {}\n", chain,
                             state, kStateGroup, state);
    }
  }
  const size_t table = rules.find("*mangle");
  if (table == std::string::npos) return rules + "*mangle\n" + reports + "COMMIT\n";
  size_t line = table;
  while (line < rules.size() && rules[line] != '-' && rules[line] != 'C' && rules[line] != '[') {
    line = rules.find('\n', line) + 1;
  }
  return rules.substr(0, line) + reports + rules.substr(line);
}

class KernelMachine final : public scenario::Machine {
 public:
  ~KernelMachine() override {
    for (const int device : devices_) close(device);
    for (const int sender : senders_) close(sender);
  }

  Result<void> set_up(const Setup& setup, bool reports_state) {
    if (unshare(CLONE_NEWNET) != 0) return failed("no network namespace");
    buffer_.resize(1 << 17);
    auto observer = NfObserver::open();
    if (!observer) return std::unexpected(observer.error());
    observer_ = std::move(*observer);
    if (auto done = set_sysctls(setup); !done) return done;
    interfaces_ = setup.interfaces;
    routes_ = setup.routes;
    for (const scenario::InterfaceLine& line : setup.interfaces) {
      if (auto done = open_device(line.name); !done) return done;
    }
    if (auto done = configure(setup); !done) return done;
    for (const TimeoutPolicy& policy : setup.timeouts) {
      if (auto done = add_to_kernel(policy); !done) return done;
    }
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      if (auto done = load(setup, family, reports_state); !done) return done;
    }
    for (const bool ipv6 : {false, true}) {
      senders_[ipv6] = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
      if (senders_[ipv6] < 0) return failed("raw socket");
      const int yes = 1;  // to broadcast addresses too
      if (setsockopt(senders_[ipv6], SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes) != 0) return failed("SO_BROADCAST");
    }
    begin_ = std::chrono::steady_clock::now();
    return {};
  }

  Happened put(const std::string& interface, const std::vector<uint8_t>& packet, bool) override {
    std::vector<Seen> old;
    observer_->read(old);
    const auto place = std::ranges::find(names_, interface);
    if (interface.empty()) {
      send(packet);
    } else if (place != names_.end()) {
      const ssize_t written =
          write(devices_[static_cast<size_t>(place - names_.begin())], packet.data(), packet.size());
      static_cast<void>(written);  // EINVAL: too short to be IP, which the scenario then sees as gone
    }
    Happened happened;
    std::vector<Seen> journal;
    observer_->read(journal);
    for (size_t i = 0; i < devices_.size(); ++i) collect(i, journal, happened);
    for (Seen& seen : journal) take(seen, happened);
    return happened;
  }

  void wait_until(Duration since_start) override {
    std::this_thread::sleep_until(begin_ + std::chrono::nanoseconds(since_start));
  }

  // What NAT forgets then a worker of the kernel's does a little later.
  Result<void> down(const std::string& interface, const std::optional<IpAddress>& address) override {
    const std::string before = connections();
    const auto line = std::ranges::find(interfaces_, interface, &scenario::InterfaceLine::name);
    std::string commands = fmt::format("link set {0} down\nlink set {0} up\n", interface);
    if (address) {
      const auto own = std::ranges::find(line->addresses, *address, &InterfaceAddress::address);
      if (own == line->addresses.end()) return fail(fmt::format("{} has no such address", interface));
      commands = fmt::format("address delete {}/{} dev {}\n", own->address.text(), own->prefix_bits, interface) +
                 address_command(*own, interface);
    }
    for (const RouteEntry& route : routes_) commands += route_command("replace", route);
    if (auto done = run_ip({"ip", "-batch", "-"}, commands); !done) return done;
    wait_for_change(before);
    return {};
  }

  std::string connections() override {
    std::ifstream file("/proc/net/nf_conntrack");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string counters() override {
    return run_tool({"iptables-legacy-save", "-c"}).out + run_tool({"ip6tables-legacy-save", "-c"}).out;
  }

  bool sees_inside() const override { return false; }
  int64_t timeout_slack_s() const override { return 1; }

 private:
  Result<void> set_sysctls(const Setup& setup) {
    for (const auto& [name, value] : kQuiet) write_sysctl(name, value);
    const auto set = [](std::string_view name, int64_t value) -> Result<void> {
      if (!write_sysctl(name, value)) return fail(fmt::format("cannot set {}", name));
      return {};
    };
    for (const auto& [name, value] : scenario::usual_sysctls()) {
      if (auto done = set(name, value); !done) return done;
    }
    for (const auto& [name, value] : setup.sysctls) {
      if (auto done = set(name, value); !done) return done;
    }
    return {};
  }

  Result<void> open_device(const std::string& name) {
    const int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return failed("/dev/net/tun");
    devices_.push_back(descriptor);
    names_.push_back(name);
    ifreq request = {};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    if (ioctl(descriptor, TUNSETIFF, &request) != 0) return failed("TUNSETIFF");
    write_sysctl(fmt::format("net.ipv6.conf.{}.addr_gen_mode", name), 1);
    return {};
  }

  static Result<void> configure(const Setup& setup) {
    std::string commands = "link set lo up\n";
    for (const scenario::InterfaceLine& line : setup.interfaces) {
      commands += fmt::format("link set {} mtu {}\n", line.name, line.mtu);
      for (const InterfaceAddress& own : line.addresses) commands += address_command(own, line.name);
      commands += fmt::format("link set {} up\n", line.name);
    }
    for (const RouteEntry& route : setup.routes) commands += route_command("add", route);
    if (auto done = run_ip({"ip", "-batch", "-"}, commands); !done) return done;
    std::string policies;
    for (const PolicyRule& policy : setup.policies) {
      policies += fmt::format("rule add priority {} fwmark {:#x}/{:#x} table {}\n", policy.priority,
                              policy.fwmark->first, policy.fwmark->second, policy.table);
    }
    for (const char* family : {"-4", "-6"}) {
      if (auto done = run_ip({"ip", family, "-batch", "-"}, policies); !done) return done;
    }
    return {};
  }

  static std::string address_command(const InterfaceAddress& own, const std::string& interface) {
    return fmt::format("address add {}/{} dev {}{}\n", own.address.text(), own.prefix_bits, interface,
                       own.address.family == Family::Ipv6 ? " nodad" : " brd +");
  }

  // Until the connections are others than before, and then the same twice. A scenario in which nothing is forgotten
  // waits as long as it may.
  void wait_for_change(const std::string& before) {
    constexpr std::chrono::milliseconds kAtMost{2000}, kEach{10};
    const auto end = std::chrono::steady_clock::now() + kAtMost;
    const auto again = [&] {
      std::this_thread::sleep_for(kEach);
      return without_times(connections());
    };
    std::string now = again();
    while (now == without_times(before) && std::chrono::steady_clock::now() < end) now = again();
    for (std::string next = again(); next != now; next = again()) now = next;
  }

  // The fifth word of a line says how long it lives.
  static std::string without_times(const std::string& listing) {
    std::istringstream in(listing);
    std::string out;
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string word;
      for (int i = 0; words >> word; ++i) out += i == 4 ? "" : word + " ";
      out += "\n";
    }
    return out;
  }

  static Result<void> run_ip(const std::vector<std::string>& words, const std::string& commands) {
    if (commands.empty()) return {};
    const ToolResult result = run_tool(words, commands);
    if (result.status != 0) return fail(fmt::format("ip: exit code {}: {}", result.status, result.err));
    return {};
  }

  static std::string route_command(std::string_view what, const RouteEntry& route) {
    const std::string_view type = route.type == RouteType::Blackhole     ? "blackhole "
                                  : route.type == RouteType::Unreachable ? "unreachable "
                                  : route.type == RouteType::Prohibit    ? "prohibit "
                                                                         : "";
    std::string command = fmt::format("route {} {}{}", what, type, route.to.text());
    if (route.to.mask.is_unspecified()) {
      command =
          fmt::format("route {} {}{}", what, type, route.to.address.family == Family::Ipv4 ? "0.0.0.0/0" : "::/0");
    }
    if (!route.via.is_unspecified()) command += " via " + route.via.text();
    if (!route.dev.empty()) command += " dev " + route.dev;
    if (!route.source.is_unspecified()) command += " src " + route.source.text();
    if (route.mtu != 0) command += fmt::format(" mtu {}", route.mtu);
    command += fmt::format(" table {}", route.table);
    return command + "\n";
  }

  static Result<void> load(const Setup& setup, Family family, bool reports_state) {
    std::string rules = setup.rules_text[static_cast<size_t>(family)];
    if (rules.empty()) return {};
    if (reports_state) rules = with_state_reports(rules);
    const std::string tool = family == Family::Ipv6 ? "ip6tables-legacy-restore" : "iptables-legacy-restore";
    const ToolResult result = run_tool({tool}, rules);
    if (result.status != 0) return fail(fmt::format("{}: exit code {}: {}", tool, result.status, result.err));
    return {};
  }

  void send(const std::vector<uint8_t>& packet) const {
    if (packet.size() < 40 && (packet.empty() || packet[0] >> 4 != 4)) return;
    ssize_t sent = 0;
    if (packet[0] >> 4 == 4) {
      sockaddr_in to = {};
      to.sin_family = AF_INET;
      std::memcpy(&to.sin_addr, &packet[16], 4);
      sent = sendto(senders_[0], packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    } else {
      sockaddr_in6 to = {};
      to.sin6_family = AF_INET6;
      std::memcpy(&to.sin6_addr, &packet[24], 16);
      sent = sendto(senders_[1], packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
    static_cast<void>(sent);  // EPERM: a rule dropped it
  }

  // What left by one device; its marks from behind POSTROUTING, in the same order.
  void collect(size_t device, const std::vector<Seen>& journal, Happened& happened) {
    auto leaving = journal.begin();
    for (ssize_t got; (got = read(devices_[device], buffer_.data(), buffer_.size())) > 0;) {
      Event event = {
          .kind = Event::Kind::Left, .interface = names_[device], .bytes = {buffer_.begin(), buffer_.begin() + got}};
      leaving = std::find_if(leaving, journal.end(), [&](const Seen& seen) {
        return seen.where == Seen::Where::AtPostrouting && seen.out == names_[device];
      });
      if (leaving != journal.end()) event.mark = (leaving++)->mark;
      happened.events.push_back(std::move(event));
    }
  }

  static void take(Seen& seen, Happened& happened) {
    if (seen.where == Seen::Where::AtInput) {
      happened.events.push_back(
          {.kind = Event::Kind::Delivered, .interface = seen.in, .bytes = std::move(seen.bytes), .mark = seen.mark});
    }
    if (seen.where != Seen::Where::Logged || seen.group != kStateGroup || happened.state) return;
    const auto state = std::ranges::find(kStates, seen.prefix);
    if (state != std::end(kStates)) happened.state = static_cast<PacketState>(state - std::begin(kStates));
  }

  std::vector<scenario::InterfaceLine> interfaces_;
  std::vector<RouteEntry> routes_;
  std::vector<int> devices_;
  std::vector<std::string> names_;
  int senders_[2] = {-1, -1};  // IPv4, IPv6
  std::unique_ptr<NfObserver> observer_;
  std::vector<uint8_t> buffer_;
  std::chrono::steady_clock::time_point begin_ = {};
};

}  // namespace

Result<std::unique_ptr<scenario::Machine>> make_kernel_machine(const Setup& setup, bool reports_state) {
  auto machine = std::make_unique<KernelMachine>();
  if (auto done = machine->set_up(setup, reports_state); !done) return std::unexpected(done.error());
  return machine;
}

Result<void> kernel_is_there() {
  Setup setup;
  setup.interfaces.push_back({.name = "probe"});
  setup.rules_text[0] = "*mangle\n-A PREROUTING -m conntrack --ctstate NEW\nCOMMIT\n";
  auto machine = make_kernel_machine(setup, true);
  if (!machine) return std::unexpected(machine.error());
  return {};
}

}  // namespace sallyport::kernel
