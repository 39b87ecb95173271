// -m connlimit: how many connections a host or network has. Counterpart of net/netfilter/xt_connlimit.c.

#include <fmt/format.h>

#include <algorithm>

#include "match/connection_count.h"
#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

class ConnlimitMatch final : public Match {
 public:
  ConnlimitMatch(const ConnectionFinder& connections, uint32_t limit, bool above, bool destination,
                 const IpAddress& mask)
      // As many as there can be, counted in both directions.
      : count_(connections, static_cast<uint32_t>(std::min<uint64_t>(2 * connections.most_connections(), kMost))),
        limit_(limit),
        above_(above),
        destination_(destination),
        mask_(mask) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* address = destination_ ? packet.destination_bytes() : packet.source_bytes();
    const uint32_t connections = count_.count(IpAddress::from(packet.family, address) & mask_, packet, context);
    if (connections == 0) context.drop_packet = true;
    return connections != 0 && (connections > limit_) == above_;
  }

 private:
  static constexpr uint64_t kMost = 1u << 24;

  ConnectionCount count_;
  uint32_t limit_;
  bool above_;
  bool destination_;
  IpAddress mask_;
};

Result<void> parse_mask(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto bits = parse_prefix_length(rule.family, text);
  if (!bits) return std::unexpected(bits.error());
  value.number = bits->value_or(rule.family == Family::Ipv4 ? 32 : 128);
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  if (options.has("connlimit-above") || options.has("connlimit-upto")) return {};
  return fail("connlimit has no limit", "--connlimit-above or --connlimit-upto");
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  const bool given_above = options.has("connlimit-above");
  const OptionValue& limit = options[given_above ? "connlimit-above" : "connlimit-upto"];
  out += fmt::format(" --connlimit-{} {} --connlimit-mask {} --connlimit-{}",
                     given_above != limit.inverted ? "above" : "upto", limit.number,
                     options.number("connlimit-mask", rule.family == Family::Ipv4 ? 32 : 128),
                     options.has("connlimit-daddr") ? "daddr" : "saddr");
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext& rule) {
  if (rule.connections == nullptr) return fail("connlimit counts connections, which nobody tracks here");
  const bool given_above = options.has("connlimit-above");
  const OptionValue& limit = options[given_above ? "connlimit-above" : "connlimit-upto"];
  const auto bits = static_cast<unsigned>(options.number("connlimit-mask", address_bytes(rule.family) * 8));
  return std::make_unique<ConnlimitMatch>(*rule.connections, static_cast<uint32_t>(limit.number),
                                          given_above != limit.inverted, options.has("connlimit-daddr"),
                                          prefix_mask(rule.family, bits));
}

}  // namespace

MatchType connlimit_match() {
  return {
      .name = "connlimit",
      .options =
          {{.name = "connlimit-upto", .kind = OptionKind::U32, .invertible = true, .group = 1},
           {.name = "connlimit-above", .kind = OptionKind::U32, .invertible = true, .group = 1},
           {.name = "connlimit-mask", .kind = OptionKind::Custom, .hint = "a prefix length", .parse = parse_mask},
           {.name = "connlimit-saddr", .group = 2},
           {.name = "connlimit-daddr", .group = 2}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "counts the connections of a host or network",
  };
}

}  // namespace sallyport
