// Frames of captures as packets of the engine: which interface they enter by, which of them do not enter at all.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "replay_arguments.h"
#include "sallyport/host.h"
#include "sallyport/packet.h"
#include "sallyport/packet_io.h"

namespace sallyport::cli {

struct InputCounters {
  uint64_t frames = 0;
  uint64_t filtered = 0;  // by the BPF expression
  uint64_t outgoing = 0;  // the copy that 'any' captures hold of each packet that leaves
  uint64_t not_ip = 0;
  uint64_t too_short = 0;  // no network header
  uint64_t snapped = 0;    // cut by the snap length
  uint64_t super = 0;      // larger than any frame on a wire: put together by a network card
};

// Opens the captures of ARGUMENTS and yields bursts. One thread.
class ReplayInput {
 public:
  static Result<std::unique_ptr<ReplayInput>> open(const ReplayArguments& arguments);

  // Whether the BPF expression has a meaning, so that a mistake in it is told before anything runs.
  Result<void> check_filter() const;
  // Interface names of the captures, in order, without those that have none.
  std::vector<std::string> interface_names() const;
  // Of the first interface: what OUT is written as.
  LinkType link() const;

  // Finds each capture interface in the model. Once, before `read`; an error names what is missing.
  Result<void> attach(const HostModel& host, const std::string& ingress);

  // The next burst: fills the first of `packets`; frames that are not IP go to `passed`. `end`: there is no more.
  struct Burst {
    size_t packets = 0;
    bool end = false;
  };
  Burst read(std::span<Packet> packets);
  // Frames of the last `read` that are not IP, with the interface they came in by.
  struct PassedFrame {
    std::span<const uint8_t> bytes;
    uint32_t original_length;
    InterfaceId in;
    Timestamp time;
    size_t before;  // how many packets of the same burst came earlier
  };
  const std::vector<PassedFrame>& passed() const { return passed_; }

  const InputCounters& counters() const { return counters_; }
  const Error* damage() const { return source_->damage(); }
  double progress() const { return source_->progress(); }

 private:
  static constexpr size_t kBurst = 64;

  bool wanted(const Frame& frame, const NetworkStart& start);
  InterfaceId entry_of(const Frame& frame, const NetworkStart& start);
  void fill(Packet& packet, const Frame& frame, const NetworkStart& start, InterfaceId in);

  std::unique_ptr<FrameSource> source_;
  std::string filter_text_;
  std::vector<std::unique_ptr<CaptureFilter>> filters_;  // by capture interface
  std::vector<InterfaceId> entries_;                     // by capture interface; none: by route
  const HostModel* host_ = nullptr;
  std::string ingress_;
  InterfaceId default_entry_ = kNoInterface;
  std::array<Frame, kBurst> frames_;
  std::vector<PassedFrame> passed_;
  InputCounters counters_;
};

}  // namespace sallyport::cli
