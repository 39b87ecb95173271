// What a listing amounts to.

#include <algorithm>
#include <random>

#include "conntrack/frequent_addresses.h"
#include "conntrack/record_words.h"
#include "sallyport/connection_summary.h"

namespace sallyport {
namespace {

// Protocols whose ports are counted.
constexpr std::array<uint8_t, 5> kWithPorts = {kTcp, kUdp, kSctp, kUdplite, kDccp};

SipHashKey secret() {
  std::random_device device;
  const auto word = [&] { return static_cast<uint64_t>(device()) << 32 | device(); };
  return {word(), word()};
}

void add_to(Spread& spread, uint64_t seconds) {
  size_t bucket = 0;
  while (bucket < kSpreadBounds.size() && seconds >= kSpreadBounds[bucket]) ++bucket;
  ++spread[bucket];
}

bool is_half_open(ListedState state) {
  return state == ListedState::SynSent || state == ListedState::SynRecv || state == ListedState::SynSent2 ||
         state == ListedState::Listen;
}

}  // namespace

struct ConnectionSummary::Tables {
  SipHashKey key = secret();
  SummaryTotals totals = {};
  std::array<std::array<uint64_t, kListedStates>, 256> states = {};
  std::array<uint64_t, 256> unreplied = {};
  std::array<std::vector<uint32_t>, kWithPorts.size()> ports = {};
  FrequentAddresses sources{key};
  FrequentAddresses destinations{key};
};

ConnectionSummary::ConnectionSummary() : tables_(std::make_unique<Tables>()) {}
ConnectionSummary::~ConnectionSummary() = default;

void ConnectionSummary::add(const ConnectionRecord& record) {
  SummaryTotals& totals = tables_->totals;
  const bool unreplied = !record.is(ConnectionRecord::SeenReply);
  const bool source_nat = record.source_translated();
  const bool destination_nat = record.destination_translated();
  ++totals.connections;
  ++totals.by_family[static_cast<size_t>(record.family)];
  ++tables_->states[record.protocol][static_cast<size_t>(record.state)];
  if (unreplied) {
    ++totals.unreplied;
    ++tables_->unreplied[record.protocol];
  }
  if (record.is(ConnectionRecord::Assured)) ++totals.assured;
  if ((record.status & (ConnectionRecord::Offload | ConnectionRecord::HardwareOffload)) != 0) ++totals.offloaded;
  if (record.protocol == kTcp && is_half_open(record.state)) ++totals.half_open;
  if (source_nat) ++totals.source_nat;
  if (destination_nat) ++totals.destination_nat;
  if (source_nat && destination_nat) ++totals.both_nat;
  const uint64_t bytes = record.counts[0].bytes + record.counts[1].bytes;
  if (record.has(ConnectionRecord::Counts)) {
    ++totals.with_counters;
    totals.packets += record.counts[0].packets + record.counts[1].packets;
    totals.bytes += bytes;
  }
  if (record.has(ConnectionRecord::DeltaTime)) {
    ++totals.with_age;
    add_to(totals.age, record.delta_time_s);
  }
  if (record.has(ConnectionRecord::Timeout)) add_to(totals.timeout, record.timeout_s);
  tables_->sources.add(record.original().source, unreplied, bytes);
  tables_->destinations.add(record.original().destination, unreplied, bytes);
  const auto place = static_cast<size_t>(std::ranges::find(kWithPorts, record.protocol) - kWithPorts.begin());
  if (place == kWithPorts.size() || record.untracked_protocol) return;
  auto& ports = tables_->ports[place];
  if (ports.empty()) ports.resize(65536);
  ++ports[record.original().destination_id];
}

const SummaryTotals& ConnectionSummary::totals() const { return tables_->totals; }

uint64_t ConnectionSummary::in_state(uint8_t protocol, ListedState state) const {
  return tables_->states[protocol][static_cast<size_t>(state)];
}

uint64_t ConnectionSummary::of_protocol(uint8_t protocol) const {
  uint64_t sum = 0;
  for (const uint64_t count : tables_->states[protocol]) sum += count;
  return sum;
}

uint64_t ConnectionSummary::unreplied_of(uint8_t protocol) const { return tables_->unreplied[protocol]; }

std::vector<AddressCount> ConnectionSummary::top_sources(size_t count, SummaryOrder order) const {
  return tables_->sources.top(count, order);
}

std::vector<AddressCount> ConnectionSummary::top_destinations(size_t count, SummaryOrder order) const {
  return tables_->destinations.top(count, order);
}

std::vector<PortCount> ConnectionSummary::top_ports(size_t count) const {
  std::vector<PortCount> all;
  for (size_t i = 0; i < kWithPorts.size(); ++i) {
    const auto& ports = tables_->ports[i];
    for (size_t port = 0; port < ports.size(); ++port) {
      if (ports[port] != 0) all.push_back({kWithPorts[i], static_cast<uint16_t>(port), ports[port]});
    }
  }
  count = std::min(count, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<ptrdiff_t>(count), [](const auto& a, const auto& b) {
    return a.connections != b.connections ? a.connections > b.connections
           : a.protocol != b.protocol     ? a.protocol < b.protocol
                                          : a.port < b.port;
  });
  all.resize(count);
  return all;
}

uint64_t ConnectionSummary::sources() const { return tables_->sources.size(); }
uint64_t ConnectionSummary::destinations() const { return tables_->destinations.size(); }
uint64_t ConnectionSummary::address_error() const {
  return std::max(tables_->sources.error(), tables_->destinations.error());
}

}  // namespace sallyport
