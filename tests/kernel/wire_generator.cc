// The generator of wire_lockstep. From 10.1.0.0/16 or 2001:db8:1::/64 to what lies behind tb.

#include "kernel/wire_generator.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "sallyport/packet.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

constexpr uint32_t kSource4 = 0x0a010005, kDestination4 = 0x0a020007;

template <size_t N>
void append(Bytes& bytes, const std::array<uint8_t, N>& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void append_zeros(Bytes& bytes, size_t count) { bytes.resize(bytes.size() + count); }

void sum_header(Bytes& bytes) {
  const size_t header = std::min<size_t>((bytes[0] & 15) * 4u, bytes.size());
  store_be16(&bytes[10], 0);
  store_be16(&bytes[10], checksum({bytes.data(), header}));
}

Bytes ipv4_start(uint32_t header) {
  Bytes bytes(header, 1);  // options that do nothing
  bytes[0] = static_cast<uint8_t>(0x40 | header / 4);
  bytes[1] = 0;
  store_be32(&bytes[4], 0);
  bytes[8] = 64;
  bytes[9] = kUdp;
  store_be32(&bytes[12], kSource4);
  store_be32(&bytes[16], kDestination4);
  return bytes;
}

Bytes ipv6_start() {
  constexpr std::array<uint8_t, 40> kStart = {0x60, 0, 0, 0, 0, 0, 17, 64, 0x20, 1, 0x0d, 0xb8, 0,    1,
                                              0,    0, 0, 0, 0, 0, 0,  0,  0,    5, 0x20, 1,    0x0d, 0xb8,
                                              0,    2, 0, 0, 0, 0, 0,  0,  0,    0, 0,    7};
  return {kStart.begin(), kStart.end()};
}

}  // namespace

Bytes WireGenerator::header_case() { return family_ == Family::Ipv4 ? ipv4_header_case() : ipv6_header_case(); }

Bytes WireGenerator::ipv4_header_case() {
  Bytes bytes = ipv4_start(chance(70) ? 20 : 20 + 4 * below(11));
  const uint32_t payload = below(60);
  for (uint32_t i = 0; i < payload; ++i) bytes.push_back(byte());
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size()));
  store_be16(&bytes[4], static_cast<uint16_t>(random_()));
  for (int mistakes = chance(40) ? 0 : 1 + chance(30); mistakes > 0; --mistakes) {
    switch (below(7)) {
      case 0:
        bytes[0] = static_cast<uint8_t>((chance(80) ? 0x40 : byte() & 0xf0) | below(16));
        if (bytes[0] >> 4 != 4) bytes[0] = 0x65;  // the device itself refuses other versions
        break;
      case 1:
        store_be16(&bytes[2], static_cast<uint16_t>(bytes.size() + below(9) - 4));
        break;
      case 2:
        store_be16(&bytes[2], static_cast<uint16_t>(below(70)));
        break;
      case 3:
        bytes.resize(1 + below(static_cast<uint32_t>(bytes.size())));
        break;
      case 4:
        append_zeros(bytes, below(20));
        break;
      case 5:
        if (bytes.size() > 8) store_be16(&bytes[6], static_cast<uint16_t>(random_()));
        break;
      default:
        if (bytes.size() > 9) bytes[8 + below(2)] = byte();
        break;
    }
    if (bytes.size() < 20) return bytes;
  }
  sum_header(bytes);
  if (chance(5)) bytes[10 + below(2)] ^= static_cast<uint8_t>(1u << below(8));
  return bytes;
}

// Hop-by-hop options, most of them right.
void WireGenerator::append_options(Bytes& bytes) {
  const size_t begin = bytes.size();
  append(bytes, std::array<uint8_t, 2>{kUdp, 0});
  for (uint32_t count = below(12); count > 0; --count) {
    switch (below(9)) {
      case 0:
        append_zeros(bytes, 1 + below(9));
        break;
      case 1: {
        const uint8_t size = static_cast<uint8_t>(below(7));
        append(bytes, std::array<uint8_t, 2>{1, size});
        append_zeros(bytes, size);
        if (size != 0 && chance(5)) bytes.back() = 1;
        break;
      }
      case 2:
        append(bytes, std::array<uint8_t, 4>{5, static_cast<uint8_t>(chance(90) ? 2 : 3), 0, 0});
        break;
      case 3:
        append(bytes, std::array<uint8_t, 6>{0xc2, 4, 0, static_cast<uint8_t>(below(3)), 1, 2});
        break;
      case 4:
        append(bytes, std::array<uint8_t, 4>{0x31, 2, 0, 0});
        break;
      case 5:
        append(bytes, std::array<uint8_t, 2>{static_cast<uint8_t>(chance(80) ? byte() & 0x3f : byte()), 0});
        break;
      default: {
        const uint8_t size = static_cast<uint8_t>(below(6));
        append(bytes, std::array<uint8_t, 2>{0x1e, size});
        append_zeros(bytes, size);
        break;
      }
    }
  }
  while ((bytes.size() - begin) % 8 != 0) bytes.push_back(0);
  bytes[begin + 1] = static_cast<uint8_t>((bytes.size() - begin) / 8 - 1 + (chance(4) ? below(3) : 0));
}

