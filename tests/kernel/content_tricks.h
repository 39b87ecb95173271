// Ways to send a request so that who looks at packets one by one, or puts them together otherwise than the server, does
// not see what the server sees.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::kernel {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kPattern = "/cgi-bin/phf";
// Packets with less do not reach the server.
constexpr uint8_t kLowestTtl = 5;

namespace TcpFlags {
constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;
}

// The client's TCP: builds segments by hand.
struct Client {
  explicit Client(uint16_t its_port) : port(its_port), sequence(0xfffff000u + its_port) {}

  uint16_t port;
  uint32_t sequence;             // of the request's first byte
  uint32_t server_sequence = 0;  // of the next byte awaited from the server
  uint32_t acknowledged = 0;     // bytes of the request, by the server's last packet

  struct Odd {
    uint8_t ttl = 64;
    bool wrong_checksum = false;
    uint32_t acknowledge_ahead = 0;
  };
  // An IPv4 packet; `offset` counts from the request's first byte.
  Bytes segment(uint8_t flags, int64_t offset, std::string_view text, const Odd& odd) const;
  Bytes segment(uint8_t flags, int64_t offset, std::string_view text) const { return segment(flags, offset, text, {}); }
};

struct Trick {
  std::string name;
  std::function<std::vector<Bytes>(const Client&)> packets;
};

// Those known by name, and `random` more with overlaps by chance.
std::vector<Trick> all_tricks(uint64_t seed, size_t random);

}  // namespace sallyport::kernel
