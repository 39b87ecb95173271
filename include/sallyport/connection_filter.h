// Which connections of a listing are meant, and what is to become of them: conntrack(8)'s filters and -U.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/connection_text.h"

namespace sallyport {

// A number under a mask, such as a mark.
struct MaskedNumber {
  uint32_t value = 0;
  uint32_t mask = 0xffffffff;
};

// Which translation is wanted. Without an address any; a port is looked at beside its address.
struct TranslationFilter {
  bool wanted = false;
  std::optional<IpAddress> address = {};
  std::optional<uint16_t> port = {};
};

// Everything that is set must hold. A value; `matches` changes nothing and allocates nothing.
struct ConnectionFilter {
  std::optional<Family> family = {};
  std::optional<uint8_t> protocol = {};
  std::optional<AddressMask> source = {};
  std::optional<AddressMask> destination = {};
  std::optional<IpAddress> reply_source = {};
  std::optional<IpAddress> reply_destination = {};
  // Ports, or GRE keys, as the protocol has it.
  std::optional<uint16_t> source_id = {};
  std::optional<uint16_t> destination_id = {};
  std::optional<uint16_t> reply_source_id = {};
  std::optional<uint16_t> reply_destination_id = {};
  std::optional<uint8_t> icmp_type = {};
  std::optional<uint8_t> icmp_code = {};
  std::optional<uint16_t> icmp_id = {};
  std::optional<ListedState> state = {};
  uint32_t status_set = 0;  // bits of ConnectionRecord::Status
  uint32_t status_clear = 0;
  std::optional<MaskedNumber> mark = {};
  std::optional<uint32_t> security_mark = {};
  std::optional<uint16_t> zone = {};
  std::optional<uint16_t> original_zone = {};
  std::optional<uint16_t> reply_zone = {};
  std::optional<uint32_t> id = {};
  std::optional<uint32_t> timeout_s = {};
  TranslationFilter source_nat = {};
  TranslationFilter destination_nat = {};
  TranslationFilter any_nat = {};  // either of the two
  std::vector<std::string> labels = {};

  bool matches(const ConnectionRecord& record) const;
};

// What `conntrack -U` does to the connections that it is meant for.
struct ConnectionChange {
  std::optional<uint32_t> timeout_s = {};
  std::optional<MaskedNumber> mark = {};  // bits of the mask are cleared, then the value is XORed in
  std::optional<ListedState> state = {};
  uint32_t status_set = 0;  // no bit is ever taken away

  // False where everything was so already.
  bool apply(ConnectionRecord& record) const;
};

}  // namespace sallyport
