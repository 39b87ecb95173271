// All patterns that the rules of one table look for in packets.
#pragma once

#include <memory>
#include <vector>

#include "content/many_patterns.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

class PacketPatterns final : public PatternSet {
 public:
  explicit PacketPatterns(SearchLibrary library = SearchLibrary::Best) : library_(library) {}

  uint32_t add(const PacketPattern& pattern) override;
  // Once all are added.
  Result<void> compile();

 private:
  bool search(const Packet& packet) override;

  SearchLibrary library_;
  std::vector<SoughtPattern> patterns_;
  std::unique_ptr<ManyPatterns> many_;
  std::vector<uint32_t> set_;  // bits that are set in found_
};

}  // namespace sallyport
