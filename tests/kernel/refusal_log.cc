// The kernel's lines under nf_conntrack_log_invalid, and the engine's events of the same packets.
//
// Each reason of ours has the beginning of the line that the kernel writes for it, numbers included, or none where the
// kernel is silent. So a packet's lines must be exactly those that our reason says.

#include "kernel/refusal_log.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <fstream>

#include "conntrack/record_words.h"
#include "conntrack/tcp_segment.h"

namespace sallyport::kernel {
namespace {

using enum RefusalReason;

// ICMPv6's, and what goes before its options.
constexpr uint8_t kRedirect = 137;
constexpr uint32_t kRedirectHeader = 40;

constexpr std::string_view kPrefix = "nf_ct_proto_";

RefusalReason reason_of(std::string_view name) {
  for (size_t i = 0; i < kRefusalReasons; ++i) {
    if (reason_name(static_cast<RefusalReason>(i)) == name) return static_cast<RefusalReason>(i);
  }
  return None;
}

// What the kernel writes behind its prefix; empty: it is silent.
std::string expected_line(const ToldRefusal& told) {
  switch (reason_of(told.reason)) {
    case TcpTruncated:
      return "truncated packet";
    case TcpNoBeginning:
      return "invalid new";
    case TcpChallengeAck:
      return "challenge-ack ignored";
    case TcpChecksum:
    case UdpChecksum:
      return "bad checksum";
    case TcpFlags:
      return "invalid tcp flag combination";
    case TcpInvalidState:
      return fmt::format("packet (index {}) in dir {} invalid, state {} ", told.tcp_kind, told.direction, told.state);
    case TcpIgnored:
      return fmt::format("packet (index {}) in dir {} ignored, state {} ", told.tcp_kind, told.direction, told.state);
    case TcpRst:
      return "invalid rst";
    case TcpSeqOver:
      return fmt::format("SEQ is over upper bound {} ", told.bound);
    case TcpOvershot:
      return fmt::format("{} bytes more than expected", told.found);
    case TcpSeqUnder:
      return fmt::format("SEQ is under lower bound {} ", told.bound);
    case TcpAckOver:
      return fmt::format("ACK is over upper bound {} ", told.bound);
    case TcpAckUnder:
      return fmt::format("ignored ACK under lower bound {} ", told.bound);
    case UdpShort:
      return "short packet";
    case UdpTruncated:
      return "truncated/malformed packet";
    case UdpliteCoverage:
      return "invalid checksum coverage";
    case UdpliteNoChecksum:
      return "checksum missing";
    case SctpShort:
      return "nf_ct_sctp: short packet";
    case SctpChecksum:
      return "nf_ct_sctp: bad CRC";
    case SctpChunks:
      // Numbers are printed as the machine reads them, most significant byte last.
      return fmt::format("do_basic_checks failed. chunk num {}, type {}, len {} ", told.chunk_number, told.chunk,
                         std::byteswap(static_cast<uint16_t>(told.found)));
    case SctpTag:
      return fmt::format("verification tag check failed {:x} vs {:x} for dir {}",
                         std::byteswap(static_cast<uint32_t>(told.found)),
                         std::byteswap(static_cast<uint32_t>(told.bound)), told.direction);
    case SctpInvalidState:
      return fmt::format("Invalid, old_state {}, dir {}, type {}",
                         number_of_state(kSctp, listed_state(kSctp, told.state)), told.direction, told.chunk);
    case IcmpShort:
      return told.icmp_redirect ? "short redirect" : "short packet";
    case IcmpChecksum:
      return told.v6 ? "ICMPv6 checksum failed" : "bad hw icmp checksum";
    case IcmpUnknownType:
      return "invalid icmp type";
    case IcmpMisaddressed:
      return "outer daddr ";
    case IcmpRedirect:
      return "invalid saddr or hoplimit for redirect";
    case IcmpUnreadable:
      return told.icmp_redirect && !told.has_options ? "redirect without options" : "";
    // The kernel is silent.
    case HeaderMissing:
    case TcpShort:
    case TcpNotPickedUp:
    case Unanswerable:
    case SctpShortChunk:
    case SctpNoBeginning:
    case SctpChunkTag:
    case IcmpNoBeginning:
    case IcmpUnrelated:
    case TableFull:
    case None:
      return {};
  }
  return {};
}

}  // namespace

bool turn_on_refusal_log() {
  for (const int family : {AF_INET, AF_INET6}) {
    std::ofstream(fmt::format("/proc/sys/net/netfilter/nf_log/{}", family)) << "nfnetlink_log";
  }
  std::ofstream file("/proc/sys/net/netfilter/nf_conntrack_log_invalid");
  file << 255;
  file.flush();
  return file.good();
}

void RefusalSink::emit(const Event& event) {
  if (event.type != "anomaly" || event.fields.front().text != "stream") return;
  ToldRefusal told;
  for (const EventField& field : event.fields) {
    if (field.name == "event") told.reason = field.text;
  }
  for (const EventField& field : event.netfilter) {
    if (field.name == "invalid.bound") told.bound = field.number;
    if (field.name == "invalid.found") told.found = field.number;
    if (field.name == "invalid.chunk") told.chunk = field.number;
    if (field.name == "invalid.chunk_number") told.chunk_number = field.number;
    if (field.name == "invalid.words") told.words = field.text;
    if (field.name == "invalid.state") told.state = field.text;
    if (field.name == "invalid.lowered_timeout") told.lowered_timeout_s = field.number;
  }
  told.packet_state = packet_state(*event.packet);
  told.direction = index(packet_direction(*event.packet));
  told.v6 = event.packet->family == Family::Ipv6;
  const uint8_t* const type = event.packet->transport(8);
  told.icmp_redirect = event.packet->protocol == kIcmp6 && type != nullptr && *type == kRedirect;
  const uint8_t* const option = event.packet->transport(kRedirectHeader + 2);
  told.has_options = option != nullptr && option[kRedirectHeader + 1] != 0;
  TcpSegment segment;
  if (event.packet->protocol == kTcp && segment.read(*event.packet)) {
    told.tcp_kind = static_cast<size_t>(segment.kind());
  }
  told_.push_back(std::move(told));
}

std::vector<std::string> take_log_lines(Observed& observed) {
  std::vector<std::string> lines;
  std::erase_if(observed.journal, [&](const Seen& seen) {
    if (seen.where != Seen::Where::Logged || !seen.prefix.starts_with("nf_ct_")) return false;
    if (seen.prefix.starts_with(kPrefix)) lines.push_back(seen.prefix);
    return true;
  });
  return lines;
}

void RefusalHits::print() const {
  for (size_t i = 1; i < kRefusalReasons; ++i) {
    fmt::print("{:<28}{:>8} told {:>8} in the kernel's log\n", reason_name(static_cast<RefusalReason>(i)), told[i],
               logged[i]);
  }
}

std::string refusal_difference(const std::vector<std::string>& kernel, const std::vector<ToldRefusal>& ours,
                               RefusalHits& hits) {
  std::vector<std::string> expected;
  std::string said;
  for (const ToldRefusal& told : ours) {
    const auto reason = static_cast<size_t>(reason_of(told.reason));
    ++hits.told[reason];
    said += fmt::format("ours:   {}: {}\n", told.reason, told.words);
    std::string line = expected_line(told);
    if (line.empty()) continue;
    ++hits.logged[reason];
    expected.push_back(std::move(line));
    if (told.lowered_timeout_s != 0) {
      expected.push_back(fmt::format("packet (index {}, dir {}) response for index ", told.tcp_kind, told.direction));
    }
  }
  bool same = kernel.size() == expected.size();
  for (const std::string& line : kernel) {
    said += fmt::format("kernel: {}\n", line);
    const std::string_view behind = std::string_view(line).substr(line.find(": ") + 2);
    same = same && std::ranges::any_of(expected, [&](const std::string& text) { return behind.starts_with(text); });
  }
  return same ? "" : said;
}

}  // namespace sallyport::kernel
