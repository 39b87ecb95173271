#include "kernel/host/namespace.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "host/netlink.h"

namespace sallyport {

std::string enter_new_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return {};
  return std::string("no network namespace: ") + std::strerror(errno);
}

TunInterface::TunInterface(const std::string& name, bool tap) {
  descriptor_ = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) return;
  ifreq request = {};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>((tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
  if (ioctl(descriptor_, TUNSETIFF, &request) != 0) {
    close(descriptor_);
    descriptor_ = -1;
  }
}

TunInterface::TunInterface(TunInterface&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

TunInterface::~TunInterface() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::set<size_t> run_ip_batch(const std::vector<std::string>& lines, bool ipv6) {
  char path[] = "/tmp/sallyport-ip-batch-XXXXXX";
  const int descriptor = mkstemp(path);
  if (descriptor < 0) return {};
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(descriptor);
  std::set<size_t> refused;
  const std::string command = std::string("ip ") + (ipv6 ? "-6 " : "") + "-force -batch " + path + " 2>&1";
  FILE* const output = written ? popen(command.c_str(), "r") : nullptr;
  char line[512];
  while (output != nullptr && std::fgets(line, sizeof line, output) != nullptr) {
    // "Command failed PATH:LINE"
    const char* const colon = std::strrchr(line, ':');
    if (std::strncmp(line, "Command failed", 14) == 0 && colon != nullptr) {
      refused.insert(std::strtoul(colon + 1, nullptr, 10) - 1);
    }
  }
  if (output != nullptr) pclose(output);
  unlink(path);
  return refused;
}

bool wait_for_ipv6_addresses(size_t count) {
  constexpr int kMostAttempts = 5000;
  auto netlink = Netlink::open();
  for (int attempt = 0; netlink && attempt < kMostAttempts; ++attempt) {
    size_t ready = 0;
    const auto take = [&](const NetlinkMessage& message) { ready += message.header<rtmsg>().rtm_type == RTN_LOCAL; };
    if (!netlink->list(RTM_GETROUTE, AF_INET6, take, [&] { ready = 0; })) return false;
    if (ready == count) return true;
    poll(nullptr, 0, 1);
  }
  return false;
}

bool write_sysctl(std::string_view name, long value) {
  std::string path = "/proc/sys/" + std::string(name);
  std::replace(path.begin() + 10, path.end(), '.', '/');
  FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file, "%ld\n", value);
  return std::fclose(file) == 0;
}

}  // namespace sallyport
