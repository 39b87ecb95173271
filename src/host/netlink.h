// Asking the kernel by rtnetlink: one request, all its answers.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/result.h"

namespace sallyport {

// One message of an answer: its fixed part, and attributes by number.
class NetlinkMessage {
 public:
  NetlinkMessage(uint16_t type, std::span<const uint8_t> payload) : type_(type), payload_(payload) {}

  uint16_t type() const { return type_; }
  // The fixed part; zeros where the message is shorter.
  template <class Header>
  Header header() const {
    Header header = {};
    if (payload_.size() >= sizeof header) std::memcpy(&header, payload_.data(), sizeof header);
    return header;
  }
  // Those behind the fixed part. The first attribute of that number.
  template <class Header>
  std::span<const uint8_t> attribute(uint16_t number) const {
    return find(NLMSG_ALIGN(sizeof(Header)), number);
  }
  // Within an attribute that holds attributes.
  static std::span<const uint8_t> nested(std::span<const uint8_t> attributes, uint16_t number) {
    return NetlinkMessage(0, attributes).find(0, number);
  }

 private:
  std::span<const uint8_t> find(size_t offset, uint16_t number) const;
  uint16_t type_;
  std::span<const uint8_t> payload_;
};

std::optional<uint32_t> netlink_u32(std::span<const uint8_t> attribute);
std::string netlink_text(std::span<const uint8_t> attribute);
std::optional<IpAddress> netlink_address(Family family, std::span<const uint8_t> attribute);

class Netlink {
 public:
  static Result<Netlink> open();
  Netlink(Netlink&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Netlink& operator=(Netlink&&) = delete;
  ~Netlink();

  using Take = std::function<void(const NetlinkMessage&)>;
  // Everything of a kind (RTM_GETLINK ...) of one address family. Begins anew when the kernel says that the list
  // changed meanwhile, after calling `again`.
  Result<void> list(uint16_t type, uint8_t family, const Take& take, const std::function<void()>& again);
  // One request, its one answer or the kernel's error number.
  std::expected<void, int> ask(uint16_t type, std::span<const uint8_t> payload, const Take& take);

 private:
  explicit Netlink(int socket) : socket_(socket) {}
  enum class Outcome : uint8_t { Done, Changed, Failed };
  Outcome receive(bool many, const Take& take, int& error);

  int socket_;
  uint32_t sequence_ = 0;
};

}  // namespace sallyport
