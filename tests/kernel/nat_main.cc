// nat_lockstep: conversations through NAT rulesets, by the running kernel and by the engine. Answers and ICMP errors
// are made from what really left; every packet's bytes, checksums included, and every table entry must be equal. Ports
// that are left to chance are equal up to a renaming, must lie where they may, and no two connections may answer alike.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/conntrack_tables.h"
#include "kernel/draw.h"
#include "kernel/engine_side.h"
#include "kernel/forget_connections.h"
#include "kernel/kernel_tick.h"
#include "kernel/listings.h"
#include "kernel/namespace_referee.h"
#include "kernel/nat_filters.h"
#include "kernel/nat_helper_talks.h"
#include "kernel/nat_rules.h"
#include "kernel/nat_words.h"
#include "kernel/renaming.h"
#include "kernel/settings.h"
#include "kernel/world.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

constexpr uint32_t kPerTable = 100;
constexpr size_t kMostWhole = 500;  // bytes of payload that are sent in one packet
// A table that is older is compared no further: the shortest timeouts are ten seconds.
constexpr Duration kTableAge = 8 * kSecond;

// Far more than a table of ours holds: a larger one takes longer to make than a conversation.
constexpr Sysctl kSmallTable = {"net.netfilter.nf_conntrack_max", 16384};

struct Settings {
  uint64_t seed = 1;
  uint32_t dialogues = 2500;  // for each family
  uint32_t tables = 1;        // of connections, for each ruleset at a time
};

// What each side let out for one packet, if anything.
struct Both {
  std::optional<Seen> kernel, ours;
  explicit operator bool() const { return kernel && ours; }
};

class Comparison {
 public:
  Comparison(NamespaceReferee& referee, const Settings& settings, Family family, Tally& tally)
      : referee_(referee), settings_(settings), family_(family), tally_(tally), draw_(settings.seed, family) {}

  size_t packets = 0, renamed = 0, bad_checksums = 0, helper_conversations = 0, cut_short = 0;

  bool run() {
    const uint32_t per_ruleset = kPerTable * settings_.tables;
    for (uint32_t i = 0; i < settings_.dialogues; ++i) {
      const NatRules& rules = nat_rules()[i / per_ruleset % nat_rules().size()];
      if (rules.ipv6_only && family_ == Family::Ipv4) continue;
      if ((i % kPerTable == 0 || !sure_) && !begin_table(rules)) return false;
      if (!talk(i)) return false;
      cut_short += !sure_;
      if (sure_ && i % per_ruleset == per_ruleset - 1 && !filters_agree()) return false;
    }
    return true;
  }

 private:
  bool load(const NatRules& rules) {
    if (kind_ == &rules) return true;
    kind_ = &rules;
    rules_ = nat_rules_text(rules, family_);
    const auto done = referee_.load(family_, rules_);
    if (!done) fmt::print("the kernel refuses the rules: {}\n{}", done.error().text(), rules_);
    return done.has_value();
  }

  bool begin_table(const NatRules& rules) {
    if (!load(rules)) return false;
    if (auto done = forget_connections(); !done) {
      fmt::print("{}\n", done.error().text());
      return false;
    }
    if (const std::string left = content_of("/proc/net/nf_conntrack"); !left.empty()) {
      fmt::print("the kernel still knows connections of the rules before:\n{}", left);
      return false;
    }
    // This kernel looks for UDP's number in the checksum of UDP-Lite: where checksums count, that is INVALID and never
    // mapped.
    checksums_.value = draw_.chance(50);
    if (!set_sysctl(checksums_)) {
      fmt::print("the kernel lacks {}\n", checksums_.name);
      return false;
    }
    const Sysctl sysctls[] = {kSmallTable, checksums_};
    auto side = EngineSide::create(family_, rules_, nullptr, sysctls);
    if (!side) {
      fmt::print("the engine refuses the rules: {}\n{}", side.error().text(), rules_);
      return false;
    }
    ours_ = std::move(*side);
    tables_ = TablePair(rules);
    sure_ = true;
    table_began_ = tick_.time();
    return true;
  }

  bool filters_agree() {
    const std::string differs = nat_filter_difference(family_, tally_);
    if (!differs.empty()) fmt::print("seed {}, rules\n{}filters differ:\n{}", settings_.seed, rules_, differs);
    return differs.empty();
  }

