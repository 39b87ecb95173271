// Packets that are nearly right, and fragments that nearly fit.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "sallyport/address.h"

namespace sallyport::kernel {

using Bytes = std::vector<uint8_t>;

class WireGenerator {
 public:
  WireGenerator(uint64_t seed, Family family) : random_(seed), family_(family) {}

  // One packet: lengths, options, extension headers, addresses and checksums right, or one or two of them not.
  Bytes header_case();
  // The fragments of one or two datagrams in the order in which they are to be sent: as they should be, or shuffled,
  // repeated, overlapping, of odd sizes, with other flags, TOS, options or protocols than the rest.
  std::vector<Bytes> fragment_case();

 private:
  struct Piece;

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  uint8_t byte() { return static_cast<uint8_t>(random_()); }

  Bytes ipv4_header_case();
  Bytes ipv6_header_case();
  void append_options(Bytes& bytes);
  void append_chain(Bytes& bytes);
  std::vector<Piece> pieces_of_one();
  void disturb(std::vector<Piece>& pieces);
  Bytes bytes_of(const Piece& piece);
  Bytes ipv4_bytes(const Piece& piece);
  Bytes ipv6_bytes(const Piece& piece);

  std::mt19937_64 random_;
  Family family_;
  uint32_t identification_ = 0;
};

}  // namespace sallyport::kernel
