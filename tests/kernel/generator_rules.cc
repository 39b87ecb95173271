// Random rulesets.
//
// A rule that ends the walk hides all that follow, so most rules only count, mark or jump, and one that ends it has
// conditions. User chains call only chains behind them, and only those that may be reached from wherever they are
// reached themselves, so that what the kernel allows by hook holds.

#include "kernel/generator_rules.h"

#include <fmt/format.h>

#include "kernel/generator_options.h"
#include "sallyport/packet.h"

namespace sallyport::kernel {
namespace {

struct TableShape {
  std::string_view name;
  uint8_t hooks;
  uint32_t dropping;  // percent of its policies; a table that drops all hides those behind it
};
constexpr uint8_t kEnds = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output);
constexpr uint8_t kFilters = hook_bit(Hook::Input) | hook_bit(Hook::Forward) | hook_bit(Hook::Output);
constexpr TableShape kTables[] = {
    {"raw", kEnds, 2}, {"mangle", kAllHooks, 3}, {"filter", kFilters, 12}, {"security", kFilters, 20}};

struct UserChain {
  std::string name;
  uint8_t hooks;  // from which it may be reached
};

struct NamedProtocol {
  std::string_view text;
  uint8_t number;
};

class RulesetWriter {
 public:
  RulesetWriter(Draw& draw, const TableShape& shape) : draw_(draw), shape_(shape) {
    constexpr uint8_t kMasks[] = {kAllHooks, kAllHooks, 0x07, 0x1c, 0x04};
    for (uint32_t i = draw.below(5); i > 0; --i) {
      users_.push_back({fmt::format("u{}", users_.size() + 1), static_cast<uint8_t>(draw.pick(kMasks) & shape.hooks)});
    }
  }

  std::string table() {
    std::string out = fmt::format("*{}\n", shape_.name);
    for (size_t hook = 0; hook < kHooks; ++hook) {
      if ((shape_.hooks >> hook & 1) == 0) continue;
      const std::string_view policy = draw_.chance(shape_.dropping) ? "DROP" : "ACCEPT";
      out +=
          fmt::format(":{} {} [{}:{}]\n", hook_name(static_cast<Hook>(hook)), policy, draw_.below(3), draw_.below(100));
    }
    for (const UserChain& chain : users_) out += fmt::format(":{} - [0:0]\n", chain.name);
    for (size_t hook = 0; hook < kHooks; ++hook) {
      const auto bit = static_cast<uint8_t>(1u << hook);
      if (shape_.hooks & bit) chain(out, hook_name(static_cast<Hook>(hook)), bit, true, 0);
    }
    for (size_t i = 0; i < users_.size(); ++i) chain(out, users_[i].name, users_[i].hooks, false, i + 1);
    return out + "COMMIT\n";
  }

 private:
  void chain(std::string& out, std::string_view name, uint8_t hooks, bool built_in, size_t first_callee) {
    for (uint32_t i = draw_.between(built_in ? 2 : 1, built_in ? 7 : 5); i > 0; --i) {
      if (draw_.chance(3)) out += fmt::format("[{}:{}] ", draw_.below(50), draw_.below(5000));
      out += fmt::format("-A {}{}\n", name, rule({shape_.name, hooks, 0, built_in}, first_callee));
    }
  }

  std::string rule(Place place, size_t first_callee) {
    std::string out = protocol(place);
    // Few packets carry these, so their rules ask for little beside.
    const bool rare = place.protocol == kSctp || place.protocol == kDccp;
    if (!rare || draw_.chance(25)) out = random_selectors(draw_, place) + out;
    const uint32_t kind = draw_.below(100);
    const bool ends = kind >= 80;
    const bool counts_only = kind < 38;
    // What is to act must also be met.
    const uint32_t matches = rare          ? 1u
                             : counts_only ? draw_.pick({1u, 1u, 1u, 2u, 2u, 3u})
                                           : draw_.pick({0u, 1u, 1u, 2u});
    out += random_matches(draw_, place, ends && place.protocol == 0 ? 2u : matches);
    if (counts_only) return out;
    if (kind < 64) return out + random_modifier(draw_, place);
    if (kind < 80) return out + jump(place, first_callee);
    if (kind < 95 && place.table == "filter" && (place.hooks & ~kFilters) == 0)
      return out + random_reject(draw_, place);
    constexpr std::string_view kEnd[] = {" -j ACCEPT", " -j DROP", " -j RETURN", " -j RETURN"};
    return out + std::string(draw_.pick(kEnd));
  }

  std::string protocol(Place& place) {
    constexpr NamedProtocol kProtocols[] = {
        {"tcp", kTcp},   {"tcp", kTcp},         {"tcp", kTcp},         {"tcp", kTcp},   {"tcp", kTcp},
        {"udp", kUdp},   {"udp", kUdp},         {"udp", kUdp},         {"icmp", kIcmp}, {"icmp", kIcmp},
        {"icmp", kIcmp}, {"udplite", kUdplite}, {"udplite", kUdplite}, {"sctp", kSctp}, {"sctp", kSctp},
        {"sctp", kSctp}, {"sctp", kSctp},       {"33", kDccp},         {"33", kDccp},   {"33", kDccp},
        {"33", kDccp},   {"esp", kEsp},         {"esp", kEsp},         {"ah", kAh},     {"ah", kAh},
        {"gre", kGre},   {"253", 253}};
    if (draw_.chance(30)) return "";
    NamedProtocol chosen = draw_.pick(kProtocols);
    if (draw_.v6() && chosen.number == kIcmp) chosen = {"ipv6-icmp", kIcmp6};
    // The tool warns of extension headers, which are no protocols in IPv6.
    if (draw_.v6() && chosen.number == kAh) chosen = {"esp", kEsp};
    const bool inverted = draw_.chance(12);
    if (!inverted) place.protocol = chosen.number;
    return fmt::format(" {}-p {}", inverted ? "! " : "", chosen.text);
  }

  std::string jump(const Place& place, size_t first_callee) {
    std::vector<const UserChain*> callees;
    for (size_t i = first_callee; i < users_.size(); ++i) {
      if ((place.hooks & ~users_[i].hooks) == 0) callees.push_back(&users_[i]);
    }
    if (callees.empty()) return "";
    const UserChain* const callee = draw_.pick(std::span<const UserChain* const>(callees));
    return fmt::format(" {} {}", draw_.chance(25) ? "-g" : "-j", callee->name);
  }

  Draw& draw_;
  const TableShape& shape_;
  std::vector<UserChain> users_;
};

}  // namespace

std::string random_ruleset(Draw& draw) {
  std::string out;
  for (const TableShape& shape : kTables) out += RulesetWriter(draw, shape).table();
  return out;
}

}  // namespace sallyport::kernel
