// Sightings as text, and their comparison with chance taken out.

#include "kernel/observed.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "sallyport/bytes.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

constexpr size_t kIpv4Header = 20, kIpv6Header = 40, kTcpHeader = 20, kFlagsInTcp = 13, kChecksumInTcp = 16;
constexpr uint8_t kIcmp = 1, kTcp = 6, kRst = 0x04;

std::string_view where_text(Seen::Where where) {
  constexpr std::string_view kTexts[] = {"OUTPUT begin", "INPUT end", "POSTROUTING end", "NFLOG", "left"};
  return kTexts[static_cast<size_t>(where)];
}

bool is_ipv4(const std::vector<uint8_t>& bytes) { return bytes.size() >= kIpv4Header && bytes[0] >> 4 == 4; }

// The kernel numbers the ICMP errors that it makes by chance; ours are numbered 0.
void forget_identification(Seen& kernel, Seen& ours) {
  if (!is_ipv4(kernel.bytes) || !is_ipv4(ours.bytes) || ours.bytes[9] != kIcmp || load_be16(&ours.bytes[4]) != 0) {
    return;
  }
  const size_t header = (kernel.bytes[0] & size_t{0xf}) * 4;
  if (header < kIpv4Header || header > kernel.bytes.size() || checksum({kernel.bytes.data(), header}) != 0) return;
  store_be16(&kernel.bytes[4], 0);
  store_be16(&kernel.bytes[10], 0);
  store_be16(&kernel.bytes[10], checksum({kernel.bytes.data(), header}));
}

// Where the identification of a piece of an IPv6 datagram stands, behind whatever other extension headers; 0: nowhere.
size_t fragment_identification_at(const Seen& seen) {
  constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestinationOptions = 60;
  if (seen.where != Seen::Where::Left || seen.bytes.empty() || seen.bytes[0] >> 4 != 6) return 0;
  size_t next = 6, at = 40;
  while (at + 8 <= seen.bytes.size()) {
    const uint8_t type = seen.bytes[next];
    if (type == kFragment) return at + 4;
    if (type != kHopByHop && type != kRouting && type != kDestinationOptions) return 0;
    next = at;
    at += (size_t{seen.bytes[at + 1]} + 1) * 8;
  }
  return 0;
}

// The kernel numbers the IPv6 datagrams that it cuts by chance; ours are counted from 1.
void forget_fragment_identification(Seen& kernel, const Seen& ours) {
  const size_t at = fragment_identification_at(ours);
  if (at == 0 || at != fragment_identification_at(kernel)) return;
  const uint32_t number = load_be32(&ours.bytes[at]);
  if (number <= UINT16_MAX) store_be32(&kernel.bytes[at], number);
}

// Of what is quoted, or logged, the end may be missing.
bool begins_bare_reset(std::span<const uint8_t> bytes) {
  if (bytes.size() < kIpv4Header) return false;
  const bool v4 = bytes[0] >> 4 == 4;
  const size_t tcp = v4 ? kIpv4Header : kIpv6Header;
  const size_t length = v4 ? load_be16(&bytes[2]) : kIpv6Header + load_be16(&bytes[4]);
  if (length != tcp + kTcpHeader || bytes[v4 ? 9 : 6] != kTcp) return false;
  return bytes.size() <= tcp + kFlagsInTcp || (bytes[tcp + kFlagsInTcp] & kRst) != 0;
}

void forget_tcp_checksum(std::span<uint8_t> bytes) {
  const size_t at = (bytes[0] >> 4 == 4 ? kIpv4Header : kIpv6Header) + kChecksumInTcp;
  for (size_t i = at; i < std::min(at + 2, bytes.size()); ++i) bytes[i] = 0;
}