  // Each side its own packet; what left, if anything did.
  bool pass(const Input& kernel_input, const Input& our_input, Both& left) {
    left = {};
    if (!sure_) return true;
    ours_->set_time(tick_.time());
    Observed theirs = referee_.pass(kernel_input);
    // What came while the machine stood still proves nothing: nobody knows when the kernel saw it.
    sure_ = tick_.passed() <= kUncertain_ticks && tick_.time() - table_began_ < kTableAge;
    if (!sure_) return true;
    ++packets;
    Observed mine = ours_->pass(our_input);
    // A connection that cannot be confirmed is dropped last of all: on our side behind the observer. What left tells,
    // and for what is delivered here only what the table says.
    for (Observed* side : {&theirs, &mine}) {
      std::erase_if(side->journal, [&](const Seen& seen) {
        return seen.where == Seen::Where::AtPostrouting || (may_clash_ && seen.where == Seen::Where::AtInput);
      });
    }
    left = {first_of(theirs), first_of(mine)};
    for (const Seen& seen : mine.left) check_checksum(seen);
    if (left) learn(*left.kernel, *left.ours);
    for (const Chosen& chosen : chosen_) {
      renamed += chosen.kernel != chosen.ours;
      rename_ids(theirs, chosen);
      rename_ids(mine, {chosen.ours, chosen.ours});
    }
    const std::string differs = difference(theirs, mine);
    if (differs.empty()) return true;
    fmt::print("seed {}, IPv{}, checksums {}, rules\n{}{}{} {}\n(ours {})\ndiffers:\n{}", settings_.seed,
               draw_.v6() ? 6 : 4, checksums_.value, rules_, story_, kernel_input.interface == 0 ? "A" : "B",
               test::to_hex(kernel_input.frame), test::to_hex(our_input.frame), differs);
    return false;
  }
  bool pass(const Input& input, Both& left) { return pass(input, input, left); }

  // The ids of a conversation's first packet, as each side has mapped them.
  void learn(const Seen& kernel, const Seen& ours) {
    if (!chosen_.empty()) return;
    const Ids theirs = ids_of(kernel.bytes), mine = ids_of(ours.bytes);
    chosen_ = {{theirs.source, mine.source}, {theirs.destination, mine.destination}};
  }

  // One side has chosen what stands elsewhere in the packets already: a renaming would not know which is meant.
  bool is_ambiguous(const Way& way) const {
    return std::ranges::any_of(chosen_, [&](const Chosen& chosen) {
      const auto is_known = [&](uint16_t id) { return id == way.from_port || id == way.to_port; };
      return chosen.kernel != chosen.ours && (is_known(chosen.kernel) || is_known(chosen.ours));
    });
  }

  static std::optional<Seen> first_of(const Observed& observed) {
    const auto first = std::ranges::find_if(observed.left, [](const Seen& seen) { return seen.out != "tc"; });
    return first != observed.left.end() ? std::optional(*first) : std::nullopt;
  }

  void check_checksum(const Seen& seen) {
    Packet packet = test::raw(seen.bytes);
    if (parse(packet) == Malformed::None && transport_checksum_state(packet) != ChecksumState::Wrong) return;
    if (++bad_checksums == 1) fmt::print("a wrong checksum left, rules\n{}{}\n", rules_, test::to_hex(seen.bytes));
  }

  ErrorKind some_error() {
    const uint8_t type = draw_.v6() ? draw_.pick<uint8_t>({1, 2, 3, 4}) : draw_.pick<uint8_t>({3, 11, 12, 5});
    return {type, draw_.chance(60), draw_.chance(50)};
  }
  bool complain(const Both& left, Both& back) {
    tally_.count("ICMP errors");
    const ErrorKind kind = some_error();
    return pass(error_about(*left.kernel, kind), error_about(*left.ours, kind), back);
  }

  // A datagram that is too large for one packet, as each side has it: its pieces, in any order. What leaves, leaves
  // with the last of them.
  bool pass_in_fragments(const Input& kernel_input, const Input& our_input, Both& left) {
    const auto mtu = draw_.pick<uint32_t>({600, 1000, 1400});
    std::vector<Packet> theirs, mine;
    ++fragmented_;
    // No two have the same identification: pieces that wait in the kernel outlive a table.
    if (!cut_up(kernel_input, mtu, fragmented_, theirs) || !cut_up(our_input, mtu, fragmented_, mine)) return false;
    tally_.count("datagrams in fragments");
    if (draw_.chance(30)) {
      std::ranges::reverse(theirs);
      std::ranges::reverse(mine);
    }
    const auto size = [](const Packet& piece) { return piece.bytes().size(); };
    if (!std::ranges::equal(theirs, mine, {}, size, size)) {
      fmt::print("its pieces are not as large as ours: {}\n(ours {})\n", test::to_hex(kernel_input.frame),
                 test::to_hex(our_input.frame));
      return false;
    }
    for (size_t i = 0; i < theirs.size(); ++i) {
      if (!pass({kernel_input.interface, test::bytes_of(theirs[i])}, {our_input.interface, test::bytes_of(mine[i])},
                left)) {
        return false;
      }
    }
    return true;
  }

