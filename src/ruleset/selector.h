// A rule's own conditions (-s -d -i -o -p -f) as words to compare. Counterpart of ip_packet_match().
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "sallyport/host.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// DropPacket: the packet is too broken to be judged; it goes at once, and nothing counts it.
enum class Met : uint8_t { No, Yes, DropPacket };

// Made once per rule, asked for every packet. What most rules ask, IPv4 addresses and protocol, is two words under a
// mask and answered in line, so that a walk over many rules reads little memory; all else lies apart.
class CompiledSelector {
 public:
  CompiledSelector() = default;
  CompiledSelector(const Selector& selector, Family family);

  Met meets(const Packet& packet, const HookContext& context) const {
    if (asks_ == 0) return Met::Yes;
    if (!plain_) return compare(packet, context);
    // Source and destination stand next to each other in the header.
    uint64_t addresses;
    std::memcpy(&addresses, packet.source_bytes(), sizeof addresses);
    const auto protocol = static_cast<uint8_t>((packet.protocol ^ protocol_) & protocol_mask_);
    return (((addresses & address_mask_) ^ addresses_) | protocol) == 0 ? Met::Yes : Met::No;
  }

 private:
  enum Ask : uint8_t { kSource = 1, kDestination = 2, kIn = 4, kOut = 8, kProtocol = 16, kLaterFragment = 32 };
  struct AddressWords {
    std::array<uint32_t, 4> value = {};
    std::array<uint32_t, 4> mask = {};
  };
  struct NameWords {
    std::array<uint64_t, 2> value = {};
    std::array<uint64_t, 2> mask = {};
  };
  struct Words {
    AddressWords source;
    AddressWords destination;
    NameWords in;
    NameWords out;
  };

  void make_plain();
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

  uint64_t addresses_ = 0;
  uint64_t address_mask_ = 0;
  std::unique_ptr<Words> words_;  // where it is not plain
  uint8_t asks_ = 0;
  uint8_t inverted_ = 0;
  uint8_t protocol_ = 0;
  uint8_t protocol_mask_ = 0;
  Family family_ = Family::Ipv4;
  bool plain_ = false;  // IPv4, nothing inverted, no interface, no fragment: the two masks say it all
};

}  // namespace sallyport
