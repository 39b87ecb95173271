// -m recent: lists of addresses seen lately. Counterpart of net/netfilter/xt_recent.c.
//
// The lists themselves are in recent_list.cc. A TTL is compared, and kept, as it was before this machine lowered it.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "match/matches.h"
#include "match/recent_list.h"
#include "sallyport/bytes.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

enum class RecentAction : uint8_t { Set, Check, Update, Remove };
constexpr std::string_view kActions[] = {"set", "rcheck", "update", "remove"};  // in their order
constexpr std::string_view kUsualName = "DEFAULT";
// The kernel keeps that many stamps of an address at most (xt_recent.c, XT_RECENT_MAX_NSTAMPS).
constexpr uint64_t kMostHits = 65535;
// The rest of a longer name is not kept (XT_RECENT_NAME_LEN).
constexpr size_t kLongestName = 199;

// Answers that REJECT makes of nothing come from no socket; to the kernel these look forwarded, their TTL lowered.
bool is_from_socket(const Packet& packet) {
  constexpr uint32_t kFlags = 13, kTcpHeader = 20;
  constexpr uint8_t kReset = 0x04;
  if (packet.in != kNoInterface) return false;
  const uint8_t* tcp = packet.protocol == kTcp ? packet.transport(kTcpHeader) : nullptr;
  return !packet.checksum_trusted || tcp == nullptr || (tcp[kFlags] & kReset) == 0;
}

struct RecentRule {
  RecentAction action = RecentAction::Check;
  bool inverted = false;
  bool destination = false;
  bool same_ttl = false;
  bool reaps = false;
  bool any_age = true;
  uint32_t hits = 0;
  uint32_t ticks = 0;  // a hit is not older, unless any_age
};

class RecentMatch final : public Match {
 public:
  RecentMatch(const RecentRule& rule, RecentList& list) : rule_(rule), list_(list) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const int64_t tick = context.now() / RecentList::kTick;
    const uint8_t* bytes = rule_.destination ? packet.destination_bytes() : packet.source_bytes();
    const IpAddress address = list_.masked(packet.family, bytes);
    const bool lowered = context.out != kNoInterface && !is_from_socket(packet);
    const auto ttl = static_cast<uint8_t>(packet.ttl() + (lowered ? 1 : 0));
    RecentList::Entry* entry = list_.find(address, rule_.same_ttl ? ttl : 0);
    if (entry == nullptr) {
      if (rule_.action != RecentAction::Set) return rule_.inverted;
      list_.add(address, ttl, tick);
      return !rule_.inverted;
    }
    switch (rule_.action) {
      case RecentAction::Set:
        list_.see_again(*entry, ttl, tick);
        return !rule_.inverted;
      case RecentAction::Remove:
        list_.remove(*entry);
        return !rule_.inverted;
      default:
        return check(*entry, ttl, tick);
    }
  }

 private:
  bool check(RecentList::Entry& entry, uint8_t ttl, int64_t tick) {
    const int64_t since = rule_.any_age ? std::numeric_limits<int64_t>::min() : tick - rule_.ticks;
    const bool holds = list_.seen(entry, rule_.hits, since) != rule_.inverted;
    const bool updates = rule_.action == RecentAction::Update && holds;
    if (rule_.reaps) list_.reap(since, updates ? &entry : nullptr);
    if (updates) list_.see_again(entry, ttl, tick);
    return holds;
  }

  RecentRule rule_;
  RecentList& list_;
};

Result<void> parse_name(std::string_view text, const RuleContext&, OptionValue& value) {
  if (!is_proc_name(text)) return fail(fmt::format("\"{}\" is not the name of a list", text), "a name without /");
  value.text = text.substr(0, kLongestName);
  return {};
}