  bool talk(uint32_t number) {
    Way way = {.from = draw_.pick(pool::hosts(family_, 0)), .to = draw_.pick(pool::hosts(family_, 1))};
    way.protocol = kind_->tcp_only ? uint8_t{kTcp}
                                   : draw_.pick<uint8_t>({kTcp, kTcp, kUdp, kUdp, kIcmp, kUdplite, kSctp, kGre, 200});
    way.from_port = kind_->ports == Ports::Own ? static_cast<uint16_t>(10000 + number % 50000)
                                               : draw_.pick<uint16_t>({100, 700, 4000});
    way.to_port = draw_.pick<uint16_t>({5353, 8080});
    tally_.count(fmt::format("conversations of protocol {}", way.protocol));
    chosen_.clear();
    // Without ports, or where they run out, what comes in here may clash.
    may_clash_ = way.protocol == 200 || way.protocol == kGre || kind_->ports == Ports::Clashing;
    const bool with_helper = !kind_->leaves_to_chance() && draw_.chance(30);
    // What is delivered here our observer sees before a helper has written it anew.
    may_clash_ = may_clash_ || with_helper;
    story_.clear();
    const bool passes = with_helper            ? talk_over(way, number)
                        : way.protocol == kTcp ? talk_tcp(way, number)
                                               : talk_other(way);
    if (!passes) return false;
    // What was begun is there for ten seconds at least; what a helper expects may be gone by the next conversation.
    constexpr uint32_t kPerLook = 4;
    return with_helper || number % kPerLook == kPerLook - 1 ? tables_agree() : true;
  }

  // The kernel keeps the entries of all namespaces together: where others come and go while they are read, a line may
  // be there twice or not at all. Not time after time.
  bool tables_agree() {
    constexpr int kLooks = 4;
    std::string differs;
    for (int look = 0; look < kLooks; ++look) {
      if (!sure_ || !listings_.read(tick_) || listings_.time - table_began_ >= kTableAge) {
        sure_ = false;
        return true;
      }
      ours_->let_pass(listings_.time);
      differs = tables_.difference(listings_.connections, ours_->connections());
      differs += expectation_difference(listings_.expectations, ours_->expectations());
      if (differs.empty()) return true;
    }
    fmt::print("seed {}, rules\n{}{}tables differ:\n{}", settings_.seed, rules_, story_, differs);
    return false;
  }

  // Where nothing is left to chance both sides are told the same, whatever the helper writes.
  bool talk_over(const Way& way, uint32_t number) {
    NatWire wire = {.draw = draw_, .tally = tally_, .pass = {}, .gathers = kind_->rules.contains("PREROUTING")};
    wire.pass = [&](const Input& input, bool& same) {
      Both left;
      same = pass(input, left);
      wire.over = !sure_ || is_cut_off(input, left);
      story_ += fmt::format("{} {}\n", input.interface == 0 ? "A" : "B", test::to_hex(input.frame));
      return left ? left.kernel : std::nullopt;
    };
    ++helper_conversations;
    return talk_with_helper(wire, {.client = way.from, .server = way.to, .number = number});
  }

  bool is_cut_off(const Input& input, const Both& left) const {
    return kind_->cuts_off && input.interface == 0 && !left;
  }

  bool talk_tcp(const Way& way, uint32_t number) {
    const uint32_t begin = draw_.chance(80) ? number * 1000 : 7;
    constexpr uint32_t kFar = 5000;
    Both left, back;
    if (!pass(input_of(way, {.sequence = begin}), left)) return false;
    if (!left || is_ambiguous(way)) return true;
    if (draw_.chance(30) && !complain(left, back)) return false;
    if (draw_.chance(20)) return true;
    const Said syn_ack = {.answer = true, .flags = test::kSyn | test::kAck, .sequence = kFar, .ack = begin + 1};
    if (!pass(answer_to(*left.kernel, kTcp, syn_ack), answer_to(*left.ours, kTcp, syn_ack), back)) return false;
    if (back && draw_.chance(20) && !complain(back, back)) return false;
    uint32_t next = begin + 1;
    for (uint32_t i = 1 + draw_.below(2); i > 0; --i) {
      const Said data = {.flags = test::kAck, .sequence = next, .ack = kFar + 1, .payload = draw_.below(60)};
      if (!pass(input_of(way, data), back)) return false;
      if (is_cut_off(input_of(way, data), back)) return true;
      next += static_cast<uint32_t>(data.payload);
    }
    if (draw_.chance(60)) {
      const uint8_t flags = draw_.chance(70) ? test::kRst | test::kAck : test::kFin | test::kAck;
      if (!pass(input_of(way, {.flags = flags, .sequence = next, .ack = kFar + 1}), back)) return false;
    }
    return true;
  }

