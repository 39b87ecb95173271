// Netlink messages to netfilter, put together by hand.
#pragma once

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::kernel {

// Netlink messages one behind the other, attributes nested.
class NetlinkMessages {
 public:
  void begin(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource) {
    message_ = bytes_.size();
    const nlmsghdr header = {0, type, static_cast<uint16_t>(NLM_F_REQUEST | flags), ++sequence_, 0};
    append(&header, sizeof header);
    const nfgenmsg extra = {family, NFNETLINK_V0, htons(resource)};
    append(&extra, sizeof extra);
  }
  void end() { set_length32(message_); }

  void attribute(uint16_t type, const void* value, size_t size) {
    const nlattr header = {static_cast<uint16_t>(sizeof header + size), type};
    append(&header, sizeof header);
    append(value, size);
    bytes_.resize((bytes_.size() + 3) & ~size_t{3});
  }
  void text(uint16_t type, std::string_view value) { attribute(type, std::string(value).c_str(), value.size() + 1); }
  void be16(uint16_t type, uint16_t value) {
    value = htons(value);
    attribute(type, &value, sizeof value);
  }
  void be32(uint16_t type, uint32_t value) {
    value = htonl(value);
    attribute(type, &value, sizeof value);
  }
  // What `fill` appends becomes the attribute's content.
  template <class Fill>
  void nest(uint16_t type, Fill fill) {
    const size_t at = bytes_.size();
    const nlattr header = {0, static_cast<uint16_t>(type | NLA_F_NESTED)};
    append(&header, sizeof header);
    fill();
    const auto size = static_cast<uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  void append(const void* value, size_t size) {
    const auto* first = static_cast<const uint8_t*>(value);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  void set_length32(size_t at) {
    const auto size = static_cast<uint32_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }

  std::vector<uint8_t> bytes_;
  size_t message_ = 0;
  uint32_t sequence_ = 0;
};

}  // namespace sallyport::kernel
