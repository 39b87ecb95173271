// A namespace, three TUN and TAP devices, the tools.

#include "kernel/namespace_referee.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "kernel/tool.h"

namespace sallyport::kernel {
namespace {

std::unexpected<Error> failed(std::string_view what) { return fail(fmt::format("{}: {}", what, std::strerror(errno))); }

std::string tool_for(Family family, std::string_view verb) {
  return fmt::format("ip{}tables-legacy-{}", family == Family::Ipv6 ? "6" : "", verb);
}

// The same tables, empty.
std::string without_rules(std::string_view rules) {
  std::string out;
  std::istringstream lines{std::string(rules)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) out += line + "\nCOMMIT\n";
  }
  return out;
}

bool write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path);
  file << text;
  file.flush();
  return file.good();
}

Result<int> open_device(const WorldInterface& place) {
  const int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return failed("/dev/net/tun");
  ifreq request = {};
  request.ifr_flags = static_cast<short>((place.ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
  place.name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(descriptor, TUNSETIFF, &request) != 0) {
    const auto error = failed("TUNSETIFF");
    close(descriptor);
    return error;
  }
  return descriptor;
}

}  // namespace

Result<std::unique_ptr<NamespaceReferee>> NamespaceReferee::open() {
  std::unique_ptr<NamespaceReferee> referee(new NamespaceReferee);
  referee->buffer_.resize(1 << 17);
  if (auto done = referee->enter(); !done) return std::unexpected(done.error());
  // First, so that nothing leaves unseen when the devices come up.
  auto observer = NfObserver::open();
  if (!observer) return std::unexpected(observer.error());
  referee->observer_ = std::move(*observer);
  if (auto done = referee->furnish(); !done) return std::unexpected(done.error());
  return referee;
}

NamespaceReferee::~NamespaceReferee() {
  for (const int device : devices_) {
    if (device >= 0) close(device);
  }
}

// As root a network namespace; else a user namespace around it, in which this user is root.
Result<void> NamespaceReferee::enter() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWNET) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return failed("no network namespace");
    write_file("/proc/self/setgroups", "deny");
    if (!write_file("/proc/self/uid_map", fmt::format("0 {} 1", user)) ||
        !write_file("/proc/self/gid_map", fmt::format("0 {} 1", group))) {
      return fail("the user namespace takes no user map");
    }
  }
  return {};
}

Result<void> NamespaceReferee::furnish() {
  for (size_t i = 0; i < kWorldInterfaces.size(); ++i) {
    auto device = open_device(kWorldInterfaces[i]);
    if (!device) return std::unexpected(device.error());
    devices_[i] = *device;
    // No address of its own making: what is not in the world does not exist.
    write_file(fmt::format("/proc/sys/net/ipv6/conf/{}/addr_gen_mode", kWorldInterfaces[i].name), "1");
  }
  for (const auto& [name, value] : world_sysctls()) {
    std::string path(name);
    std::ranges::replace(path, '.', '/');
    if (!write_file("/proc/sys/" + path, std::to_string(value))) return fail(fmt::format("cannot set {}", name));
  }
  for (const WorldInterface& place : kWorldInterfaces) {
    for (const std::string_view name : {"rp_filter", "send_redirects"}) {
      write_file(fmt::format("/proc/sys/net/ipv4/conf/{}/{}", place.name, name), "0");
    }
  }
  const auto configure = [](const std::vector<std::string>& words, const std::string& commands) -> Result<void> {
    const ToolResult result = run_tool(words, commands);
    if (result.status != 0) return fail(fmt::format("ip: exit code {}: {}", result.status, result.err));
    return {};
  };
  if (auto done = configure({"ip", "-batch", "-"}, world_ip_commands()); !done) return done;
  for (const char* family : {"-4", "-6"}) {
    if (auto done = configure({"ip", family, "-batch", "-"}, world_rule_commands()); !done) return done;
  }
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    if (auto done = load(family, "*filter\nCOMMIT\n"); !done) return done;
  }
  return {};
}

Result<void> NamespaceReferee::load(Family family, std::string_view rules) {
  for (const Family each : {Family::Ipv4, Family::Ipv6}) {
    std::string& emptying = emptying_[static_cast<size_t>(each)];
    if (!emptying.empty()) run_tool({tool_for(each, "restore")}, emptying);
    emptying.clear();
  }
  if (rules.find("-m recent") != std::string_view::npos || rules.find("-m hashlimit") != std::string_view::npos) {
    emptying_[static_cast<size_t>(family)] = without_rules(rules);
  }
  const ToolResult result = run_tool({tool_for(family, "restore"), "-c"}, rules);
  if (result.status != 0) {
    return fail(fmt::format("{}: exit code {}: {}", tool_for(family, "restore"), result.status, result.err));
  }
  return {};
}

std::string NamespaceReferee::save(Family family) { return run_tool({tool_for(family, "save"), "-c"}).out; }

Observed NamespaceReferee::pass(const Input& input, bool patient) {
  Observed observed;
  const ssize_t written = write(devices_[input.interface], input.frame.data(), input.frame.size());
  if (written < 0 && errno != EINVAL) {
    observed.left.push_back({.prefix = fmt::format("write: {}", std::strerror(errno))});
  }
  if (patient) usleep(5'000);
  collect(observed);
  return observed;
}

void NamespaceReferee::collect(Observed& observed) {
  for (size_t i = 0; i < devices_.size(); ++i) {
    const size_t skip = kWorldInterfaces[i].ethernet ? kEthernetHeader : 0;
    for (ssize_t got; (got = read(devices_[i], buffer_.data(), buffer_.size())) > 0;) {
      const auto begin =
          buffer_.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(skip, static_cast<size_t>(got)));
      observed.left.push_back({.where = Seen::Where::Left,
                               .out = std::string(kWorldInterfaces[i].name),
                               .bytes = {begin, buffer_.begin() + got}});
    }
  }
  observer_->read(observed.journal);
}

void NamespaceReferee::keep_fragments() {
  for (const auto& [name, value] : {std::pair{"ipv4/ipfrag_time", "100000"},
                                    {"ipv6/ip6frag_time", "100000"},
                                    {"ipv4/ipfrag_high_thresh", "1000000000"},
                                    {"netfilter/nf_conntrack_frag6_timeout", "100000"},
                                    {"netfilter/nf_conntrack_frag6_high_thresh", "1000000000"}}) {
    write_file(fmt::format("/proc/sys/net/{}", name), value);
  }
}

std::string NamespaceReferee::version() {
  utsname kernel = {};
  uname(&kernel);
  std::string tool = run_tool({"iptables-legacy", "--version"}).out;
  while (!tool.empty() && tool.back() == '\n') tool.pop_back();
  return fmt::format("{} {}, {}", kernel.sysname, kernel.release, tool);
}

}  // namespace sallyport::kernel
