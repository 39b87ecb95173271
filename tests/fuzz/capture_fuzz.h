// What must hold of every capture, right or wrong: it is read to its end, each frame lies within what was given, and
// memory and a pipe yield the same.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "io/capture_reader.h"
#include "sallyport/packet_io.h"

namespace sallyport::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  bool opened = false;
  bool damaged = false;
  std::vector<uint64_t> frames = {};  // a sum over each frame's bytes and facts
  size_t interfaces = 0;
  bool operator==(const Outcome&) const = default;
};

inline uint64_t sum_of(const Frame& frame) {
  uint64_t sum = 14695981039346656037u;
  const auto mix = [&](uint64_t value) { sum = (sum ^ value) * 1099511628211u; };
  for (const uint8_t byte : frame.bytes) mix(byte);
  for (const uint64_t value : {uint64_t{frame.bytes.size()}, uint64_t{frame.original_length}, uint64_t{frame.interface},
                               static_cast<uint64_t>(frame.time), static_cast<uint64_t>(frame.direction)}) {
    mix(value);
  }
  return sum;
}

inline Outcome read_to_end(Result<std::unique_ptr<FrameSource>> source, size_t burst) {
  Outcome outcome;
  if (!source) {
    require(!source.error().what.empty());
    return outcome;
  }
  outcome.opened = true;
  std::vector<Frame> frames(burst);
  while (const size_t count = (*source)->read(frames)) {
    require(count <= burst);
    for (const Frame& frame : std::span(frames).first(count)) {
      require(frame.interface < (*source)->interfaces().size());
      require(frame.original_length >= frame.bytes.size() && frame.bytes.size() <= kMaxFrameBytes);
      const NetworkStart start = find_network((*source)->interfaces()[frame.interface].link, frame.bytes);
      require(start.offset <= frame.bytes.size());
      outcome.frames.push_back(sum_of(frame));
    }
  }
  outcome.damaged = (*source)->damage() != nullptr;
  outcome.interfaces = (*source)->interfaces().size();
  require(outcome.damaged || (*source)->progress() < 0 || (*source)->progress() == 1);
  require((*source)->read(frames) == 0);
  return outcome;
}

// A descriptor to read these bytes from, in whatever pieces the reader asks for.
inline int descriptor_with(std::span<const uint8_t> bytes) {
  const int descriptor = memfd_create("capture", MFD_CLOEXEC);
  require(descriptor >= 0);
  require(write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  require(lseek(descriptor, 0, SEEK_SET) == 0);
  return descriptor;
}

inline void check_capture(std::span<const uint8_t> bytes) {
  const Outcome mapped = read_to_end(open_capture_bytes(bytes, "input"), 16);
  const size_t piece = 1 + bytes.size() % 61;
  const Outcome piped = read_to_end(open_capture_stream(descriptor_with(bytes), "input", piece), 3);
  require(mapped == piped);
}

}  // namespace sallyport::fuzz
