// nfnetlink_queue by hand.

#include "kernel/kernel_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "sallyport/bytes.h"

namespace sallyport::kernel {
namespace {

// One message to a queue.
class Message {
 public:
  Message(int type, uint16_t flags, uint16_t queue) {
    const nlmsghdr header = {0, static_cast<uint16_t>(NFNL_SUBSYS_QUEUE << 8 | type),
                             static_cast<uint16_t>(NLM_F_REQUEST | flags), 1, 0};
    append(&header, sizeof header);
    const nfgenmsg extra = {AF_UNSPEC, NFNETLINK_V0, htons(queue)};
    append(&extra, sizeof extra);
  }
  void attribute(uint16_t type, const void* value, size_t size) {
    const nlattr header = {static_cast<uint16_t>(sizeof header + size), type};
    append(&header, sizeof header);
    append(value, size);
    bytes_.resize((bytes_.size() + 3) & ~size_t{3});
  }
  void be32(uint16_t type, uint32_t value) {
    value = htonl(value);
    attribute(type, &value, sizeof value);
  }
  const std::vector<uint8_t>& finish() {
    const auto size = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof size);
    return bytes_;
  }

 private:
  void append(const void* value, size_t size) {
    const auto* first = static_cast<const uint8_t*>(value);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::vector<uint8_t> bytes_;
};

Queued queued_from(const uint8_t* attributes, size_t size) {
  Queued queued;
  for (size_t at = 0; at + sizeof(nlattr) <= size;) {
    nlattr header;
    std::memcpy(&header, attributes + at, sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > size - at) break;
    const uint8_t* value = attributes + at + sizeof header;
    const size_t bytes = header.nla_len - sizeof header;
    switch (header.nla_type & NLA_TYPE_MASK) {
      case NFQA_PACKET_HDR:
        queued.number = load_be32(value);
        queued.hook = value[6];
        break;
      case NFQA_MARK:
        queued.mark = load_be32(value);
        break;
      case NFQA_PAYLOAD:
        queued.bytes.assign(value, value + bytes);
        break;
      default:
        break;
    }
    at += (header.nla_len + 3u) & ~3u;
  }
  return queued;
}

uint32_t verdict_of(QueueAnswer answer) {
  constexpr uint32_t kVerdicts[] = {NF_DROP, NF_ACCEPT, NF_REPEAT, NF_STOP};
  return kVerdicts[static_cast<size_t>(answer)];
}

}  // namespace

Result<std::unique_ptr<KernelQueue>> KernelQueue::open(uint16_t number, uint32_t most) {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (descriptor < 0) return fail(fmt::format("netlink socket for netfilter: {}", std::strerror(errno)));
  std::unique_ptr<KernelQueue> queue(new KernelQueue(descriptor, number));
  const int room = 8 << 20;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (auto done = queue->configure(most); !done) return std::unexpected(done.error());
  return queue;
}

KernelQueue::~KernelQueue() { close(socket_); }

Result<void> KernelQueue::configure(uint32_t most) {
  const nfqnl_msg_config_cmd bind = {NFQNL_CFG_CMD_BIND, 0, 0};
  nfqnl_msg_config_params whole = {};
  whole.copy_range = htonl(0xffff);
  whole.copy_mode = NFQNL_COPY_PACKET;
  Message first(NFQNL_MSG_CONFIG, NLM_F_ACK, number_), second(NFQNL_MSG_CONFIG, NLM_F_ACK, number_);
  first.attribute(NFQA_CFG_CMD, &bind, sizeof bind);
  second.attribute(NFQA_CFG_PARAMS, &whole, sizeof whole);
  second.be32(NFQA_CFG_QUEUE_MAXLEN, most);
  for (Message* message : {&first, &second}) {
    const auto& bytes = message->finish();
    if (send(socket_, bytes.data(), bytes.size(), 0) < 0) return fail(fmt::format("netlink: {}", std::strerror(errno)));
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    int error = 0;
    if (got >= static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof error)) {
      std::memcpy(&error, buffer_.data() + sizeof(nlmsghdr), sizeof error);
    }
    if (got < 0 || error != 0) return fail(fmt::format("nfnetlink_queue: {}", std::strerror(got < 0 ? errno : -error)));
  }
  return {};
}

std::vector<Queued> KernelQueue::read() {
  std::vector<Queued> all;
  for (ssize_t got; (got = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT)) > 0;) {
    constexpr size_t kHead = sizeof(nlmsghdr) + sizeof(nfgenmsg);
    if (static_cast<size_t>(got) >= kHead) {
      all.push_back(queued_from(buffer_.data() + kHead, static_cast<size_t>(got) - kHead));
    }
  }
  return all;
}

void KernelQueue::answer(uint64_t number, QueueAnswer answer, uint32_t mark,
                         const std::optional<std::vector<uint8_t>>& bytes) {
  Message message(NFQNL_MSG_VERDICT, 0, number_);
  const nfqnl_msg_verdict_hdr verdict = {htonl(verdict_of(answer)), htonl(static_cast<uint32_t>(number))};
  message.attribute(NFQA_VERDICT_HDR, &verdict, sizeof verdict);
  message.be32(NFQA_MARK, mark);
  if (bytes) message.attribute(NFQA_PAYLOAD, bytes->data(), bytes->size());
  const auto& text = message.finish();
  if (send(socket_, text.data(), text.size(), 0) < 0) fmt::print("verdict: {}\n", std::strerror(errno));
}

}  // namespace sallyport::kernel