  bool talk_other(const Way& way) {
    Both left, back;
    const bool is_cut = way.protocol == kUdp || way.protocol == kIcmp;
    const auto size = [&]() -> size_t {
      return is_cut && draw_.chance(20) ? draw_.between(1000, 4000) : draw_.pick<size_t>({0, 1, 7, 64, 200, 500});
    };
    // What is too large for one packet comes in pieces.
    const auto send = [&](const Said& said, const Input& kernel_input, const Input& our_input, Both& seen) {
      return said.payload > kMostWhole ? pass_in_fragments(kernel_input, our_input, seen)
                                       : pass(kernel_input, our_input, seen);
    };
    const auto ask = [&](const Said& said, Both& seen) {
      const Input input = input_of(way, said);
      return send(said, input, input, seen);
    };
    if (!ask({.payload = size()}, left)) return false;
    // What changes a prefix does it without a connection.
    if (left && !kind_->ipv6_only && is_mapped(way, *left.kernel)) {
      tally_.count(fmt::format("mapped of protocol {}", way.protocol));
    }
    if (is_ambiguous(way)) return true;
    for (uint32_t i = draw_.below(5); left && i > 0; --i) {
      const uint32_t kind = draw_.below(3);
      const Said said = {.answer = kind == 1, .payload = size()};
      if (kind == 0) {
        if (!ask(said, back)) return false;
        if (is_cut_off(input_of(way, said), back)) return true;
      } else if (kind == 1) {
        if (!send(said, answer_to(*left.kernel, way.protocol, said), answer_to(*left.ours, way.protocol, said), back)) {
          return false;
        }
        if (back && draw_.chance(30) && !complain(back, back)) return false;
      } else if (!complain(left, back)) {
        return false;
      }
    }
    return true;
  }

  NamespaceReferee& referee_;
  Settings settings_;
  Family family_;
  Tally& tally_;
  Draw draw_;
  std::string rules_;
  const NatRules* kind_ = nullptr;
  Sysctl checksums_ = {"net.netfilter.nf_conntrack_checksum", 1};  // of this table
  bool may_clash_ = false;
  std::vector<Chosen> chosen_;  // of this conversation
  std::string story_;           // what was said in it, where it has a helper
  uint32_t fragmented_ = 0;
  KernelTick tick_;
  bool sure_ = false;  // the time of all that the table's connections have seen is known
  Timestamp table_began_ = 0;
  Listings listings_;
  TablePair tables_{nat_rules().front()};
  std::unique_ptr<EngineSide> ours_;
};

// Beside what helpers' conversations count.
constexpr std::string_view kCounts[] = {
    "conversations of protocol 1",   "conversations of protocol 6",   "conversations of protocol 17",
    "conversations of protocol 47",  "conversations of protocol 132", "conversations of protocol 136",
    "conversations of protocol 200", "mapped of protocol 1",          "mapped of protocol 17",
    "mapped of protocol 47",         "mapped of protocol 132",        "mapped of protocol 136",
    "mapped of protocol 200",        "datagrams in fragments",        "ICMP errors"};

// A run that is long enough must have met everything that it counts.
bool all_met(const Tally& tally, const Settings& settings) {
  const size_t long_enough = nat_rules().size() * kPerTable * settings.tables;
  bool met = true;
  using Names = std::span<const std::string_view>;
  for (const Names some : {Names(kCounts), helper_talk_counts()}) {
    for (const std::string_view what : some) {
      fmt::print("{:>10} {}\n", tally.of(what), what);
      met = met && (tally.of(what) != 0 || settings.dialogues < long_enough);
    }
  }
  if (!met) fmt::print("what stands there with 0 was not tested\n");
  return met;
}

int run(const Settings& settings) {
  const uint32_t dialogues = settings.dialogues;
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: NAT against this machine's kernel ({} conversations).\nMissing: {}\n", dialogues,
               referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  // A conversation that was cut short may leave some, of which the kernel would tell their sender long after it.
  NamespaceReferee::keep_fragments();
  Tally tally;
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Comparison comparison(**referee, settings, family, tally);
    if (!comparison.run() || comparison.bad_checksums != 0) {
      fmt::print("{} packets, {} wrong checksums\n", comparison.packets, comparison.bad_checksums);
      return 1;
    }
    fmt::print(
        "{}: {} conversations ({} with a helper, {} cut short as time stood still), {} packets, {} of them with a port "
        "by chance, no difference\n",
        family == Family::Ipv4 ? "IPv4" : "IPv6", dialogues, comparison.helper_conversations, comparison.cut_short,
        comparison.packets, comparison.renamed);
  }
  return all_met(tally, settings) ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(
          count, words,
          {{"--seed", &settings.seed}, {"--dialogues", &settings.dialogues}, {"--tables", &settings.tables}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
}
