// One search per packet for all patterns of a table.

#include "content/packet_patterns.h"

#include <algorithm>
#include <string_view>

namespace sallyport {

uint32_t PacketPatterns::add(const PacketPattern& pattern) {
  patterns_.push_back({.bytes = pattern.bytes,
                       .ignore_case = pattern.ignore_case,
                       .from = pattern.from,
                       .to = pattern.to == UINT32_MAX ? UINT64_MAX : pattern.to});
  return static_cast<uint32_t>(patterns_.size() - 1);
}

Result<void> PacketPatterns::compile() {
  if (patterns_.empty()) return {};
  auto many = ManyPatterns::compile(patterns_, SearchMode::Block, library_);
  if (!many) return std::unexpected(many.error());
  many_ = std::move(*many);
  // Measured with 1,400 bytes (bench/content_bench.cc): Hyperscan is faster than Boyer-Moore from the first pattern
  // on, Aho-Corasick from the eighth.
  const size_t fewest = many_->name() == "hyperscan" ? 1 : 8;
  answers_ = patterns_.size() >= fewest;
  found_.assign((patterns_.size() + 63) / 64, 0);
  set_.reserve(patterns_.size());
  return {};
}

bool PacketPatterns::search(const Packet& packet) {
  for (const uint32_t pattern : set_) found_[pattern / 64] = 0;
  set_.clear();
  const auto take = [](void* context, uint32_t pattern, uint64_t) {
    auto& self = *static_cast<PacketPatterns*>(context);
    uint64_t& word = self.found_[pattern / 64];
    const uint64_t bit = uint64_t{1} << (pattern % 64);
    if ((word & bit) == 0) self.set_.push_back(pattern);
    word |= bit;
  };
  many_->search(packet.bytes(), {take, this});
  return !set_.empty();
}

}  // namespace sallyport
