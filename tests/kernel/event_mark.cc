// Two netlink messages: a thousand times quicker than `conntrack -I` and `conntrack -D`.

#include "kernel/event_mark.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "kernel/netlink_messages.h"

namespace sallyport::kernel {
namespace {

constexpr uint32_t kAsker = 0xcb0071fa, kAsked = 0xcb0071fb;  // 203.0.113.250, .251
constexpr uint16_t kAskedPort = 1;
constexpr uint32_t kLasts_s = 1000;

std::unexpected<Error> failed(std::string_view what, int error) {
  return fail(fmt::format("{}: {}", what, std::strerror(error)));
}

struct Tuple {
  uint32_t source = 0, destination = 0;
  uint16_t source_port = 0, destination_port = 0;
};

void add_tuple(NetlinkMessages& out, uint16_t type, const Tuple& tuple) {
  out.nest(type, [&] {
    out.nest(CTA_TUPLE_IP, [&] {
      out.be32(CTA_IP_V4_SRC, tuple.source);
      out.be32(CTA_IP_V4_DST, tuple.destination);
    });
    out.nest(CTA_TUPLE_PROTO, [&] {
      const uint8_t protocol = IPPROTO_UDP;
      out.attribute(CTA_PROTO_NUM, &protocol, sizeof protocol);
      out.be16(CTA_PROTO_SRC_PORT, tuple.source_port);
      out.be16(CTA_PROTO_DST_PORT, tuple.destination_port);
    });
  });
}

constexpr uint16_t type_of(int subsystem, int message) { return static_cast<uint16_t>(subsystem << 8 | message); }
constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;

}  // namespace

Result<std::unique_ptr<EventMark>> EventMark::open() {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (descriptor < 0) return failed("netlink socket for netfilter", errno);
  return std::unique_ptr<EventMark>(new EventMark(descriptor));
}

EventMark::~EventMark() { close(socket_); }

Result<void> EventMark::set(uint16_t port, bool expecting) {
  NetlinkMessages out;
  out.begin(type_of(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW), kCreate, AF_INET, 0);
  add_tuple(out, CTA_TUPLE_ORIG, {kAsker, kAsked, port, kAskedPort});
  add_tuple(out, CTA_TUPLE_REPLY, {kAsked, kAsker, kAskedPort, port});
  out.be32(CTA_TIMEOUT, kLasts_s);
  if (expecting) out.nest(CTA_HELP, [&] { out.text(CTA_HELP_NAME, "tftp"); });
  out.end();
  if (expecting) {
    out.begin(type_of(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_NEW), kCreate, AF_INET, 0);
    add_tuple(out, CTA_EXPECT_MASTER, {kAsker, kAsked, port, kAskedPort});
    add_tuple(out, CTA_EXPECT_TUPLE, {kAsked, kAsker, kAskedPort, port});
    add_tuple(out, CTA_EXPECT_MASK, {UINT32_MAX, UINT32_MAX, UINT16_MAX, UINT16_MAX});
    out.be32(CTA_EXPECT_TIMEOUT, kLasts_s);
    out.end();
  }
  out.begin(type_of(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE), NLM_F_ACK, AF_INET, 0);
  add_tuple(out, CTA_TUPLE_ORIG, {kAsker, kAsked, port, kAskedPort});
  out.end();
  return transact(out.bytes(), expecting ? 3 : 2);
}

// Sends, and waits for one acknowledgement for each of `messages`.
Result<void> EventMark::transact(std::span<const uint8_t> bytes, int messages) const {
  if (send(socket_, bytes.data(), bytes.size(), 0) < 0) return failed("netlink", errno);
  alignas(nlmsghdr) char answer[8192];
  while (messages > 0) {
    const ssize_t got = recv(socket_, answer, sizeof answer, 0);
    if (got < 0) return failed("netlink", errno);
    for (size_t at = 0; at + sizeof(nlmsghdr) + sizeof(int) <= static_cast<size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, answer + at, sizeof header);
      if (header.nlmsg_len < sizeof header) break;
      int error = 0;
      if (header.nlmsg_type == NLMSG_ERROR) std::memcpy(&error, answer + at + sizeof header, sizeof error);
      if (error != 0) return failed("a connection put in by netlink", -error);
      messages -= header.nlmsg_type == NLMSG_ERROR;
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  return {};
}

}  // namespace sallyport::kernel
