// Several captures as one, ordered by time, as mergecap does it: each keeps its own order, and the one whose next frame
// is oldest goes first.
//
// Frames are lent out of the sources' own memory, and a source may take that back at its next read. So a burst ends
// where a source that has given frames to it would have to be read again.

#include <algorithm>
#include <array>
#include <optional>

#include "sallyport/packet_io.h"

namespace sallyport {
namespace {

constexpr size_t kBurst = 64;

struct Input {
  std::string name;
  std::unique_ptr<FrameSource> source;
  std::array<Frame, kBurst> frames = {};
  size_t next = 0;
  size_t count = 0;
  bool ended = false;
  std::vector<uint32_t> interfaces = {};  // the source's interface numbers to ours

  bool waiting() const { return next < count; }
};

class MergedCaptures final : public FrameSource {
 public:
  explicit MergedCaptures(std::vector<NamedCapture> captures) {
    inputs_.reserve(captures.size());
    for (NamedCapture& capture : captures) {
      inputs_.push_back({.name = std::move(capture.interface), .source = std::move(capture.source)});
      adopt_interfaces(inputs_.back());
    }
  }

  size_t read(std::span<Frame> frames) override {
    for (Input& input : inputs_) refill(input);
    size_t count = 0;
    while (count < frames.size()) {
      Input* oldest = oldest_input();
      if (!oldest) break;
      Frame& frame = frames[count++] = oldest->frames[oldest->next++];
      frame.interface = oldest->interfaces[frame.interface];
      // Its following frame is not known, and whatever comes might be older than what the others hold.
      if (!oldest->waiting()) break;
    }
    return count;
  }

  const std::vector<CaptureInterface>& interfaces() const override { return interfaces_; }

  const Error* damage() const override {
    for (const Input& input : inputs_) {
      if (input.ended && input.source->damage()) return input.source->damage();
    }
    return nullptr;
  }

  double progress() const override {
    double sum = 0;
    for (const Input& input : inputs_) {
      const double share = input.source->progress();
      if (share < 0) return -1;
      sum += share;
    }
    return inputs_.empty() ? 1 : sum / static_cast<double>(inputs_.size());
  }

 private:
  void refill(Input& input) {
    if (input.ended || input.waiting()) return;
    input.next = 0;
    input.count = input.source->read(input.frames);
    input.ended = input.count == 0;
    adopt_interfaces(input);
  }

  void adopt_interfaces(Input& input) {
    const auto& theirs = input.source->interfaces();
    for (size_t i = input.interfaces.size(); i < theirs.size(); ++i) {
      input.interfaces.push_back(static_cast<uint32_t>(interfaces_.size()));
      interfaces_.push_back(theirs[i]);
      if (!input.name.empty()) interfaces_.back().name = input.name;
    }
  }

  // The first of those whose next frame is oldest. There are as many as a machine has interfaces: a walk will do.
  Input* oldest_input() {
    Input* oldest = nullptr;
    for (Input& input : inputs_) {
      if (!input.waiting()) continue;
      if (!oldest || input.frames[input.next].time < oldest->frames[oldest->next].time) oldest = &input;
    }
    return oldest;
  }

  std::vector<Input> inputs_;
  std::vector<CaptureInterface> interfaces_;
};

}  // namespace

std::unique_ptr<FrameSource> merge_captures(std::vector<NamedCapture> captures) {
  return std::make_unique<MergedCaptures>(std::move(captures));
}

}  // namespace sallyport
