// What a replay leaves: packets as a capture, lines, logged packets, and what the summary tells.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "replay_arguments.h"
#include "sallyport/engine.h"
#include "sallyport/event.h"
#include "sallyport/packet_io.h"

namespace sallyport::cli {

// Counts distinct flows (both directions as one) up to a bound.
class FlowCounter {
 public:
  void add(const Packet& packet);
  size_t count() const { return flows_.size(); }
  bool full() const { return flows_.size() >= kMost; }

 private:
  static constexpr size_t kMost = 1'000'000;
  std::unordered_set<uint64_t> flows_;
};

// Counts the flows of what comes in; sits before everything else.
class FlowModule final : public HookModule {
 public:
  explicit FlowModule(FlowCounter& flows) : flows_(flows) {}
  std::string_view name() const override { return "flows"; }
  Verdict handle(Packet& packet, HookContext&) override {
    if (packet.number != last_) flows_.add(packet);
    last_ = packet.number;
    return Verdict::accept();
  }

 private:
  FlowCounter& flows_;
  uint64_t last_ = 0;
};

// Writes packets that leave (with --all the others too) and counts what the summary shows. One thread.
class ReplayOutput final : public PacketSink {
 public:
  // Opens OUT if one is asked for. `link` is the link type of everything in it.
  Result<void> open(const ReplayArguments& arguments, const HostModel& host, LinkType link);

  void ended(Packet& packet, Fate fate, Hook hook, const Decision& decision) override;
  // A frame that is not IP passes a pair as it came.
  void pass(std::span<const uint8_t> frame, uint32_t original_length, InterfaceId out, Timestamp time);
  Result<void> finish();

  FlowCounter flows_in;
  FlowCounter flows_out;
  uint64_t packets_out = 0;
  uint64_t bytes_out = 0;
  bool count_flows = true;

 private:
  void write(const Packet& packet, InterfaceId interface, std::string_view comment);
  std::span<const uint8_t> framed(const Packet& packet, InterfaceId interface);
  std::string comment_for(Fate fate, Hook hook, const Decision& decision) const;

  const HostModel* host_ = nullptr;
  LinkType link_ = LinkType::Ethernet;
  bool all_ = false;
  std::unique_ptr<CaptureWriter> writer_;
  Timestamp now_ = 0;
  std::vector<uint8_t> frame_;

 public:
  // The time that everything written from now on is stamped with: the input packet's own.
  void set_time(Timestamp time) { now_ = time; }
};

// Events of connections to a file, as `conntrack -E` lists them, and those of what helpers expect to another, as
// `conntrack -E expect` does. One thread.
class ReplayConnectionEvents final : public ConnectionEventSink {
 public:
  ReplayConnectionEvents() = default;
  ReplayConnectionEvents(const ReplayConnectionEvents&) = delete;
  ReplayConnectionEvents& operator=(const ReplayConnectionEvents&) = delete;
  Result<void> open(const ReplayArguments& arguments);

  void emit(const ConnectionRecord& record) override;
  void emit_expectation(const ExpectationRecord& record) override;
  Result<void> finish();

 private:
  struct Output {
    std::string path = {};
    FILE* file = nullptr;  // null: nobody asked for it
    Result<void> open(const std::string& to);
    Result<void> finish();
    ~Output();
  };

  ConnectionStyle style_ = {};
  Output connections_ = {};
  Output expectations_ = {};
  std::string text_ = {};
  bool any_ = false;
};

// LOG and TRACE lines to a file, NFLOG packets to a capture. One thread.
class ReplayLog final : public LogSink {
 public:
  ReplayLog() = default;
  ReplayLog(const ReplayLog&) = delete;
  ReplayLog& operator=(const ReplayLog&) = delete;
  ~ReplayLog() override;
  Result<void> open(const ReplayArguments& arguments, LinkType link);

  void line(uint8_t level, std::string_view text) override;
  void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
              const HookContext& context) override;
  Result<void> finish();

  uint64_t lines = 0;
  uint64_t packets = 0;

 private:
  std::string path_;
  FILE* file_ = nullptr;
  std::unique_ptr<CaptureWriter> nflog_;
};

}  // namespace sallyport::cli
