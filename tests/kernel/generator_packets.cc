// Random IP packets around random transports.
//
// Most are well-formed and travel between networks that have a route, because rules must be met often; a good part has
// options, extension headers, is a fragment, is cut short, has a wrong checksum, a used-up TTL, an odd address.

#include "kernel/generator_packets.h"

#include <algorithm>

#include "kernel/transport_bytes.h"
#include "kernel/world.h"
#include "sallyport/bytes.h"
#include "sallyport/packet.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

constexpr size_t kIpv4Header = 20, kIpv6Header = 40;

struct Ends {
  IpAddress source;
  IpAddress destination;
  bool passes_by = true;  // to none of the machine's own addresses
};

Ends random_ends(Draw& draw, size_t in) {
  const Family family = draw.family();
  Ends ends;
  ends.source = draw.pick(pool::hosts(family, draw.chance(90) ? in : draw.below(3)));
  if (draw.chance(4)) ends.source = draw.pick(pool::all(family));
  const uint32_t kind = draw.below(100);
  if (kind < 68) {
    ends.destination = draw.pick(pool::hosts(family, draw.below(3)));
  } else if (kind < 86) {
    ends.destination = draw.pick(pool::own(family));
    ends.passes_by = false;
  } else {
    ends.destination = draw.pick(pool::odd(family));
    ends.passes_by = false;
    // The kernel answers each sender of unroutable packets only five times at once, or not at all soon after another
    // error, and that limit has no switch in a namespace; so such packets have ever new senders.
    if (family == Family::Ipv4) store_be16(&ends.source.bytes[2], draw.new_sender());
  }
  return ends;
}

uint8_t random_protocol(Draw& draw) {
  const uint32_t kind = draw.below(100);
  if (kind < 30) return kTcp;
  if (kind < 42) return kUdp;
  if (kind < 54) return draw.v6() == draw.chance(97) ? kIcmp6 : kIcmp;
  constexpr uint8_t kOthers[] = {kUdplite, kUdplite, kSctp, kSctp, kSctp, kSctp, kDccp, kDccp, kDccp, kDccp, kDccp,
                                 kDccp,    kEsp,     kEsp,  kAh,   kAh,   kGre,  4,     89,    253,   255};
  return draw.pick(kOthers);
}

uint8_t random_ttl(Draw& draw) {
  return draw.chance(80) ? draw.pick<uint8_t>({64, 64, 63, 128, 255}) : draw.pick(pool::kTtls);
}

uint8_t random_tos(Draw& draw) { return draw.chance(50) ? uint8_t{0} : draw.pick(pool::kTos); }

// The checksum that belongs there, or now and then another.
void seal(Draw& draw, Bytes& transport, const Ends& ends, uint8_t protocol) {
  bool pseudo = false;
  const int place = checksum_place(protocol, draw.family(), pseudo);
  if (place < 0 || transport.size() < static_cast<size_t>(place) + 2) return;
  uint32_t covered = static_cast<uint32_t>(transport.size());
  if (protocol == kUdplite) {
    const uint32_t coverage = load_be16(&transport[4]);
    if (coverage >= 8 && coverage < covered) covered = coverage;
  }
  uint32_t sum = 0;
  if (pseudo) {
    sum = checksum_add(ends.source.view());
    sum = checksum_add(ends.destination.view(), sum);
    sum += protocol + static_cast<uint32_t>(transport.size());
  }
  uint16_t value = checksum_finish(checksum_add({transport.data(), covered}, sum));
  if (protocol == kUdp && value == 0) value = 0xffff;
  if (draw.chance(6)) value = static_cast<uint16_t>(draw.word());
  if (protocol == kUdp && draw.chance(5)) value = 0;
  store_be16(&transport[static_cast<size_t>(place)], value);
}

// IPv4 options that a router passes on as they are.
Bytes random_options4(Draw& draw) {
  Bytes out;
  for (uint32_t i = draw.between(1, 3); i > 0; --i) {
    switch (draw.below(5)) {
      case 0:
        out.insert(out.end(), {0x94, 4, 0, 0});  // router alert
        break;
      case 1:
        out.insert(out.end(), {0x82, 6, 1, 2, 3, 4});  // basic security
        break;
      case 2:
        out.insert(out.end(), {0x1e, 4, 9, 9});  // an experiment, not to be copied into fragments
        break;
      case 3:
        if (draw.chance(50)) out.push_back(0);
        break;
      default:
        out.push_back(1);
        break;
    }
  }
  if (draw.chance(8)) {
    const auto place = static_cast<size_t>(draw.below(static_cast<uint32_t>(out.size() + 1)));
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(place),
               static_cast<uint8_t>(draw.pick({1, 0x94, 0x82, 0x86, 0x83, 0x07, 0x44})));
  }
  while (out.size() % 4 != 0) out.push_back(static_cast<uint8_t>(draw.pick({0, 1})));
  return out;
}

