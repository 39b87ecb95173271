// A rule's own conditions (-s -d -i -o -p -f) as words to compare. Counterpart of ip_packet_match().
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "sallyport/host.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// DropPacket: the packet is too broken to be judged; it goes at once, and nothing counts it.
enum class Met : uint8_t { No, Yes, DropPacket };

// A value; made once per rule, asked for every packet.
class CompiledSelector {
 public:
  CompiledSelector() = default;
  CompiledSelector(const Selector& selector, Family family);

  Met meets(const Packet& packet, const HookContext& context) const {
    return asks_ == 0 ? Met::Yes : compare(packet, context);
  }

 private:
  enum Ask : uint16_t { kSource = 1, kDestination = 2, kIn = 4, kOut = 8, kProtocol = 16, kLaterFragment = 32 };
  struct AddressWords {
    std::array<uint32_t, 4> value = {};
    std::array<uint32_t, 4> mask = {};
  };
  struct NameWords {
    std::array<uint64_t, 2> value = {};
    std::array<uint64_t, 2> mask = {};
  };

  void ask(Ask what, bool inverted);
  static AddressWords words_of(const AddressMask& address);
  static NameWords words_of(const InterfacePattern& pattern);
  Met compare(const Packet& packet, const HookContext& context) const;
  bool fails(Ask what, bool different) const { return (asks_ & what) != 0 && different != ((inverted_ & what) != 0); }
  bool differs(const AddressWords& wanted, const uint8_t* address) const {
    uint32_t difference = (load_raw32(address) & wanted.mask[0]) ^ wanted.value[0];
    if (family_ == Family::Ipv6) {
      for (size_t i = 1; i < 4; ++i) difference |= (load_raw32(address + 4 * i) & wanted.mask[i]) ^ wanted.value[i];
    }
    return difference != 0;
  }

  uint16_t asks_ = 0;
  uint16_t inverted_ = 0;
  uint8_t protocol_ = 0;
  Family family_ = Family::Ipv4;
  AddressWords source_;
  AddressWords destination_;
  NameWords in_;
  NameWords out_;
};

}  // namespace sallyport
