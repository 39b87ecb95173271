// Netlink by hand: a few nf_tables messages, and nfnetlink_log's.

#include "kernel/nf_observer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "kernel/netlink_messages.h"
#include "sallyport/bytes.h"

namespace sallyport::kernel {
namespace {

constexpr uint16_t kGroupAtOutput = 65000, kGroupAtInput = 65001, kGroupAtPostrouting = 65002;
constexpr std::string_view kTable = "referee";

constexpr uint16_t nft_type(int message) { return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message); }
constexpr uint16_t ulog_type(int message) { return static_cast<uint16_t>(NFNL_SUBSYS_ULOG << 8 | message); }
constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_ACK;

void add_chain(NetlinkMessages& out, std::string_view name, uint32_t hook, int priority, uint32_t policy) {
  out.begin(nft_type(NFT_MSG_NEWCHAIN), kCreate, NFPROTO_INET, 0);
  out.text(NFTA_CHAIN_TABLE, kTable);
  out.text(NFTA_CHAIN_NAME, name);
  out.nest(NFTA_CHAIN_HOOK, [&] {
    out.be32(NFTA_HOOK_HOOKNUM, hook);
    out.be32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(priority));
  });
  out.be32(NFTA_CHAIN_POLICY, policy);
  out.text(NFTA_CHAIN_TYPE, "filter");
  out.end();
}

template <class Fill>
void add_expression(NetlinkMessages& out, std::string_view name, Fill fill) {
  out.nest(NFTA_LIST_ELEM, [&] {
    out.text(NFTA_EXPR_NAME, name);
    out.nest(NFTA_EXPR_DATA, fill);
  });
}

template <class Fill>
void add_rule(NetlinkMessages& out, std::string_view chain, Fill expressions) {
  out.begin(nft_type(NFT_MSG_NEWRULE), kCreate | NLM_F_APPEND, NFPROTO_INET, 0);
  out.text(NFTA_RULE_TABLE, kTable);
  out.text(NFTA_RULE_CHAIN, chain);
  out.nest(NFTA_RULE_EXPRESSIONS, expressions);
  out.end();
}

void add_reporter(NetlinkMessages& out, std::string_view chain, uint16_t group) {
  add_rule(out, chain, [&] { add_expression(out, "log", [&] { out.be16(NFTA_LOG_GROUP, group); }); });
}

void add_comparison(NetlinkMessages& out, uint32_t operation, uint8_t value) {
  add_expression(out, "cmp", [&] {
    out.be32(NFTA_CMP_SREG, NFT_REG_1);
    out.be32(NFTA_CMP_OP, operation);
    out.nest(NFTA_CMP_DATA, [&] { out.attribute(NFTA_DATA_VALUE, &value, 1); });
  });
}

// Neighbour discovery and multicast listening would send on their own and be counted: ICMPv6 of type 128 and above that
// the machine itself makes ends before the first table. Errors (below 128) go on.
void add_silence(NetlinkMessages& out, std::string_view chain) {
  constexpr uint8_t kIcmp6 = 58, kFirstInformation = 128;
  add_rule(out, chain, [&] {
    add_expression(out, "meta", [&] {
      out.be32(NFTA_META_KEY, NFT_META_L4PROTO);
      out.be32(NFTA_META_DREG, NFT_REG_1);
    });
    add_comparison(out, NFT_CMP_EQ, kIcmp6);
    add_expression(out, "payload", [&] {
      out.be32(NFTA_PAYLOAD_DREG, NFT_REG_1);
      out.be32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
      out.be32(NFTA_PAYLOAD_OFFSET, 0);
      out.be32(NFTA_PAYLOAD_LEN, 1);
    });
    add_comparison(out, NFT_CMP_GTE, kFirstInformation);
    add_expression(out, "immediate", [&] {
      out.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      out.nest(NFTA_IMMEDIATE_DATA,
               [&] { out.nest(NFTA_DATA_VERDICT, [&] { out.be32(NFTA_VERDICT_CODE, NF_DROP); }); });
    });
  });
}

std::string name_of(uint32_t index) {
  char name[IF_NAMESIZE];
  return if_indextoname(index, name) != nullptr ? name : fmt::format("#{}", index);
}

Seen read_report(const uint8_t* attributes, size_t size, uint16_t group) {
  Seen seen;
  seen.where = group == kGroupAtOutput        ? Seen::Where::AtOutput
               : group == kGroupAtInput       ? Seen::Where::AtInput
               : group == kGroupAtPostrouting ? Seen::Where::AtPostrouting
                                              : Seen::Where::Logged;
  if (seen.where == Seen::Where::Logged) seen.group = group;
  for (size_t at = 0; at + sizeof(nlattr) <= size;) {
    nlattr header;
    std::memcpy(&header, attributes + at, sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > size - at) break;
    const uint8_t* value = attributes + at + sizeof header;
    const size_t bytes = header.nla_len - sizeof header;
    switch (header.nla_type & NLA_TYPE_MASK) {
      case NFULA_MARK:
        seen.mark = load_be32(value);
        break;
      case NFULA_IFINDEX_INDEV:
        seen.in = name_of(load_be32(value));
        break;
      case NFULA_IFINDEX_OUTDEV:
        seen.out = name_of(load_be32(value));
        break;
      case NFULA_PAYLOAD:
        seen.bytes.assign(value, value + bytes);
        break;
      case NFULA_PREFIX:
        seen.prefix.assign(reinterpret_cast<const char*>(value), strnlen(reinterpret_cast<const char*>(value), bytes));
        break;
      default:
        break;
    }
    at += (header.nla_len + 3u) & ~3u;
  }
  return seen;
}

