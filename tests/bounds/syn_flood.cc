// A SYN flood over a full table: those who talk go on to talk, and the table stays as large as it may be.

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/frame_ring.h"
#include "bounds/bounds.h"
#include "sallyport/engine.h"
#include "sallyport/packet_io.h"

namespace sallyport::bounds {
namespace {

using bench::FrameKind;

constexpr uint32_t kEstablished = 10'000;
constexpr uint64_t kMost = 65'536;  // nf_conntrack_max
constexpr size_t kBurst = 64;
constexpr Duration kBetweenPackets = kMicrosecond;
// Once the table is full, nothing more is taken but what the program itself comes to use: a huge page and some.
constexpr uint64_t kGrowth = uint64_t{4} << 20;

constexpr std::string_view kRules =
    "*filter\n"
    "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
    "-A FORWARD -j ACCEPT\n"
    "COMMIT\n";

class Firewall {
 public:
  Firewall() : packets_(kBurst) {
    HostModel host = HostModel::pair("near", "far");
    host.set_sysctl("net.netfilter.nf_conntrack_max", kMost);
    auto ruleset = read_ruleset(kRules, "flood.rules", Family::Ipv4, builtin_registry());
    EngineConfig config;
    if (ruleset) config.rulesets.push_back(std::move(*ruleset));
    config.host = std::move(host);
    auto engine = Engine::create(std::move(config));
    if (!engine) std::abort();
    engine_ = std::move(*engine);
  }

  void pass(uint32_t flow, FrameKind kind, bool reply = false) {
    std::array<uint8_t, bench::kFrameSize> frame = {};
    bench::FrameRing::make_frame(frame.data(), flow, kind, reply);
    Packet& packet = packets_[waiting_++];
    packet.assign(frame, bench::kNetworkOffset);
    packet.link_type = static_cast<uint16_t>(LinkType::Ethernet);
    packet.in = reply ? 2 : 1;
    packet.time = time_ += kBetweenPackets;
    if (waiting_ == packets_.size()) flush();
  }
  void flush() {
    engine_->process(std::span(packets_).first(waiting_));
    waiting_ = 0;
  }
  uint64_t rule_packets(size_t number) {
    return engine_->ruleset(Family::Ipv4)->tables[0].chains[kForward].rules[number].counters.packets;
  }
  uint64_t fate(Fate fate) const { return engine_->counters().fates[static_cast<size_t>(fate)]; }
  std::string listing() { return engine_->connection_listing(); }

 private:
  static constexpr size_t kForward = 1;

  std::unique_ptr<Engine> engine_;
  std::vector<Packet> packets_;
  size_t waiting_ = 0;
  Timestamp time_ = 0;
};

uint64_t count_of(const std::string& listing, std::string_view word) {
  uint64_t count = 0;
  for (size_t at = listing.find(word); at != std::string::npos; at = listing.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

bool syn_flood(uint64_t packets) {
  Firewall firewall;
  for (uint32_t flow = 0; flow < kEstablished; ++flow) {
    firewall.pass(flow, FrameKind::Syn);
    firewall.pass(flow, FrameKind::SynAck, true);
    firewall.pass(flow, FrameKind::Ack);
  }
  firewall.flush();
  const uint64_t established_before = firewall.rule_packets(0);
  // The rest of the table fills up, and then the flood goes on.
  uint32_t flow = kEstablished;
  for (; flow < kMost + kBurst; ++flow) firewall.pass(flow, FrameKind::Syn);
  firewall.flush();
  const uint64_t full = resident_bytes();
  uint64_t data = 0;
  for (uint64_t i = 0; i < packets; ++i) {
    firewall.pass(flow++, FrameKind::Syn);
    if (i % 8 == 0) firewall.pass(static_cast<uint32_t>(data++ % kEstablished), FrameKind::Ack, i % 16 == 0);
  }
  firewall.flush();
  const uint64_t grown = resident_bytes() - full;

  const std::string listing = firewall.listing();
  const uint64_t alive = count_of(listing, "ESTABLISHED");
  const uint64_t entries = count_of(listing, "\n");
  const uint64_t passed = firewall.rule_packets(0) - established_before;
  fmt::print(
      "{} SYNs over a table of {}: {} of {} connections alive, {} of {} of their packets passed, {} SYNs dropped\n"
      "{} entries in the end; memory grew by {} bytes once the table was full\n",
      packets, kMost, alive, kEstablished, passed, data, firewall.fate(Fate::Dropped), entries, grown);
  return expect(alive == kEstablished, "every established connection lives") &
         expect(passed == data, "every packet of theirs is ESTABLISHED and passes") &
         expect(entries <= kMost, "the table holds no more than nf_conntrack_max") &
         expect(firewall.fate(Fate::Dropped) * 100 <= packets, "for 99 of 100 SYNs there is an entry to drop") &
         expect(grown <= kGrowth, "a full table takes no more memory");
}

}  // namespace sallyport::bounds
