#include <gtest/gtest.h>

#include <map>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

// Gives frames with these times; each frame's only byte is its number. The memory of a burst is lost at the next read.
class TimesSource final : public FrameSource {
 public:
  TimesSource(std::vector<Timestamp> times, std::string name, bool damaged = false)
      : times_(std::move(times)), interfaces_{{.name = std::move(name)}} {
    damage_.what = "is damaged";
    damaged_ = damaged;
  }
  size_t read(std::span<Frame> frames) override {
    std::fill(memory_.begin(), memory_.end(), 0xff);
    memory_.resize(frames.size());
    size_t count = 0;
    for (; count < frames.size() && next_ < times_.size(); ++count, ++next_) {
      memory_[count] = static_cast<uint8_t>(next_);
      frames[count] = {.bytes = {&memory_[count], 1}, .original_length = 1, .time = times_[next_]};
    }
    return count;
  }
  const std::vector<CaptureInterface>& interfaces() const override { return interfaces_; }
  const Error* damage() const override { return damaged_ ? &damage_ : nullptr; }
  double progress() const override {
    return times_.empty() ? 1 : static_cast<double>(next_) / static_cast<double>(times_.size());
  }

 private:
  std::vector<Timestamp> times_;
  std::vector<CaptureInterface> interfaces_;
  std::vector<uint8_t> memory_;
  size_t next_ = 0;
  Error damage_;
  bool damaged_ = false;
};

NamedCapture input(std::vector<Timestamp> times, std::string name, bool damaged = false) {
  return {.source = std::make_unique<TimesSource>(std::move(times), std::move(name), damaged)};
}

std::string order_of(const ReadCapture& capture) {
  std::string order;
  for (const ReadFrame& frame : capture.frames) {
    order += capture.names.at(frame.interface) + std::to_string(frame.bytes.at(0)) + " ";
  }
  return order;
}

TEST(MergeCaptures, OrdersByTimeAndKeepsTheListsOrderForEqualTimes) {
  std::vector<NamedCapture> captures;
  captures.push_back(input({10, 20, 20, 40}, "a"));
  captures.push_back(input({5, 20, 41}, "b"));
  captures.push_back(input({}, "c"));
  const auto merged = merge_captures(std::move(captures));
  EXPECT_EQ(order_of(read_all(*merged)), "b0 a0 a1 a2 b1 a3 b2 ");
  EXPECT_EQ(merged->damage(), nullptr);
  EXPECT_EQ(merged->progress(), 1.0);
}

TEST(MergeCaptures, EachKeepsItsOwnOrderThoughItsTimesRunBackwards) {
  std::vector<NamedCapture> captures;
  captures.push_back(input({30, 10, 31}, "a"));
  captures.push_back(input({20, 32}, "b"));
  EXPECT_EQ(order_of(read_all(*merge_captures(std::move(captures)))), "b0 a0 a1 a2 b1 ");
}

TEST(MergeCaptures, BurstsNeverLoseBytes) {
  std::vector<Timestamp> even;
  std::vector<Timestamp> odd;
  for (Timestamp i = 0; i < 250; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  for (const size_t burst : {1, 7, 64, 1000}) {
    std::vector<NamedCapture> captures;
    captures.push_back(input(odd, "odd"));
    captures.push_back(input(even, "even"));
    const auto merged = merge_captures(std::move(captures));
    const ReadCapture capture = read_all(*merged, burst);
    ASSERT_EQ(capture.frames.size(), 500u) << burst;
    for (size_t i = 0; i < 500; ++i) {
      EXPECT_EQ(capture.frames[i].time, static_cast<Timestamp>(i));
      EXPECT_EQ(capture.frames[i].bytes, Bytes{static_cast<uint8_t>(i / 2)});
    }
  }
}

TEST(MergeCaptures, ANameReplacesTheCapturesOwn) {
  CaptureBytes file;
  file.section().interface("x").packet(0, 1, {1}).interface("y").packet(1, 2, {2});
  std::vector<NamedCapture> captures;
  captures.push_back({.interface = "wan", .source = std::move(*open_capture_bytes(file.bytes(), "one"))});
  captures.push_back({.source = std::move(*open_capture_bytes(file.bytes(), "two"))});
  const auto merged = merge_captures(std::move(captures));
  EXPECT_EQ(order_of(read_all(*merged)), "wan1 x1 wan2 y2 ");
}

TEST(MergeCaptures, ADamagedOneDoesNotEndTheOthers) {
  std::vector<NamedCapture> captures;
  captures.push_back(input({1, 4}, "a"));
  captures.push_back(input({2}, "b", true));
  const ReadCapture capture = read_all(*merge_captures(std::move(captures)));
  EXPECT_EQ(order_of(capture), "a0 b0 a1 ");
  EXPECT_EQ(capture.damage, "is damaged");
}

TEST(MergeCaptures, ProgressIsUnknownWhereOneIs) {
  CaptureBytes file;
  file.pcap_head();
  std::vector<NamedCapture> captures;
  captures.push_back(input({1}, "a"));
  captures.push_back({.source = std::move(*open_capture_stream(pipe_with(file.bytes()), "pipe"))});
  EXPECT_LT(merge_captures(std::move(captures))->progress(), 0);
}

}  // namespace
}  // namespace sallyport::test