std::unexpected<Error> failed(std::string_view what, int error) {
  return fail(fmt::format("{}: {}", what, std::strerror(error)));
}

}  // namespace

Result<std::unique_ptr<NfObserver>> NfObserver::open() {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (descriptor < 0) return failed("netlink socket for netfilter", errno);
  std::unique_ptr<NfObserver> observer(new NfObserver(descriptor));
  const int room = 8 << 20;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  const sockaddr_nl local = {AF_NETLINK, 0, 0, 0};
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return failed("netlink socket for netfilter", errno);
  }
  observer->buffer_.resize(1 << 18);
  if (auto done = observer->install_hooks(); !done) return std::unexpected(done.error());
  for (uint16_t group = 0; group < kLogGroups; ++group) {
    if (auto done = observer->listen_to(group); !done) return std::unexpected(done.error());
  }
  for (const uint16_t group : {kGroupAtOutput, kGroupAtInput, kGroupAtPostrouting}) {
    if (auto done = observer->listen_to(group); !done) return std::unexpected(done.error());
  }
  return observer;
}

NfObserver::~NfObserver() { close(socket_); }

// Sends, and waits for one acknowledgement for each of `answers` messages.
Result<void> NfObserver::transact(std::span<const uint8_t> messages, size_t answers) {
  if (send(socket_, messages.data(), messages.size(), 0) < 0) return failed("netlink", errno);
  for (int tries = 0; answers > 0 && tries < 1000; ++tries) {
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      usleep(1000);
      continue;
    }
    if (got < 0) return failed("netlink", errno);
    for (size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, buffer_.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header) break;
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        std::memcpy(&error, buffer_.data() + at + sizeof header, sizeof error);
        if (error != 0) return failed("nf_tables or nfnetlink_log", -error);
        --answers;
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
  return answers == 0 ? Result<void>{} : fail("no answer from the kernel's netfilter socket");
}

Result<void> NfObserver::install_hooks() {
  constexpr int kLast = std::numeric_limits<int>::max();
  constexpr int kFirst = -500;
  NetlinkMessages out;
  out.begin(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  out.end();
  out.begin(nft_type(NFT_MSG_NEWTABLE), kCreate, NFPROTO_INET, 0);
  out.text(NFTA_TABLE_NAME, kTable);
  out.end();
  add_chain(out, "input", NF_INET_LOCAL_IN, kLast, NF_DROP);
  add_chain(out, "postrouting", NF_INET_POST_ROUTING, kLast, NF_ACCEPT);
  add_chain(out, "output", NF_INET_LOCAL_OUT, kFirst, NF_ACCEPT);
  add_reporter(out, "input", kGroupAtInput);
  add_reporter(out, "postrouting", kGroupAtPostrouting);
  add_silence(out, "output");
  add_reporter(out, "output", kGroupAtOutput);
  out.begin(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  out.end();
  return transact(out.bytes(), 8);
}

Result<void> NfObserver::listen_to(uint16_t group) {
  const nfulnl_msg_config_cmd bind = {NFULNL_CFG_CMD_BIND};
  const nfulnl_msg_config_mode mode = {htonl(0xffff), NFULNL_COPY_PACKET, 0};
  NetlinkMessages out;
  out.begin(ulog_type(NFULNL_MSG_CONFIG), NLM_F_ACK, AF_UNSPEC, group);
  out.attribute(NFULA_CFG_CMD, &bind, sizeof bind);
  out.attribute(NFULA_CFG_MODE, &mode, sizeof mode);
  out.be32(NFULA_CFG_QTHRESH, 1);
  out.end();
  return transact(out.bytes(), 1);
}

void NfObserver::read(std::vector<Seen>& journal) {
  for (ssize_t got; (got = recv(socket_, buffer_.data(), buffer_.size(), 0)) > 0;) {
    for (size_t at = 0; at + sizeof(nlmsghdr) + sizeof(nfgenmsg) <= static_cast<size_t>(got);) {
      nlmsghdr header;
      std::memcpy(&header, buffer_.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > static_cast<size_t>(got) - at) break;
      if (header.nlmsg_type == ulog_type(NFULNL_MSG_PACKET)) {
        constexpr size_t kHead = sizeof(nlmsghdr) + sizeof(nfgenmsg);
        nfgenmsg extra;
        std::memcpy(&extra, buffer_.data() + at + sizeof header, sizeof extra);
        journal.push_back(read_report(buffer_.data() + at + kHead, header.nlmsg_len - kHead, ntohs(extra.res_id)));
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
}

}  // namespace sallyport::kernel
