// String rules and their packets.
//
// A case draws its patterns first: some by chance, some prefixes, extensions or other spellings of those before. Rules
// look for them, packets carry them at places of which rules know, too, so that --from and --to are met at their edges.

#include "kernel/generator_strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "content/letter_case.h"
#include "kernel/world.h"
#include "sallyport/bytes.h"
#include "sallyport/packet.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

using Bytes = std::vector<uint8_t>;

// iptables takes one byte more, but not as a hexadecimal block.
constexpr size_t kLongestPattern = 127;
constexpr size_t kIpv4Header = 20, kIpv6Header = 40, kUdpHeader = 8;
// The largest packet that a TUN device keeps in one piece of memory is a little above.
constexpr uint32_t kLargestInOnePiece = 3500;

std::string hex_of(const Bytes& bytes) {
  std::string out = "|";
  for (const uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out + "|";
}

class StringCase {
 public:
  explicit StringCase(Draw& draw) : draw_(draw) {
    fragments_ = draw.chance(50);
    only_kmp_ = draw.chance(15);
    alphabet_ = draw.pick<std::string_view>({"ab", "abcdefgh", "aAbB", "a\xdf\xbf\xff", "\xe4\xc4zZ\xf7\xd7", ""});
    for (uint32_t i = draw.between(1, 30); i > 0; --i) patterns_.push_back(pattern());
  }

  std::string rules() {
    std::string out = "*mangle\n:u - [0:0]\n:v - [0:0]\n";
    if (fragments_) out += "-A PREROUTING -m state --state INVALID\n";
    for (uint32_t i = draw_.pick({1u, 2u, 5u, 20u, 50u}); i > 0; --i) out += rule();
    out += "COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    for (uint32_t i = draw_.below(4); i > 0; --i) out += "-A FORWARD" + condition() + "\n";
    return out + "COMMIT\n";
  }

  void add_packets(std::vector<Input>& packets) {
    const uint32_t kind = draw_.below(100);
    if (kind < 30) {
      add_fragments(packets);
    } else if (kind < 33 && only_kmp_ && !draw_.v6()) {
      add(packets, whole(draw_.between(kLargestInOnePiece, 20000)));
    } else {
      add(packets, whole(draw_.chance(30) ? draw_.below(64) : draw_.below(1400)));
    }
  }

 private:
  uint8_t letter() {
    if (alphabet_.empty() || draw_.chance(2)) return static_cast<uint8_t>(draw_.word());
    return static_cast<uint8_t>(alphabet_[draw_.below(static_cast<uint32_t>(alphabet_.size()))]);
  }

  Bytes letters(size_t count) {
    Bytes out(count);
    for (uint8_t& byte : out) byte = letter();
    return out;
  }

  Bytes respelled(Bytes bytes) {
    for (uint8_t& byte : bytes) {
      if (draw_.chance(40)) byte = draw_.chance(50) ? kUpperCase[byte] : lower_case(byte);
    }
    return bytes;
  }

  Bytes pattern() {
    const uint32_t kind = draw_.below(100);
    if (kind < 40 && !patterns_.empty()) {
      Bytes known = draw_.pick(std::span<const Bytes>(patterns_));
      if (kind < 12) return respelled(known);
      if (kind < 26) known.resize(draw_.between(1, static_cast<uint32_t>(known.size())));
      if (kind >= 26) {
        const Bytes more = letters(draw_.between(1, 9));
        known.insert(known.end(), more.begin(), more.end());
        known.resize(std::min(known.size(), kLongestPattern));
      }
      return known;
    }
    if (kind < 55) {
      constexpr std::string_view kWords[] = {"GET /", "/cgi-bin/phf", "HTTP/1.1\r\n", "Host: ", "a\"b\\c", "aaaa"};
      const std::string_view word = draw_.pick(kWords);
      return {word.begin(), word.end()};
    }
    if (kind < 58) return letters(draw_.between(100, kLongestPattern));
    return letters(draw_.between(1, draw_.pick({3u, 6u, 20u})));
  }

  // Where patterns like to lie: around the headers' ends, and here and there.
  uint32_t place() {
    const uint32_t header = draw_.v6() ? kIpv6Header : kIpv4Header;
    return draw_.pick({0u, 1u, header - 1, header, header + 8, header + 9, header + 20, 100u, 127u, 128u, 500u, 1000u});
  }

  std::string window(uint32_t size) {
    std::string out;
    const uint32_t at = place();
    uint32_t from = 0;
    if (draw_.chance(60)) {
      from = at + draw_.below(3);
      if (from > 0) --from;
      out += fmt::format(" --from {}", from);
    }
    if (draw_.chance(70)) {
      const uint32_t to = std::max(from, at + size + draw_.below(5));
      out += fmt::format(" --to {}", std::max(from, to - std::min(to, draw_.pick({0u, 1u, 2u, 3u, size}))));
    }
    return out;
  }

  std::string condition() {
    const Bytes pattern = draw_.pick(std::span<const Bytes>(patterns_));
    std::string out = fmt::format(" -m string {}--hex-string {} --algo {}", draw_.maybe_not(), hex_of(pattern),
                                  only_kmp_ || draw_.chance(50) ? "kmp" : "bm");
    if (draw_.chance(35)) out += " --icase";
    if (draw_.chance(50)) out += window(static_cast<uint32_t>(pattern.size()));
    return out;
  }

  // What may stand before a pattern and only reads.
  std::string beginning() {
    const uint16_t port = draw_.pick(pool::kPorts);
    switch (draw_.below(10)) {
      case 0:
        return fmt::format(" -p udp -m udp {}--dport {}", draw_.maybe_not(), port);
      case 1:
        return fmt::format(" -p udp -m udp --sport {}: -m comment --comment c", port);
      case 2:
        return fmt::format(" -p udp -m multiport {}--ports {}", draw_.maybe_not(), port);
      case 3:
        return " -p tcp -m tcp --dport 80";
      default:
        return "";
    }
  }

  std::string rule() {
    constexpr std::string_view kChains[] = {"PREROUTING", "FORWARD", "FORWARD", "FORWARD", "POSTROUTING", "u", "v"};
    const std::string_view chain = draw_.pick(kChains);
    std::string out = fmt::format("-A {}{}{}", chain, beginning(), condition());
    if (draw_.chance(15)) out += condition();
    const uint32_t kind = draw_.below(100);
    if (kind < 20) return out + "\n";
    if (kind < 28 && chain != "u" && chain != "v") return out + " -j u\n";
    if (kind < 34 && chain != "v") return out + " -g v\n";
    if (kind < 37) return out + " -j RETURN\n";
    if (kind < 39) return out + " -j DROP\n";
    const uint32_t bit = 1u << draw_.between(8, 31);
    return out + fmt::format(" -j MARK --set-xmark {:#x}/0\n", bit);
  }

  Bytes payload(uint32_t size) {
    Bytes out = draw_.chance(20) ? Bytes(size, letter()) : letters(size);
    const uint32_t header = (draw_.v6() ? kIpv6Header : kIpv4Header) + kUdpHeader;
    for (uint32_t i = draw_.below(6); i > 0 && size > 0; --i) {
      Bytes planted = draw_.pick(std::span<const Bytes>(patterns_));
      if (draw_.chance(30)) planted = respelled(std::move(planted));
      const uint32_t known = place();
      uint32_t at = draw_.chance(50) && known >= header ? known - header : draw_.below(size);
      if (draw_.chance(15)) at = size - std::min(size, static_cast<uint32_t>(planted.size()));
      for (size_t j = 0; j < planted.size() && at + j < size; ++j) out[at + j] = planted[j];
    }
    return out;
  }

  // UDP in an IP packet without its header: the transport part.
  struct Datagram {
    uint8_t interface = 0;
    IpAddress source = {};
    IpAddress destination = {};
    uint16_t identification = 0;
    Bytes transport = {};
  };

  Datagram whole(uint32_t payload_size) {
    Datagram out;
    out.interface = static_cast<uint8_t>(draw_.below(2));
    out.source = draw_.pick(pool::hosts(draw_.family(), out.interface));
    out.destination = draw_.pick(pool::hosts(draw_.family(), 1u - out.interface));
    out.identification = ++identification_;
    out.transport.resize(kUdpHeader);
    const Bytes data = payload(payload_size);
    out.transport.insert(out.transport.end(), data.begin(), data.end());
    store_be16(&out.transport[0], draw_.pick(pool::kPorts));
    store_be16(&out.transport[2], draw_.pick(pool::kPorts));
    store_be16(&out.transport[4], static_cast<uint16_t>(out.transport.size()));
    uint32_t sum = checksum_add(out.source.view());
    sum = checksum_add(out.destination.view(), sum) + kUdp + static_cast<uint32_t>(out.transport.size());
    const uint16_t value = checksum_finish(checksum_add(out.transport, sum));
    store_be16(&out.transport[6], value == 0 ? uint16_t{0xffff} : value);
    return out;
  }

  static Bytes ipv4(const Datagram& datagram, std::span<const uint8_t> part, uint16_t fragment) {
    Bytes out(kIpv4Header);
    out[0] = 0x45;
    store_be16(&out[2], static_cast<uint16_t>(kIpv4Header + part.size()));
    store_be16(&out[4], datagram.identification);
    store_be16(&out[6], fragment);
    out[8] = 64;
    out[9] = kUdp;
    std::ranges::copy(datagram.source.view(), &out[12]);
    std::ranges::copy(datagram.destination.view(), &out[16]);
    store_be16(&out[10], checksum(out));
    out.insert(out.end(), part.begin(), part.end());
    return out;
  }

  // `fragment` as in the extension header; `cut`: it has one.
  static Bytes ipv6(const Datagram& datagram, std::span<const uint8_t> part, bool cut, uint16_t fragment) {
    constexpr size_t kHeader = 8;
    Bytes out(kIpv6Header);
    out[0] = 0x60;
    store_be16(&out[4], static_cast<uint16_t>(part.size() + (cut ? kHeader : 0)));
    out[6] = cut ? uint8_t{kFragment} : uint8_t{kUdp};
    out[7] = 64;
    std::ranges::copy(datagram.source.view(), &out[8]);
    std::ranges::copy(datagram.destination.view(), &out[24]);
    if (cut) {
      out.resize(kIpv6Header + kHeader);
      out[kIpv6Header] = kUdp;
      store_be16(&out[kIpv6Header + 2], fragment);
      store_be16(&out[kIpv6Header + 6], datagram.identification);
    }
    out.insert(out.end(), part.begin(), part.end());
    return out;
  }

  void add(std::vector<Input>& packets, const Datagram& datagram) {
    packets.push_back({datagram.interface, draw_.v6() ? ipv6(datagram, datagram.transport, false, 0)
                                                      : ipv4(datagram, datagram.transport, 0)});
  }

  // In order or shuffled. All of them: what waits for a missing one would wait for those of the next case, too.
  void add_fragments(std::vector<Input>& packets) {
    const Datagram datagram = whole(draw_.between(20, draw_.pick({200u, 2000u, 6000u})));
    const size_t size = datagram.transport.size();
    std::vector<Input> pieces;
    for (size_t at = 0; at < size;) {
      const size_t wanted = draw_.pick<size_t>({8, 16, 64, 512, 1448}) * (size > 4000 ? 2 : 1);
      const size_t count = std::min<size_t>(std::min<size_t>(wanted, 1448), size - at);
      const bool more = at + count < size;
      const auto part = std::span(datagram.transport).subspan(at, count);
      const auto word = static_cast<uint16_t>(draw_.v6() ? at | (more ? 1 : 0) : at / 8 | (more ? 0x2000 : 0));
      pieces.push_back(
          {datagram.interface, draw_.v6() ? ipv6(datagram, part, true, word) : ipv4(datagram, part, word)});
      at += count;
    }
    if (draw_.chance(30)) {
      for (size_t i = pieces.size(); i > 1; --i)
        std::swap(pieces[i - 1], pieces[draw_.below(static_cast<uint32_t>(i))]);
    }
    packets.insert(packets.end(), pieces.begin(), pieces.end());
  }

  Draw& draw_;
  bool fragments_ = false;  // joined before rules see them
  bool only_kmp_ = false;
  std::string_view alphabet_;
  std::vector<Bytes> patterns_;
  uint16_t identification_ = 0;
};

}  // namespace

Case random_string_case(Draw& draw, size_t packets) {
  StringCase maker(draw);
  Case test = {draw.family(), maker.rules(), {}};
  while (test.packets.size() < packets) maker.add_packets(test.packets);
  return test;
}

}  // namespace sallyport::kernel
