// -m addrtype: what source or destination are to this host's routing: local, broadcast, multicast and so on.
// Counterpart of net/netfilter/xt_addrtype.c.
//
// IPv4 asks the routes for the one type of the address. IPv6 has no such type: each of the listed ones is a test of
// its own, multicast, unicast and unspecified of the address, local, anycast and unreachable of the route to it.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"
#include "sallyport/host.h"

namespace sallyport {
namespace {

// In the order of linux/rtnetlink.h, which RouteType follows. The last two name nothing that exists any more.
constexpr std::string_view kTypes[] = {"UNSPEC",    "UNICAST",     "LOCAL",    "BROADCAST", "ANYCAST", "MULTICAST",
                                       "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW",     "NAT",     "XRESOLVE"};
constexpr uint32_t kAllTypes = (1u << std::size(kTypes)) - 1;

constexpr uint32_t bit(RouteType type) { return 1u << static_cast<unsigned>(type); }
constexpr uint32_t kUnspecified = bit(RouteType::None);
static_assert(static_cast<unsigned>(RouteType::Throw) == 9);

struct TypeTest {
  uint32_t types = 0;  // 0: not asked
  bool inverted = false;
};

enum class Limit : uint8_t { None, In, Out };

bool is_ipv4_mapped(const IpAddress& address) {
  for (size_t i = 0; i < 10; ++i) {
    if (address.bytes[i] != 0) return false;
  }
  return address.bytes[10] == 0xff && address.bytes[11] == 0xff;
}

// What the route to an IPv6 address says of it.
uint32_t route_types(const Router& router, const IpAddress& address, InterfaceId on, uint32_t asked) {
  uint32_t types = 0;
  if (on != kNoInterface && (asked & bit(RouteType::Local)) != 0 &&
      router.address_type(address, on) == RouteType::Local) {
    types = bit(RouteType::Local);
  }
  switch (router.route({.destination = address, .out = on}).type) {
    case RouteType::None:
    case RouteType::Unreachable:
    case RouteType::Blackhole:
    case RouteType::Prohibit:
    case RouteType::Throw:
      return bit(RouteType::Unreachable);
    case RouteType::Local:
      return on == kNoInterface ? types | bit(RouteType::Local) : types;
    case RouteType::Anycast:
      return types | bit(RouteType::Anycast);
    default:
      return types;
  }
}

bool ipv6_holds(const Router& router, const IpAddress& address, InterfaceId on, uint32_t types) {
  const bool multicast = address.bytes[0] == 0xff;
  const bool unspecified = address.is_unspecified();
  const bool unicast = !multicast && !unspecified && !is_ipv4_mapped(address);
  if ((types & bit(RouteType::Multicast)) != 0 && !multicast) return false;
  if ((types & bit(RouteType::Unicast)) != 0 && !unicast) return false;
  if ((types & kUnspecified) != 0 && !unspecified) return false;
  constexpr uint32_t kByRoute = bit(RouteType::Local) | bit(RouteType::Anycast) | bit(RouteType::Unreachable);
  return (types & kByRoute) == 0 || (types & route_types(router, address, on, types)) != 0;
}

class AddrtypeMatch final : public Match {
 public:
  AddrtypeMatch(const TypeTest& source, const TypeTest& destination, Limit limit)
      : source_(source), destination_(destination), limit_(limit) {}

  bool matches(const Packet& packet, HookContext& context) override {
    if (context.router == nullptr) return false;
    const InterfaceId on = limit_ == Limit::In ? context.in : limit_ == Limit::Out ? context.out : kNoInterface;
    return holds(source_, *context.router, packet.source(), on) &&
           holds(destination_, *context.router, packet.destination(), on);
  }

 private:
  static bool holds(const TypeTest& test, const Router& router, const IpAddress& address, InterfaceId on) {
    if (test.types == 0) return true;
    const bool right = address.family == Family::Ipv6 ? ipv6_holds(router, address, on, test.types)
                                                      : (test.types & bit(router.address_type(address, on))) != 0;
    return right != test.inverted;
  }

  TypeTest source_;
  TypeTest destination_;
  Limit limit_;
};

// The first type that the word begins, whatever its case.
std::optional<uint32_t> type_bit(std::string_view word) {
  if (word.empty()) return std::nullopt;
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (same_word(kTypes[i].substr(0, word.size()), word)) return 1u << i;
  }
  return std::nullopt;
}

Result<void> parse_types(std::string_view text, const RuleContext&, OptionValue& value) {
  while (true) {
    const size_t comma = text.find(',');
    const auto type = type_bit(text.substr(0, comma));
    if (!type) {
      return fail(fmt::format("unknown address type \"{}\"", text.substr(0, comma)),
                  "LOCAL, UNICAST, BROADCAST, MULTICAST, ANYCAST, UNREACHABLE ...");
    }
    value.number |= *type;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

void print_types(const OptionValue& value, const RuleContext&, std::string& out) {
  char separator = ' ';
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (((value.number >> i) & 1u) == 0) continue;
    out += separator;
    out += kTypes[i];
    separator = ',';
  }
}

Result<void> check(Options& options, const RuleContext& rule) {
  const OptionValue& source = options["src-type"];
  const OptionValue& destination = options["dst-type"];
  if (!source.present && !destination.present) return fail("addrtype asks nothing", "--src-type or --dst-type");
  constexpr uint32_t kIpv6Types = kUnspecified | bit(RouteType::Unicast) | bit(RouteType::Local) |
                                  bit(RouteType::Anycast) | bit(RouteType::Multicast) | bit(RouteType::Unreachable);
  if (rule.family == Family::Ipv6 && ((source.number | destination.number) & kAllTypes & ~kIpv6Types) != 0) {
    return fail("IPv6 has no such address type", "UNSPEC, UNICAST, LOCAL, ANYCAST, MULTICAST or UNREACHABLE");
  }
  return {};
}

TypeTest type_test(const OptionValue& value) {
  return {.types = static_cast<uint32_t>(value.number), .inverted = value.inverted};
}

// Where there is no such interface, the kernel refuses the limit to it.
uint8_t hooks_for(const Options& options) {
  if (options.has("limit-iface-in")) return kAllHooks & ~(hook_bit(Hook::Output) | hook_bit(Hook::Postrouting));
  if (options.has("limit-iface-out")) return kAllHooks & ~(hook_bit(Hook::Prerouting) | hook_bit(Hook::Input));
  return kAllHooks;
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const bool in = options.has("limit-iface-in");
  const bool out = options.has("limit-iface-out");
  const Limit limit = in ? Limit::In : out ? Limit::Out : Limit::None;
  return std::make_unique<AddrtypeMatch>(type_test(options["src-type"]), type_test(options["dst-type"]), limit);
}

OptionSpec types_option(std::string_view name, std::string_view summary) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "TYPE[,TYPE]...",
          .parse = parse_types,
          .print = print_types,
          .summary = summary};
}

}  // namespace

MatchType addrtype_match() {
  return {
      .name = "addrtype",
      .options = {types_option("src-type", "the source is of one of these types"),
                  types_option("dst-type", "the destination is of one of these types"),
                  {.name = "limit-iface-in", .group = 1, .summary = "as seen on the input interface alone"},
                  {.name = "limit-iface-out", .group = 1, .summary = "as seen on the output interface alone"}},
      .hooks_for = hooks_for,
      .check = check,
      .create = create,
      .summary = "what an address is to this host",
  };
}

}  // namespace sallyport