// Another header length. What follows becomes options; those are left out that the kernel would repeat in an ICMP error
// about another option behind them, and even answer along.
void set_header_words(Bytes& packet, uint32_t words) {
  const size_t end = std::min<size_t>(packet.size(), size_t{words} * 4);
  for (size_t at = kIpv4Header; at < end; ++at) {
    constexpr uint8_t kRepeated[] = {0x07, 0x44, 0x83, 0x86, 0x89};
    if (std::ranges::find(kRepeated, packet[at]) != std::end(kRepeated)) return;
  }
  packet[0] = static_cast<uint8_t>(0x40 | words);
}

Bytes ipv4(Draw& draw, const Ends& ends, uint8_t protocol, Bytes transport) {
  const Bytes options = draw.chance(8) ? random_options4(draw) : Bytes{};
  Bytes out(kIpv4Header);
  out.insert(out.end(), options.begin(), options.end());
  const auto header = static_cast<uint32_t>(out.size());
  out.insert(out.end(), transport.begin(), transport.end());
  out[0] = static_cast<uint8_t>(0x40 | header / 4);
  out[1] = random_tos(draw);
  store_be16(&out[2], static_cast<uint16_t>(out.size()));
  store_be16(&out[4], static_cast<uint16_t>(draw.between(1, 65535)));
  uint16_t fragment = draw.chance(40) ? 0x4000 : 0;
  if (ends.passes_by && draw.chance(7))
    fragment = draw.pick<uint16_t>({0x2000, 0x2000, 1, 2, 185, 0x2000 | 185, 0x2001, 0x1fff, 0x8000, 0x4001});
  store_be16(&out[6], fragment);
  out[8] = random_ttl(draw);
  out[9] = protocol;
  std::ranges::copy(ends.source.view(), &out[12]);
  std::ranges::copy(ends.destination.view(), &out[16]);
  if (draw.chance(4)) {  // cut short, and the length field with it
    out.resize(std::min<size_t>(out.size(), header + draw.below(24)));
    store_be16(&out[2], static_cast<uint16_t>(out.size()));
  }
  if (draw.chance(1)) store_be16(&out[2], static_cast<uint16_t>(draw.below(2000)));
  if (draw.chance(1)) set_header_words(out, draw.below(16));
  if (draw.chance(2)) out.resize(out.size() + draw.between(1, 18));  // padding behind the packet
  const size_t summed = std::min<size_t>(std::max<size_t>((out[0] & size_t{0xf}) * 4, kIpv4Header), out.size());
  store_be16(&out[10], checksum({out.data(), summed}));
  if (draw.chance(1)) out[10] ^= 0x55;
  return out;
}

void put_extension(Draw& draw, Bytes& out, uint8_t& kind) {
  const size_t words = draw.below(3);
  switch (kind) {
    case kFragment: {
      const uint16_t offset = draw.pick<uint16_t>({0, 0, 1, 1, 8, 9, 185 * 8, 185 * 8 + 1, 0xfff8});
      out.insert(out.end(), {0, 0, static_cast<uint8_t>(offset >> 8), static_cast<uint8_t>(offset), 0, 0, 0x12, 0x34});
      break;
    }
    case kAh: {
      const size_t start = out.size();
      out.resize(start + 24);
      out[start + 1] = 4;
      store_be32(&out[start + 4], draw.pick(pool::kSpis));
      if (draw.chance(20)) out[start + 3] = 1;
      break;
    }
    case kRouting: {
      const size_t start = out.size();
      out.resize(start + 8 + words * 16);
      out[start + 1] = static_cast<uint8_t>(words * 2);
      out[start + 2] = static_cast<uint8_t>(draw.pick({0, 2, 3, 4, 253}));
      out[start + 3] = static_cast<uint8_t>(draw.below(3));
      break;
    }
    default: {  // options: padding, and one that a router skips
      const size_t start = out.size();
      out.resize(start + 8 + words * 8);
      out[start + 1] = static_cast<uint8_t>(words);
      const size_t room = out.size() - start - 2;
      size_t at = start + 2;
      if (draw.chance(40)) {
        out[at] = static_cast<uint8_t>(draw.pick({0x05, 0x1e, 0x3e, 0x5e, 0x9e, 0xde}));
        out[at + 1] = 2;
        at += 4;
      }
      for (size_t left = room - (at - start - 2); left > 0;) {
        const size_t size = std::min<size_t>(left, 7);
        if (size > 1) {
          out[at] = 1;
          out[at + 1] = static_cast<uint8_t>(size - 2);
        }
        at += size;
        left -= size;
        if (left > 0) {
          const size_t filler = std::min<size_t>(left, 4);
          if (filler == 4) {
            out[at] = 0x1e;
            out[at + 1] = 2;
          }
          at += filler;
          left -= filler;
        }
      }
      break;
    }
  }
}

