// All patterns that the rules of an engine look for in conversations.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "content/conversation_search.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

struct StreamSearchCounters {
  uint64_t found = 0;
  uint64_t bounds_met = 0;  // times that a direction met one
  uint64_t unknown = 0;     // answers that a bound kept it from giving
};

// One thread.
class StreamSearch final : public StreamPatterns {
 public:
  explicit StreamSearch(const StreamBounds& bounds = {}, SearchLibrary library = SearchLibrary::Best)
      : bounds_(bounds), library_(library), blocks_(bounds.blocks) {}

  Result<uint32_t> add(const StreamPattern& pattern) override;
  // Once all are added.
  Result<void> compile();
  bool empty() const { return patterns_.empty(); }

  // Whatever is asked from now on is asked of another packet.
  void next_packet() { ++serial_; }
  Held held(uint32_t pattern, const Packet& packet, HookContext& context) override;
  // The connection is gone.
  void ended(const Connection& connection);

  StreamSearchCounters counters;

 private:
  class News;
  struct Place {
    StreamPattern pattern;
    uint32_t search = 0;  // place in searches_
    uint32_t number = 0;  // in that search
  };
  struct Search {
    OverlapPolicy policy;
    bool drops_at_bound;
    std::unique_ptr<ConversationSearch> conversations;
    std::vector<uint32_t> patterns;  // by number there: the number here
  };

  StreamBounds bounds_;
  SearchLibrary library_;
  HeldBlocks blocks_;
  uint64_t serial_ = 0;
  std::string excerpt_;  // kept for its memory
  std::vector<Place> patterns_;
  std::vector<Search> searches_;
};

}  // namespace sallyport
