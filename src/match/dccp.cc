// -m dccp: ports, packet types and options of DCCP (RFC 4340). Counterpart of net/netfilter/xt_dccp.c.
//
// A header that is cut off, or shorter than its type needs, drops the packet.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"
#include "match/ports.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 12;
constexpr uint32_t kLongSequenceBytes = 4;

struct TypeName {
  std::string_view name;
  uint8_t header_bytes;  // what the type adds to the header
};
// By number. The last name stands for all that RFC 4340 leaves reserved.
constexpr TypeName kTypes[] = {{"REQUEST", 4}, {"RESPONSE", 12}, {"DATA", 0},    {"ACK", 8},
                               {"DATAACK", 8}, {"CLOSEREQ", 8},  {"CLOSE", 8},   {"RESET", 12},
                               {"SYNC", 8},    {"SYNCACK", 8},   {"INVALID", 12}};
constexpr size_t kInvalid = std::size(kTypes) - 1;
constexpr uint32_t kInvalidBits = 0xfc00;

struct DccpTest {
  PortTest source;
  PortTest destination;
  bool types_given = false;
  bool types_inverted = false;
  uint32_t types = 0;
  uint8_t option = 0;  // 0: not asked
  bool option_inverted = false;
};

class DccpMatch final : public Match {
 public:
  explicit DccpMatch(const DccpTest& test) : test_(test) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    if (header == nullptr) return false;
    if (!test_.source.holds(load_be16(header)) || !test_.destination.holds(load_be16(header + 2))) return false;
    const uint8_t type = (header[8] >> 1) & 0x0f;
    if (test_.types_given && (((test_.types >> type) & 1u) != 0) == test_.types_inverted) return false;
    return test_.option == 0 || has_option(packet, header, context) != test_.option_inverted;
  }

 private:
  bool has_option(const Packet& packet, const uint8_t* header, HookContext& context) const {
    const uint8_t type = (header[8] >> 1) & 0x0f;
    const bool long_sequence = (header[8] & 1u) != 0;
    const uint32_t begin =
        kHeaderBytes + (long_sequence ? kLongSequenceBytes : 0) + kTypes[std::min<size_t>(type, kInvalid)].header_bytes;
    const uint32_t end = header[4] * 4u;
    if (end == begin) return false;
    if (end < begin || packet.transport(end) == nullptr) {
      context.drop_packet = true;
      return false;
    }
    for (uint32_t i = begin; i < end;) {
      if (header[i] == test_.option) return true;
      const bool has_length = header[i] >= 2 && i + 1 < end && header[i + 1] != 0;
      i += has_length ? header[i + 1] : 1;
    }
    return false;
  }

  DccpTest test_;
};

Result<void> parse_types(std::string_view text, const RuleContext&, OptionValue& value) {
  return for_each_word(text, [&](std::string_view word) -> Result<void> {
    for (size_t i = 0; i < std::size(kTypes); ++i) {
      if (!same_word(word, kTypes[i].name)) continue;
      value.number |= i == kInvalid ? kInvalidBits : 1u << i;
      return {};
    }
    return fail(fmt::format("unknown DCCP type \"{}\"", word), "REQUEST, RESPONSE, DATA, ACK ... or INVALID");
  });
}

void print_types(const OptionValue& value, const RuleContext&, std::string& out) {
  out += ' ';
  bool first = true;
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (((value.number >> i) & 1u) == 0) continue;
    if (!first) out += ',';
    out += kTypes[i].name;
    first = false;
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& types = options["dccp-types"];
  return std::make_unique<DccpMatch>(DccpTest{.source = port_test(options["sport"]),
                                              .destination = port_test(options["dport"]),
                                              .types_given = types.present,
                                              .types_inverted = types.inverted,
                                              .types = static_cast<uint32_t>(types.number),
                                              .option = static_cast<uint8_t>(options.number("dccp-option")),
                                              .option_inverted = options["dccp-option"].inverted});
}

}  // namespace

MatchType dccp_match() {
  return {
      .name = "dccp",
      .options = {source_port_option(parse_resolved_ports),
                  destination_port_option(parse_resolved_ports),
                  {.name = "dccp-types",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "TYPE[,TYPE]..., such as REQUEST,RESPONSE",
                   .parse = parse_types,
                   .print = print_types,
                   .summary = "the packet is of one of these types"},
                  {.name = "dccp-option",
                   .kind = OptionKind::U8,
                   .invertible = true,
                   .min = 1,
                   .summary = "a DCCP option of that kind is there"}},
      .implied = true,
      .protocols = {kDccp},
      .create = create,
      .summary = "judges the header of DCCP",
  };
}

}  // namespace sallyport