// A chain of extension headers in front of `transport`; `first` becomes what the IPv6 header names.
Bytes random_extensions(Draw& draw, uint8_t& first, uint8_t protocol) {
  Bytes out;
  if (!draw.chance(25)) {
    first = protocol;
    return out;
  }
  size_t name_at = SIZE_MAX;  // in `out`: the byte that names the next header
  first = protocol;
  for (uint32_t i = draw.between(1, 3); i > 0; --i) {
    constexpr uint8_t kKinds[] = {kHopByHop, kDestinationOptions, kRouting, kFragment, kFragment, kAh};
    uint8_t kind = draw.pick(kKinds);
    if (kind == kHopByHop && name_at != SIZE_MAX && !draw.chance(10)) kind = kDestinationOptions;
    const size_t start = out.size();
    put_extension(draw, out, kind);
    (name_at == SIZE_MAX ? first : out[name_at]) = kind;
    name_at = start;
  }
  out[name_at] = draw.chance(4) ? uint8_t{kNoNextHeader} : protocol;
  return out;
}

Bytes ipv6(Draw& draw, const Ends& ends, uint8_t protocol, Bytes transport) {
  uint8_t first = protocol;
  const Bytes extensions = random_extensions(draw, first, protocol);
  Bytes out(kIpv6Header);
  out.insert(out.end(), extensions.begin(), extensions.end());
  out.insert(out.end(), transport.begin(), transport.end());
  if (draw.chance(4)) out.resize(std::min<size_t>(out.size(), kIpv6Header + draw.below(64)));
  const uint32_t label = draw.chance(80) ? 0 : draw.word() & 0xfffff;
  store_be32(out.data(), 0x60000000u | static_cast<uint32_t>(random_tos(draw)) << 20 | label);
  store_be16(&out[4], static_cast<uint16_t>(out.size() - kIpv6Header));
  if (draw.chance(1)) store_be16(&out[4], static_cast<uint16_t>(draw.below(2000)));
  if (draw.chance(2)) out.resize(out.size() + draw.between(1, 18));
  out[6] = first;
  out[7] = random_ttl(draw);
  std::ranges::copy(ends.source.view(), &out[8]);
  std::ranges::copy(ends.destination.view(), &out[24]);
  return out;
}

Bytes ethernet(Draw& draw) {
  Bytes out(kEthernetHeader);
  std::ranges::copy(kWorldMac, out.begin());
  if (draw.chance(12)) std::fill_n(out.begin(), 6, uint8_t{0xff});
  if (draw.chance(12)) std::ranges::copy(std::array<uint8_t, 6>{0x01, 0x00, 0x5e, 0, 0, 0x01}, out.begin());
  std::ranges::copy(draw.pick(pool::macs()), out.begin() + 6);
  store_be16(&out[12], draw.v6() ? 0x86dd : 0x0800);
  return out;
}

}  // namespace

Input random_packet(Draw& draw) {
  Input input;
  input.interface = static_cast<uint8_t>(draw.below(kWorldInterfaces.size()));
  const Ends ends = random_ends(draw, input.interface);
  const uint8_t protocol = random_protocol(draw);
  Bytes transport = random_transport(draw, protocol);
  seal(draw, transport, ends, protocol);
  const Bytes packet =
      draw.v6() ? ipv6(draw, ends, protocol, std::move(transport)) : ipv4(draw, ends, protocol, std::move(transport));
  if (kWorldInterfaces[input.interface].ethernet) input.frame = ethernet(draw);
  input.frame.insert(input.frame.end(), packet.begin(), packet.end());
  return input;
}

}  // namespace sallyport::kernel