// Inside the kernel a reset that it made has no whole checksum yet: the device fills it in. An ICMP error about it,
// from a rule at OUTPUT, quotes it as it is.
void forget_unfinished_checksum(Seen& seen) {
  constexpr size_t kIcmpHeader = 8;
  std::span<uint8_t> bytes = seen.bytes;
  if (seen.where != Seen::Where::Left && begins_bare_reset(bytes)) forget_tcp_checksum(bytes);
  const size_t icmp = is_ipv4(seen.bytes) ? kIpv4Header : kIpv6Header;
  if (bytes.size() <= icmp + kIcmpHeader || !begins_bare_reset(bytes.subspan(icmp + kIcmpHeader))) return;
  store_be16(&bytes[icmp + 2], 0);
  forget_tcp_checksum(bytes.subspan(icmp + kIcmpHeader));
}

std::string hex(const std::vector<uint8_t>& bytes) {
  constexpr size_t kMost = 96;
  std::string out = fmt::format("{} bytes ", bytes.size());
  for (size_t i = 0; i < std::min(bytes.size(), kMost); ++i) out += fmt::format("{:02x}", bytes[i]);
  return bytes.size() > kMost ? out + "..." : out;
}

// Some bytes before and behind a place, for a payload that is text.
std::string printable(const std::vector<uint8_t>& bytes, size_t at) {
  constexpr size_t kBefore = 24, kBehind = 40;
  std::string out;
  for (size_t i = at - std::min(at, kBefore); i < std::min(bytes.size(), at + kBehind); ++i) {
    const bool plain = bytes[i] >= ' ' && bytes[i] < 0x7f;
    out += plain ? std::string(1, static_cast<char>(bytes[i])) : fmt::format("\\x{:02x}", bytes[i]);
  }
  return out;
}

std::string line_of(const Seen& seen) {
  std::string out = fmt::format("  {}", where_text(seen.where));
  if (!seen.in.empty()) out += " in " + seen.in;
  if (!seen.out.empty()) out += " out " + seen.out;
  if (seen.mark != 0) out += fmt::format(" mark {:#x}", seen.mark);
  if (seen.where == Seen::Where::Logged) out += fmt::format(" group {} prefix \"{}\"", seen.group, seen.prefix);
  return out + " " + hex(seen.bytes) + "\n";
}

void take_chance_out(std::vector<Seen>& kernel, std::vector<Seen>& ours) {
  for (size_t i = 0; i < std::min(kernel.size(), ours.size()); ++i) {
    forget_identification(kernel[i], ours[i]);
    forget_fragment_identification(kernel[i], ours[i]);
    forget_unfinished_checksum(kernel[i]);
    forget_unfinished_checksum(ours[i]);
  }
}

}  // namespace

std::string text_of(const Observed& observed) {
  std::string out;
  for (const Seen& seen : observed.journal) out += line_of(seen);
  for (const Seen& seen : observed.left) out += line_of(seen);
  return out.empty() ? "  nothing\n" : out;
}

std::string difference(Observed kernel, Observed ours) {
  if (kernel.journal.size() == ours.journal.size()) take_chance_out(kernel.journal, ours.journal);
  if (kernel.left.size() == ours.left.size()) take_chance_out(kernel.left, ours.left);
  if (kernel.journal == ours.journal && kernel.left == ours.left) return {};
  std::string out = "kernel:\n" + text_of(kernel) + "ours:\n" + text_of(ours);
  const auto first_byte = [&](const std::vector<Seen>& a, const std::vector<Seen>& b) {
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (a[i] == b[i]) continue;
      const auto [x, y] = std::ranges::mismatch(a[i].bytes, b[i].bytes);
      if (x == a[i].bytes.end() && y == b[i].bytes.end()) continue;
      const auto at = static_cast<size_t>(x - a[i].bytes.begin());
      out += fmt::format("first differing byte of sighting {}: {}\n  kernel ...{}\n  ours   ...{}\n", i + 1, at,
                         printable(a[i].bytes, at), printable(b[i].bytes, at));
      return;
    }
  };
  first_byte(kernel.journal, ours.journal);
  first_byte(kernel.left, ours.left);
  return out;
}

}  // namespace sallyport::kernel
