// A packet's bytes: taken from a frame, grown, copied.

#include "sallyport/packet.h"

#include <algorithm>
#include <utility>

namespace sallyport {
namespace {

// Room for an Ethernet frame of the usual size and some options more; larger ones grow the buffer once.
constexpr uint32_t kUsualCapacity = 2048;

uint32_t rounded_capacity(uint32_t wanted) {
  uint32_t capacity = kUsualCapacity;
  while (capacity < wanted) capacity *= 2;
  return capacity;
}

}  // namespace

Packet& Packet::operator=(Packet&& other) noexcept {
  if (this == &other) return *this;
  storage_ = std::move(other.storage_);
  data_ = std::exchange(other.data_, nullptr);
  captured_ = std::exchange(other.captured_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  later_fragments = std::move(other.later_fragments);
  static_cast<PacketFacts&>(*this) = std::exchange(static_cast<PacketFacts&>(other), {});
  return *this;
}

// The bytes held so far are lost.
void Packet::make_room(uint32_t size) {
  capacity_ = rounded_capacity(size);
  storage_ = std::make_unique_for_overwrite<uint8_t[]>(capacity_);
}

Packet Packet::clone() const {
  Packet copy;
  const auto header = link_header();
  copy.assign({storage_.get(), header.size() + captured_}, static_cast<uint32_t>(header.size()));
  static_cast<PacketFacts&>(copy) = *this;
  copy.later_fragments = later_fragments;
  return copy;
}

void Packet::insert(uint32_t offset, uint32_t count) {
  offset = std::min(offset, captured_);
  const auto header = static_cast<uint32_t>(data_ - storage_.get());
  const uint32_t size = header + captured_;
  if (capacity_ - size < count) {
    const uint32_t capacity = rounded_capacity(size + count);
    auto larger = std::make_unique_for_overwrite<uint8_t[]>(capacity);
    if (size != 0) std::memcpy(larger.get(), storage_.get(), size);
    storage_ = std::move(larger);
    capacity_ = capacity;
    data_ = storage_.get() + header;
  }
  std::memmove(data_ + offset + count, data_ + offset, captured_ - offset);
  std::memset(data_ + offset, 0, count);
  captured_ += count;
  length += count;
}

}  // namespace sallyport
