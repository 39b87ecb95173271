// A rule's own conditions compared with a packet, in the kernel's order. Counterpart of ip_packet_match() and
// ip6_packet_match().

#include "ruleset/selector.h"

namespace sallyport {

CompiledSelector::CompiledSelector(const Selector& selector, Family family)
    : words_(std::make_unique<Words>()), protocol_(selector.protocol), family_(family) {
  if (selector.source && (!selector.source->mask.is_unspecified() || selector.source_inverted)) {
    ask(kSource, selector.source_inverted);
    words_->source = words_of(*selector.source);
  }
  if (selector.destination && (!selector.destination->mask.is_unspecified() || selector.destination_inverted)) {
    ask(kDestination, selector.destination_inverted);
    words_->destination = words_of(*selector.destination);
  }
  if (!selector.in.text.empty()) {
    ask(kIn, selector.in.inverted);
    words_->in = words_of(selector.in);
  }
  if (!selector.out.text.empty()) {
    ask(kOut, selector.out.inverted);
    words_->out = words_of(selector.out);
  }
  if (selector.protocol != 0) ask(kProtocol, selector.protocol_inverted);
  if (selector.fragment) ask(kLaterFragment, selector.fragment_inverted);
  if (family == Family::Ipv4 && inverted_ == 0 && (asks_ & (kIn | kOut | kLaterFragment)) == 0) make_plain();
}

void CompiledSelector::make_plain() {
  const auto both = [](uint32_t source, uint32_t destination) { return uint64_t{destination} << 32 | source; };
  addresses_ = both(words_->source.value[0], words_->destination.value[0]);
  address_mask_ = both(words_->source.mask[0], words_->destination.mask[0]);
  protocol_mask_ = (asks_ & kProtocol) != 0 ? 0xff : 0;
  plain_ = true;
  words_.reset();
}

void CompiledSelector::ask(Ask what, bool inverted) {
  asks_ = static_cast<uint8_t>(asks_ | what);
  if (inverted) inverted_ = static_cast<uint8_t>(inverted_ | what);
}

CompiledSelector::AddressWords CompiledSelector::words_of(const AddressMask& address) {
  AddressWords words;
  std::memcpy(words.value.data(), address.address.bytes.data(), sizeof words.value);
  std::memcpy(words.mask.data(), address.mask.bytes.data(), sizeof words.mask);
  return words;
}

CompiledSelector::NameWords CompiledSelector::words_of(const InterfacePattern& pattern) {
  NameWords words;
  std::memcpy(words.value.data(), pattern.name.data(), sizeof words.value);
  std::memcpy(words.mask.data(), pattern.mask.data(), sizeof words.mask);
  return words;
}

namespace {

bool name_differs(const std::array<uint64_t, 2>& value, const std::array<uint64_t, 2>& mask, const Router& router,
                  InterfaceId interface) {
  std::array<uint64_t, 2> name = {};
  std::memcpy(name.data(), router.interface(interface).name.data(), sizeof name);
  return (((name[0] & mask[0]) ^ value[0]) | ((name[1] & mask[1]) ^ value[1])) != 0;
}

}  // namespace

Met CompiledSelector::compare(const Packet& packet, const HookContext& context) const {
  if (fails(kSource, differs(words_->source, packet.source_bytes())) ||
      fails(kDestination, differs(words_->destination, packet.destination_bytes()))) {
    return Met::No;
  }
  if ((asks_ & (kIn | kOut)) != 0) {
    if (fails(kIn, name_differs(words_->in.value, words_->in.mask, *context.router, context.in)) ||
        fails(kOut, name_differs(words_->out.value, words_->out.mask, *context.router, context.out))) {
      return Met::No;
    }
  }
  if ((asks_ & kProtocol) != 0) {
    // Only IPv6 can leave the protocol unknown: a chain of extension headers that is cut off.
    if (packet.transport_state == Transport::Missing && family_ == Family::Ipv6) return Met::DropPacket;
    if (fails(kProtocol, packet.protocol != protocol_)) return Met::No;
  }
  return fails(kLaterFragment, packet.fragment_offset == 0) ? Met::No : Met::Yes;
}

}  // namespace sallyport
