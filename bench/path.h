// What the benchmarks of a packet's path share: a router, an engine fed from a ring of frames, a row's figure.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "frame_ring.h"
#include "sallyport/engine.h"

namespace sallyport::bench {

constexpr size_t kBurst = 64;
// A ring that stays in the second-level cache, as the kernel's recycled pages do.
constexpr uint32_t kRingFrames = 4096;
constexpr uint8_t kTtlSent = 64;

// Looks at what the engine has rewritten of each packet, and counts.
class CountingSink final : public PacketSink {
 public:
  void ended(Packet& packet, Fate fate, Hook, const Decision&) override {
    left += fate == Fate::Left;
    ttl_sum += packet.ttl();
    checksum_sum += load_be16(packet.data() + 10);
  }
  uint64_t left = 0;
  uint64_t ttl_sum = 0;
  uint64_t checksum_sum = 0;
};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().text());
  std::abort();
}

template <class T>
T must_all(Results<T> results) {
  if (results) return std::move(*results);
  for (const Error& error : results.error()) fmt::print(stderr, "{}\n", error.text());
  std::abort();
}

// The router that peers/kernel/namespaces.sh makes.
inline HostModel router() {
  HostModel host;
  const auto add = [&](const char* name, const char* address, const char* network, const char* neighbour) {
    Interface interface;
    std::string_view(name).copy(interface.name.data(), interface.name.size() - 1);
    interface.mtu = 1500;
    interface.addresses = {{must(parse_address(address)), 16}};
    must(host.add_interface(interface));
    if (auto done = host.add_route({.to = must(parse_address_mask(Family::Ipv4, network)),
                                    .dev = name,
                                    .via = must(parse_address(neighbour))});
        !done) {
      fmt::print(stderr, "{}\n", done.error().text());
      std::abort();
    }
  };
  host.set_kernel_routes(false);
  add("rin", "10.1.0.1", "10.1.0.0/16", "10.1.0.2");
  add("rout", "10.2.0.1", "10.2.0.0/16", "10.2.0.2");
  host.set_sysctl("net.ipv4.ip_forward", 1);
  host.finish();
  return host;
}

inline std::string filter_table(const std::string& rules) { return "*filter\n" + rules + "COMMIT\n"; }

// An engine with a burst of packets that is filled from a ring again and again.
class Path {
 public:
  Path(const std::string& rules, HostModel host, const FrameRing& ring, const ModuleSet* modules = nullptr)
      : ring_(&ring), packets_(kBurst) {
    EngineConfig config;
    if (!rules.empty()) {
      config.rulesets.push_back(must_all(read_ruleset(rules, "bench.rules", Family::Ipv4, builtin_registry())));
    }
    config.host = std::move(host);
    config.sink = &sink_;
    config.modules = modules;
    engine_ = must_all(Engine::create(std::move(config)));
  }

  void next_burst() {
    for (Packet& packet : packets_) {
      packet.assign(ring_->frame(next_), kNetworkOffset);
      packet.in = in_;
      packet.link_type = 1;  // Ethernet
      packet.time = time_;
      if (++next_ == ring_->frames()) next_ = 0;
    }
    engine_->process(packets_);
  }

  // One packet by itself; how long the engine took.
  std::chrono::nanoseconds next_packet() {
    Packet& packet = packets_.front();
    packet.assign(ring_->frame(next_), kNetworkOffset);
    packet.in = in_;
    packet.link_type = 1;
    packet.time = time_;
    if (++next_ == ring_->frames()) next_ = 0;
    const auto begin = std::chrono::steady_clock::now();
    engine_->process({&packet, 1});
    return std::chrono::steady_clock::now() - begin;
  }
  // Of the packets that follow.
  void set_time(Timestamp time) { time_ = time; }
  uint64_t connections() const { return engine_->connection_counters().entries; }

  // Leaves a burst of the ring out.
  void skip_burst() { next_ = static_cast<uint32_t>((next_ + kBurst) % ring_->frames()); }
  // From now on takes frames from another ring, which come in by interface `in`.
  void feed(const FrameRing& ring, InterfaceId in) {
    ring_ = &ring;
    in_ = in;
    next_ = 0;
  }
  // All of the ring once; its size must be a multiple of the burst's. It need not live on; what comes next is fed
  // first.
  void pass(const FrameRing& ring, InterfaceId in) {
    feed(ring, in);
    for (uint32_t done = 0; done < ring.frames(); done += kBurst) next_burst();
    ring_ = nullptr;
  }
  uint64_t left() const { return sink_.left; }
  // What the rule of the filter table's FORWARD chain has counted.
  uint64_t rule_packets(size_t number) {
    for (const Table& table : engine_->ruleset(Family::Ipv4)->tables) {
      for (const Chain& chain : table.chains) {
        if (table.name == "filter" && chain.name == "FORWARD") return chain.rules[number].counters.packets;
      }
    }
    return 0;
  }

  // Every packet left with its TTL lowered.
  bool all_forwarded(uint64_t packets) const {
    return sink_.left == packets && sink_.ttl_sum == packets * (kTtlSent - 1);
  }

 private:
  const FrameRing* ring_;  // null: none is fed
  InterfaceId in_ = 1;
  uint32_t next_ = 0;
  Timestamp time_ = 0;
  std::vector<Packet> packets_;
  CountingSink sink_;
  std::unique_ptr<Engine> engine_;
};

inline void report(benchmark::State& state) {
  const auto packets = static_cast<double>(state.iterations()) * kBurst;
  state.SetItemsProcessed(static_cast<int64_t>(packets));
  state.counters["s_per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace sallyport::bench