// Further extension headers, the first of which is announced by the last byte written as a next header.
void WireGenerator::append_chain(Bytes& bytes) {
  constexpr uint8_t kTypes[] = {kDestinationOptions, kRouting, kAh, kFragment, kHopByHop, kNoNextHeader};
  size_t announced = bytes.size() > 40 ? 40 : 6;
  for (uint32_t count = below(4); count > 0; --count) {
    const uint8_t type = kTypes[below(std::size(kTypes))];
    bytes[announced] = type;
    announced = bytes.size();
    append(bytes, std::array<uint8_t, 8>{kUdp,
                                         static_cast<uint8_t>(type == kAh  ? 0
                                                              : chance(90) ? 0
                                                                           : below(4)),
                                         1, 4});
    if (type == kFragment) store_be16(&bytes[announced + 2], static_cast<uint16_t>(chance(50) ? below(20) : random_()));
  }
}

Bytes WireGenerator::ipv6_header_case() {
  Bytes bytes = ipv6_start();
  if (chance(50)) {
    bytes[6] = kHopByHop;
    append_options(bytes);
  }
  if (chance(40)) append_chain(bytes);
  const uint32_t payload = below(40);
  for (uint32_t i = 0; i < payload; ++i) bytes.push_back(byte());
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  for (int mistakes = chance(50) ? 0 : 1 + chance(30); mistakes > 0; --mistakes) {
    switch (below(7)) {
      case 0:
        store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40 + below(9) - 4));
        break;
      case 1:
        store_be16(&bytes[4], 0);
        break;
      case 2: {
        constexpr uint8_t kFirst[] = {0xff, 0x00, 0xfe};
        const uint32_t at = chance(50) ? 8 : 24;
        bytes[at] = kFirst[below(3)];
        bytes[at + 1] = byte();
        break;
      }
      case 3: {
        const auto at = bytes.begin() + (chance(50) ? 8 : 24);
        std::fill_n(at, 16, uint8_t{0});
        at[15] = static_cast<uint8_t>(below(3));
        if (chance(30)) at[10] = at[11] = 0xff;
        break;
      }
      case 4:
        bytes.resize(1 + below(static_cast<uint32_t>(bytes.size())));
        break;
      case 5:
        append_zeros(bytes, below(20));
        break;
      default:
        bytes[7] = byte();
        break;
    }
    if (bytes.size() < 40) return bytes;
  }
  return bytes;
}

struct WireGenerator::Piece {
  uint32_t identification = 0;
  uint32_t offset = 0;
  uint32_t size = 0;
  bool more = false;
  bool dont_fragment = false;
  uint8_t tos = 0;
  uint8_t protocol = kUdp;
  uint8_t extras = 0;  // IPv4: words of options; IPv6: headers in front
};

std::vector<WireGenerator::Piece> WireGenerator::pieces_of_one() {
  Piece piece{.identification = ++identification_};
  piece.tos = static_cast<uint8_t>(chance(70) ? 0 : below(4));
  piece.dont_fragment = chance(20);
  piece.extras = static_cast<uint8_t>(chance(80) ? 0 : below(5));
  const uint32_t total = chance(90) ? 16 + below(4000) : 3000 + below(62000);
  const uint32_t most = chance(80) ? 1400 : 2000;
  std::vector<Piece> pieces;
  for (uint32_t offset = 0; offset < total && pieces.size() < 60;) {
    piece.offset = offset;
    piece.size = 8 * (1 + below(chance(10) ? 3 : (total > 10000 ? 4 * most : most) / 8));
    piece.more = offset + piece.size < total;
    if (!piece.more) piece.size = total - offset;
    pieces.push_back(piece);
    offset += piece.size;
  }
  return pieces;
}

