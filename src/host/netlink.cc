// rtnetlink over a plain socket (RFC 3549): requests out, multi-part answers in.

#include "host/netlink.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
constexpr int kMostAttempts = 10;
constexpr uint16_t kAttributeNumber = 0x3fff;  // without the flags for nesting and byte order

}  // namespace

std::span<const uint8_t> NetlinkMessage::find(size_t offset, uint16_t number) const {
  while (offset + sizeof(rtattr) <= payload_.size()) {
    rtattr attribute = {};
    std::memcpy(&attribute, payload_.data() + offset, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > payload_.size() - offset) return {};
    if ((attribute.rta_type & kAttributeNumber) == number) {
      return payload_.subspan(offset + sizeof attribute, attribute.rta_len - sizeof attribute);
    }
    offset += RTA_ALIGN(attribute.rta_len);
  }
  return {};
}

std::optional<uint32_t> netlink_u32(std::span<const uint8_t> attribute) {
  uint32_t number = 0;
  if (attribute.size() < sizeof number) return std::nullopt;
  std::memcpy(&number, attribute.data(), sizeof number);
  return number;
}

std::string netlink_text(std::span<const uint8_t> attribute) {
  const std::string text(attribute.begin(), attribute.end());
  return text.substr(0, text.find('\0'));
}

std::optional<IpAddress> netlink_address(Family family, std::span<const uint8_t> attribute) {
  if (attribute.size() != address_bytes(family)) return std::nullopt;
  return IpAddress::from(family, attribute.data());
}

Result<Netlink> Netlink::open() {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return fail(fmt::format("the kernel's routing socket: {}", std::strerror(errno)));
  return Netlink(descriptor);
}

Netlink::~Netlink() {
  if (socket_ >= 0) close(socket_);
}

Result<void> Netlink::list(uint16_t type, uint8_t family, const Take& take, const std::function<void()>& again) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    struct {
      nlmsghdr header;
      std::array<uint8_t, 16> body;  // the longest fixed part; only its family is asked for
    } request = {};
    request.header = {.nlmsg_len = sizeof request,
                      .nlmsg_type = type,
                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                      .nlmsg_seq = ++sequence_,
                      .nlmsg_pid = 0};
    request.body[0] = family;
    int error = 0;
    if (send(socket_, &request, sizeof request, 0) < 0) return fail(fmt::format("netlink: {}", std::strerror(errno)));
    const Outcome outcome = receive(true, take, error);
    if (outcome == Outcome::Done) return {};
    if (outcome == Outcome::Failed) return fail(fmt::format("netlink request {}: {}", type, std::strerror(error)));
    again();
  }
  return fail("the machine's addresses or routes change all the time", "a moment without changes");
}

std::expected<void, int> Netlink::ask(uint16_t type, std::span<const uint8_t> payload, const Take& take) {
  std::vector<uint8_t> request(NLMSG_HDRLEN + payload.size());
  const nlmsghdr header = {.nlmsg_len = static_cast<uint32_t>(request.size()),
                           .nlmsg_type = type,
                           .nlmsg_flags = NLM_F_REQUEST,
                           .nlmsg_seq = ++sequence_,
                           .nlmsg_pid = 0};
  std::memcpy(request.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(request.data() + NLMSG_HDRLEN, payload.data(), payload.size());
  int error = 0;
  if (send(socket_, request.data(), request.size(), 0) < 0) return std::unexpected(errno);
  if (receive(false, take, error) == Outcome::Failed) return std::unexpected(error);
  return {};
}

// Reads until the answer to the last request is complete.
Netlink::Outcome Netlink::receive(bool many, const Take& take, int& error) {
  std::vector<uint8_t> buffer(kBufferBytes);
  bool changed = false;
  while (true) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      error = got < 0 ? errno : EPIPE;
      return Outcome::Failed;
    }
    std::span<const uint8_t> rest(buffer.data(), static_cast<size_t>(got));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header = {};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > rest.size()) break;
      const auto payload = rest.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
      rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
      if (header.nlmsg_seq != sequence_) continue;  // an answer to a request that was given up
      changed |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header.nlmsg_type == NLMSG_DONE) return changed ? Outcome::Changed : Outcome::Done;
      if (header.nlmsg_type == NLMSG_ERROR) {
        error = -static_cast<int>(netlink_u32(payload).value_or(0));
        return error == 0 ? Outcome::Done : Outcome::Failed;
      }
      take(NetlinkMessage(header.nlmsg_type, payload));
      if (!many) return Outcome::Done;
    }
  }
}

}  // namespace sallyport
