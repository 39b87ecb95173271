// -m tcp: ports, flags and options of TCP (RFC 9293). Counterpart of net/netfilter/xt_tcpudp.c.
//
// A TCP header that is cut off drops the packet, as does an IPv4 fragment that begins 8 bytes in: it could write over
// the flags that the first fragment was judged by (RFC 3128).

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"
#include "match/ports.h"
#include "match/transport.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 20;
constexpr uint16_t kEightBytesIn = 8;

struct FlagName {
  std::string_view name;
  uint8_t bits;
};
// In the order in which iptables prints them; the last two are only read.
constexpr FlagName kFlags[] = {{"FIN", 0x01}, {"SYN", 0x02}, {"RST", 0x04}, {"PSH", 0x08},
                               {"ACK", 0x10}, {"URG", 0x20}, {"ALL", 0x3f}, {"NONE", 0}};
constexpr uint8_t kSynMask = 0x17;
constexpr uint8_t kSyn = 0x02;

struct TcpTest {
  PortTest source;
  PortTest destination;
  uint8_t flag_mask = 0;
  uint8_t flags = 0;
  bool flags_inverted = false;
  bool option_inverted = false;
  uint8_t option = 0;  // 0: not asked
};

class TcpMatch final : public Match, public ReadsOnly {
 public:
  explicit TcpMatch(const TcpTest& test) : test_(test) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    if (header == nullptr) [[unlikely]] {
      if (packet.family == Family::Ipv4 && packet.fragment_offset == kEightBytesIn) context.drop_packet = true;
      return false;
    }
    if (!test_.source.holds(load_be16(header)) || !test_.destination.holds(load_be16(header + 2))) return false;
    if (((header[13] & test_.flag_mask) == test_.flags) == test_.flags_inverted) return false;
    return test_.option == 0 || option_matches(packet, header, context);
  }

 private:
  bool option_matches(const Packet& packet, const uint8_t* header, HookContext& context) const {
    const uint32_t header_bytes = (header[12] >> 4) * 4u;
    if (header_bytes < kHeaderBytes || packet.transport(header_bytes) == nullptr) {
      context.drop_packet = true;
      return false;
    }
    for (uint32_t i = kHeaderBytes; i < header_bytes;) {
      if (header[i] == test_.option) return !test_.option_inverted;
      // Only the two shortest options have no length; a length of zero is taken for one, or the scan would not end.
      const bool has_length = header[i] >= 2 && i + 1 < header_bytes && header[i + 1] != 0;
      i += has_length ? header[i + 1] : 1;
    }
    return test_.option_inverted;
  }

  TcpTest test_;
};

Result<uint8_t> parse_flag_list(std::string_view text) {
  uint8_t bits = 0;
  auto done = for_each_word(text, [&](std::string_view word) -> Result<void> {
    for (const auto& [name, value] : kFlags) {
      if (!same_word(word, name)) continue;
      bits |= value;
      return {};
    }
    return fail(fmt::format("unknown TCP flag \"{}\"", word), "FIN, SYN, RST, PSH, ACK, URG, ALL or NONE");
  });
  if (!done) return std::unexpected(done.error());
  return bits;
}

Result<void> parse_flags(std::string_view text, const RuleContext&, OptionValue& value) {
  const size_t blank = text.find(' ');
  const auto mask = parse_flag_list(text.substr(0, blank));
  if (!mask) return std::unexpected(mask.error());
  const auto flags = parse_flag_list(blank == std::string_view::npos ? "" : text.substr(blank + 1));
  if (!flags) return std::unexpected(flags.error());
  value.mask = *mask;
  value.number = *flags;
  return {};
}

void print_flag_list(uint64_t bits, std::string& out) {
  char separator = ' ';
  for (const auto& [name, value] : kFlags) {
    if ((bits & value) == 0) continue;
    out += separator;
    out += name;
    separator = ',';
    bits &= ~uint64_t{value};
  }
  if (separator == ' ') out += " NONE";
}

void print_flags(const OptionValue& value, const RuleContext&, std::string& out) {
  print_flag_list(value.mask, out);
  print_flag_list(value.number, out);
}

// --syn is saved as the flags that it stands for.
Result<void> check(Options& options, const RuleContext&) {
  OptionValue& syn = options["syn"];
  if (!syn.present) return {};
  options["tcp-flags"] = {.present = true, .inverted = syn.inverted, .number = kSyn, .mask = kSynMask};
  syn = {};
  return {};
}

bool is_saved(const OptionSpec& spec, const OptionValue& value) {
  if (!value.present) return false;
  if (spec.name == "tcp-flags") return value.mask != 0 || value.inverted;
  return spec.name == "tcp-option" || !is_every_port(value);
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (is_saved(spec, value)) print_option(spec, value, rule, out);
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& flags = options["tcp-flags"];
  return std::make_unique<TcpMatch>(TcpTest{.source = port_test(options["sport"]),
                                            .destination = port_test(options["dport"]),
                                            .flag_mask = static_cast<uint8_t>(flags.mask),
                                            .flags = static_cast<uint8_t>(flags.number),
                                            .flags_inverted = flags.inverted,
                                            .option_inverted = options["tcp-option"].inverted,
                                            .option = static_cast<uint8_t>(options.number("tcp-option"))});
}

}  // namespace

MatchType tcp_match() {
  return {
      .name = "tcp",
      .options = {source_port_option(parse_ordered_ports),
                  destination_port_option(parse_ordered_ports),
                  {.name = "tcp-option",
                   .kind = OptionKind::U8,
                   .invertible = true,
                   .min = 1,
                   .summary = "a TCP option of that kind is there"},
                  {.name = "tcp-flags",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .words = 2,
                   .group = 1,
                   .hint = "two lists of flags: those looked at, and those of them that must be set",
                   .parse = parse_flags,
                   .print = print_flags,
                   .summary = "of the first list's flags exactly the second list's are set"},
                  {.name = "syn",
                   .kind = OptionKind::Flag,
                   .invertible = true,
                   .group = 1,
                   .summary = "opens a connection: SYN without ACK, RST and FIN"}},
      .implied = true,
      .protocols = {kTcp},
      .check = check,
      .save = save,
      .create = create,
      .summary = "judges the header of TCP",
  };
}

}  // namespace sallyport