void WireGenerator::disturb(std::vector<Piece>& pieces) {
  const size_t at = below(static_cast<uint32_t>(pieces.size()));
  Piece changed = pieces[at];
  switch (below(13)) {
    case 0:
      pieces.push_back(changed);
      break;
    case 1:
      changed.offset = (changed.offset + 8 * below(20)) & 0xfff8;
      pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(below(static_cast<uint32_t>(pieces.size()))), changed);
      break;
    case 2:
      changed.offset -= std::min(changed.offset, 8 * below(20));
      pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(below(static_cast<uint32_t>(pieces.size()))), changed);
      break;
    case 3:
      pieces[at].more = !pieces[at].more;
      break;
    case 4:
      pieces[at].size += below(8);
      break;
    case 5:
      pieces[at].size -= std::min(pieces[at].size, below(9));
      break;
    case 6:
      pieces[at].tos = byte();
      break;
    case 7:
      pieces[at].dont_fragment = !pieces[at].dont_fragment;
      break;
    case 8:
      pieces[at].extras = static_cast<uint8_t>(below(5));
      break;
    case 9:
      pieces[at].protocol = static_cast<uint8_t>(chance(50) ? kTcp : kGre);
      break;
    case 10:
      pieces[at].size = 8 * below(3);
      break;
    case 11:
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    default:
      changed.size = 8 * (1 + below(8));
      changed.offset = (8 * below(600)) & 0xfff8;
      pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(at), changed);
      break;
  }
}

std::vector<Bytes> WireGenerator::fragment_case() {
  std::vector<Piece> pieces = pieces_of_one();
  if (chance(10)) {
    const std::vector<Piece> others = pieces_of_one();
    pieces.insert(pieces.end(), others.begin(), others.end());
  }
  for (uint32_t count = chance(40) ? 0 : 1 + below(3); count > 0 && !pieces.empty(); --count) disturb(pieces);
  if (chance(50)) std::shuffle(pieces.begin(), pieces.end(), random_);
  if (chance(2) && pieces.size() > 1) {  // about as many others in between as the kernel bears
    const Piece first{.identification = ++identification_, .size = 16, .more = true};
    std::vector<Piece> others(60 + below(10), first);
    for (Piece& other : others) other.identification = ++identification_;
    pieces.insert(pieces.begin() + 1, others.begin(), others.end());
  }
  std::vector<Bytes> all;
  for (const Piece& piece : pieces) all.push_back(bytes_of(piece));
  return all;
}

Bytes WireGenerator::bytes_of(const Piece& piece) {
  return family_ == Family::Ipv4 ? ipv4_bytes(piece) : ipv6_bytes(piece);
}

Bytes WireGenerator::ipv4_bytes(const Piece& piece) {
  Bytes bytes = ipv4_start(20 + 4u * piece.extras);
  if (piece.extras > 1) bytes[20] = piece.extras == 2 ? 0x9e : 0x1e, bytes[21] = 4;  // copied to all pieces, or not
  bytes[1] = piece.tos;
  bytes[9] = piece.protocol;
  store_be16(&bytes[4], static_cast<uint16_t>(piece.identification));
  store_be16(&bytes[6],
             static_cast<uint16_t>(piece.offset / 8 | (piece.more ? 0x2000 : 0) | (piece.dont_fragment ? 0x4000 : 0)));
  for (uint32_t i = 0; i < piece.size; ++i) bytes.push_back(static_cast<uint8_t>((piece.offset + i) * 7));
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size()));
  sum_header(bytes);
  return bytes;
}

Bytes WireGenerator::ipv6_bytes(const Piece& piece) {
  Bytes bytes = ipv6_start();
  bytes[0] = static_cast<uint8_t>(0x60 | piece.tos >> 4);
  bytes[1] = static_cast<uint8_t>(piece.tos << 4);
  bytes[6] = kFragment;
  size_t announced = 6;
  const auto put_in_front = [&](uint8_t type, uint8_t option) {
    bytes[announced] = type;
    announced = bytes.size();
    append(bytes, std::array<uint8_t, 8>{kFragment, 0, option, static_cast<uint8_t>(option * 4)});
  };
  if (piece.extras == 1) put_in_front(kHopByHop, 1);
  if (piece.extras == 2) put_in_front(kDestinationOptions, 1);
  if (piece.extras >= 3) put_in_front(kRouting, 0);
  if (piece.extras == 4) put_in_front(kDestinationOptions, 1);
  append(bytes, std::array<uint8_t, 8>{piece.protocol});
  store_be16(&bytes[bytes.size() - 6], static_cast<uint16_t>(piece.offset | (piece.more ? 1 : 0)));
  store_be32(&bytes[bytes.size() - 4], piece.identification);
  for (uint32_t i = 0; i < piece.size; ++i) bytes.push_back(static_cast<uint8_t>((piece.offset + i) * 7));
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  return bytes;
}

}  // namespace sallyport::kernel
