// Empties the kernel's table of connections, by netlink.

#include "kernel/forget_connections.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "kernel/netlink_messages.h"

namespace sallyport::kernel {
namespace {

// The kernel's answer: 0, or an error's number.
int ask(int socket, std::span<const uint8_t> message) {
  if (send(socket, message.data(), message.size(), 0) < 0) return errno;
  alignas(nlmsghdr) std::array<uint8_t, 4096> answer;
  const ssize_t got = recv(socket, answer.data(), answer.size(), 0);
  if (got < 0) return errno;
  nlmsghdr header;
  std::memcpy(&header, answer.data(), sizeof header);
  int error = 0;
  if (static_cast<size_t>(got) < sizeof header + sizeof error || header.nlmsg_type != NLMSG_ERROR) return EPROTO;
  std::memcpy(&error, answer.data() + sizeof header, sizeof error);
  return -error;
}

}  // namespace

Result<void> forget_connections() {
  NetlinkMessages message;
  message.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_UNSPEC, 0);
  message.end();
  const int netfilter = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  const int problem = netfilter < 0 ? errno : ask(netfilter, message.bytes());
  if (netfilter >= 0) close(netfilter);
  if (problem == 0) return {};
  return fail(fmt::format("the kernel does not forget its connections: {}", std::strerror(problem)));
}

}  // namespace sallyport::kernel
