// wire_lockstep: what the running kernel takes for a packet, how it joins fragments and how it cuts them, packet by
// packet beside wire/ and defrag/. Rules in PREROUTING log what they see; what is forwarded is read on the way out.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "defrag/defrag_module.h"
#include "kernel/namespace_referee.h"
#include "kernel/settings.h"
#include "kernel/wire_generator.h"
#include "wire/edit.h"
#include "wire/fragment.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

constexpr uint32_t kMtuOut = 1500;

// What PREROUTING saw, and what left by tb.
struct Outcome {
  std::vector<Bytes> seen = {};
  std::vector<Bytes> left = {};
  size_t answers = 0;  // to the sender
  bool operator==(const Outcome&) const = default;
};

// The identification that IPv6 fragments leave with is random.
Bytes without_chance(Bytes bytes, bool cut_here) {
  if (!cut_here || bytes.empty() || bytes[0] >> 4 != 6) return bytes;
  Packet packet;
  packet.assign(bytes, 0);
  if (parse(packet) != Malformed::None) return bytes;
  uint8_t type = bytes[6];
  for (size_t at = 40; at + 8 <= bytes.size();) {
    if (type == kFragment) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 4, 4, uint8_t{0});
      return bytes;
    }
    type = bytes[at];
    at += size_t{8} * (bytes[at + 1] + 1u);
  }
  return bytes;
}

Outcome outcome_of(const Observed& observed, bool cut_here) {
  Outcome outcome;
  for (const Seen& seen : observed.journal) {
    if (seen.where == Seen::Where::Logged) outcome.seen.push_back(seen.bytes);
  }
  for (const Seen& left : observed.left) {
    if (left.out == "tb") outcome.left.push_back(without_chance(left.bytes, cut_here));
    if (left.out == "ta") ++outcome.answers;
  }
  return outcome;
}

// The packet's way with nothing but defragmentation on it.
class OurSide {
 public:
  explicit OurSide(Family family) : defrag_(family, limits(family), {1, 2}) { context_.clock = &clock_; }

  // `cut_here`: the packet left in pieces that were cut by us.
  Outcome pass(const Bytes& bytes, bool forwards, bool& cut_here) {
    Outcome outcome;
    Packet packet;
    packet.assign(bytes, 0);
    packet.in = 1;
    cut_here = false;
    if (parse(packet) != Malformed::None) return outcome;
    if (forwards && defrag_.handle(packet, context_) != Verdict::accept()) return outcome;
    outcome.seen.push_back({packet.bytes().begin(), packet.bytes().end()});
    if (forwards) forward(packet, outcome, cut_here);
    return outcome;
  }

 private:
  static ReassemblyLimits limits(Family family) {
    ReassemblyLimits limits = ReassemblyLimits::for_family(family);
    limits.high_bytes = uint64_t{1} << 40;
    return limits;
  }

  static void forward(Packet& packet, Outcome& outcome, bool& cut_here) {
    const DeparturePlan plan = plan_departure(packet, kMtuOut);
    if (plan.departure == Departure::TooLarge) {
      ++outcome.answers;
      return;
    }
    set_ttl(packet, static_cast<uint8_t>(packet.ttl() - 1));
    std::vector<Packet> pieces;
    cut_here = plan.departure == Departure::InPieces;
    if (!cut_here) {
      outcome.left.push_back({packet.bytes().begin(), packet.bytes().end()});
    } else if (fragment(packet, plan.piece_mtu, 0, pieces)) {
      for (const Packet& piece : pieces) outcome.left.push_back({piece.bytes().begin(), piece.bytes().end()});
    }
  }

  Clock clock_;
  HookContext context_;
  DefragModule defrag_;
};

std::string text_of(const Outcome& outcome) {
  std::string text = fmt::format("    {} answers\n", outcome.answers);
  for (const Bytes& bytes : outcome.seen) text += fmt::format("    seen {:02x}\n", fmt::join(bytes, ""));
  for (const Bytes& bytes : outcome.left) text += fmt::format("    left {:02x}\n", fmt::join(bytes, ""));
  return text;
}

struct Settings {
  uint64_t seed = 1;
  size_t headers = 20000;
  size_t datagrams = 5000;
};

class Comparison {
 public:
  explicit Comparison(NamespaceReferee& referee) : referee_(referee) {}

  // False: a difference, which has been printed.
  bool holds(OurSide& ours, const Bytes& bytes, bool forwards, std::string_view what) {
    if (bytes.empty()) return true;
    bool cut_here = false;
    const Outcome mine = ours.pass(bytes, forwards, cut_here);
    Observed observed = referee_.pass({.frame = bytes});
    Outcome kernel = outcome_of(observed, cut_here);
    if (!forwards) kernel.left.clear(), kernel.answers = 0;
    ++packets_;
    seen_ += kernel.seen.size();
    left_ += kernel.left.size();
    if (kernel == mine) return true;
    fmt::print("{}: difference at packet {}\n  in {:02x}\n  kernel:\n{}  ours:\n{}", what, packets_,
               fmt::join(bytes, ""), text_of(kernel), text_of(mine));
    return false;
  }
  std::string summary() const { return fmt::format("{} packets in, {} seen, {} left", packets_, seen_, left_); }

 private:
  NamespaceReferee& referee_;
  size_t packets_ = 0, seen_ = 0, left_ = 0;
};

bool load(NamespaceReferee& referee, Family family, std::string_view filter) {
  const auto loaded = referee.load(
      family, fmt::format("*raw\n-A PREROUTING -i ta -j NFLOG --nflog-group 1\nCOMMIT\n*filter\n{}COMMIT\n", filter));
  if (!loaded) fmt::print("{}\n", loaded.error().text());
  return loaded.has_value();
}

bool compare_headers(NamespaceReferee& referee, const Settings& settings) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    if (!load(referee, family, "")) return false;
    WireGenerator generator(settings.seed, family);
    Comparison comparison(referee);
    OurSide ours(family);
    for (size_t i = 0; i < settings.headers; ++i) {
      if (!comparison.holds(ours, generator.header_case(), false, "headers")) return false;
    }
    fmt::print("headers, {}: {}\n", family == Family::Ipv4 ? "IPv4" : "IPv6", comparison.summary());
  }
  return true;
}

bool compare_fragments(NamespaceReferee& referee, const Settings& settings) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    if (!load(referee, family, "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n")) return false;
    NamespaceReferee::keep_fragments();
    WireGenerator generator(settings.seed, family);
    Comparison comparison(referee);
    OurSide ours(family);
    for (size_t i = 0; i < settings.datagrams; ++i) {
      for (const Bytes& bytes : generator.fragment_case()) {
        if (!comparison.holds(ours, bytes, true, "fragments")) return false;
      }
    }
    fmt::print("fragments, {}: {}\n", family == Family::Ipv4 ? "IPv4" : "IPv6", comparison.summary());
  }
  return true;
}

int run(const Settings& settings) {
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: headers and fragments against this machine's kernel.\nMissing: {}\n",
               referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  return compare_headers(**referee, settings) && compare_fragments(**referee, settings) ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

// --seed N --headers N --datagrams N
int main(int count, char** words) {
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(
          count, words,
          {{"--seed", &settings.seed}, {"--headers", &settings.headers}, {"--datagrams", &settings.datagrams}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
}