Result<void> parse_mask(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto mask = parse_loose_address(rule.family, text);
  if (!mask) return std::unexpected(mask.error());
  value.address = *mask;
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  const bool looks = options.has("rcheck") || options.has("update");
  if (!looks && !options.has("set") && !options.has("remove")) {
    return fail("recent does nothing", "--set, --rcheck, --update or --remove");
  }
  for (const std::string_view name : {"seconds", "hitcount", "rttl"}) {
    const bool asked = options.has(name) && (name == "rttl" || options.number(name) != 0);
    if (asked && !looks) return fail(fmt::format("--{} compares nothing here", name), "it with --rcheck or --update");
  }
  if (options.has("reap") && !options.has("seconds")) return fail("--reap has no age", "--seconds with it");
  return {};
}

std::string_view name_of(const Options& options) {
  return options.has("name") ? std::string_view(options["name"].text) : kUsualName;
}

// The side asked for last counts.
bool asks_destination(const Options& options) { return options["rdest"].order > options["rsource"].order; }

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (const std::string_view action : kActions) {
    if (options.has(action)) out += fmt::format("{} --{}", options[action].inverted ? " !" : "", action);
  }
  // Printed as the signed number that iptables-save prints.
  if (options.has("seconds")) out += fmt::format(" --seconds {}", static_cast<int32_t>(options.number("seconds")));
  if (options.has("reap")) out += " --reap";
  if (options.number("hitcount") != 0) out += fmt::format(" --hitcount {}", options.number("hitcount"));
  if (options.has("rttl")) out += " --rttl";
  out += fmt::format(" --name {}", name_of(options));
  const IpAddress mask = options.has("mask") ? options["mask"].address : prefix_mask(rule.family, 128);
  out += fmt::format(" --mask {}", mask.text());
  out += asks_destination(options) ? " --rdest" : " --rsource";
}

// The kernel keeps one mask for both families: of an IPv4 rule's the rest is zero, of none all is one.
std::array<uint8_t, 16> mask_bytes(const Options& options) {
  if (options.has("mask")) return options["mask"].address.bytes;
  return prefix_mask(Family::Ipv6, 128).bytes;
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext& context) {
  constexpr std::string_view kKind = "xt_recent";
  if (context.shared == nullptr) return fail("recent keeps lists, which nobody keeps here");
  RecentRule rule = {
      .destination = asks_destination(options),
      .same_ttl = options.has("rttl"),
      .reaps = options.has("reap"),
      .any_age = !options.has("seconds"),
      .hits = static_cast<uint32_t>(options.number("hitcount")),
      // In 32 bits, as the kernel multiplies.
      .ticks = static_cast<uint32_t>(options.number("seconds")) * static_cast<uint32_t>(kSecond / RecentList::kTick)};
  for (size_t i = 0; i < std::size(kActions); ++i) {
    const OptionValue& action = options[kActions[i]];
    if (action.present) rule.action = static_cast<RecentAction>(i);
    rule.inverted |= action.present && action.inverted;
  }
  const std::string_view name = name_of(options);
  if (context.shared->find<RecentList>(kKind, name) == nullptr) {
    context.shared->add(kKind, name, std::make_unique<RecentList>(mask_bytes(options), context.shared->new_key()));
  }
  auto& list = *context.shared->find<RecentList>(kKind, name);
  list.make_room_for(rule.hits);
  return std::make_unique<RecentMatch>(rule, list);
}

}  // namespace

MatchType recent_match() {
  return {
      .name = "recent",
      .options = {{.name = "set", .invertible = true, .group = 1},
                  {.name = "rcheck", .invertible = true, .group = 1},
                  {.name = "update", .invertible = true, .group = 1},
                  {.name = "remove", .invertible = true, .group = 1},
                  {.name = "seconds", .kind = OptionKind::U32, .min = 1},
                  {.name = "reap"},
                  {.name = "hitcount", .kind = OptionKind::U32, .max = kMostHits},
                  {.name = "rttl"},
                  {.name = "name", .kind = OptionKind::Custom, .hint = "a list's name", .parse = parse_name},
                  {.name = "mask", .kind = OptionKind::Custom, .hint = "a mask as an address", .parse = parse_mask},
                  {.name = "rsource"},
                  {.name = "rdest"}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "keeps and asks lists of addresses seen lately",
  };
}

}  // namespace sallyport
