// One search for each overlap policy and answer at the bound that rules ask for.

#include "content/stream_search.h"

#include <algorithm>

#include "content/content_event.h"

namespace sallyport {

Result<uint32_t> StreamSearch::add(const StreamPattern& pattern) {
  if (pattern.regex) {
    // By itself first, so that the error is that of this rule.
    const SoughtPattern alone = PartPatterns::sought(pattern);
    if (auto many = ManyPatterns::compile({&alone, 1}, SearchMode::Stream, library_); !many) {
      return std::unexpected(many.error());
    }
  }
  auto search = std::ranges::find_if(searches_, [&](const Search& known) {
    return known.policy == pattern.policy && known.drops_at_bound == pattern.drops_at_bound;
  });
  if (search == searches_.end()) {
    auto conversations = std::make_unique<ConversationSearch>(pattern.policy, pattern.drops_at_bound, blocks_, bounds_);
    searches_.push_back({pattern.policy, pattern.drops_at_bound, std::move(conversations), {}});
    search = std::prev(searches_.end());
  }
  const auto number = static_cast<uint32_t>(patterns_.size());
  patterns_.push_back(
      {pattern, static_cast<uint32_t>(search - searches_.begin()), search->conversations->add(pattern)});
  search->patterns.push_back(number);
  return number;
}

Result<void> StreamSearch::compile() {
  for (Search& search : searches_) {
    const auto shares = static_cast<uint32_t>(searches_.size());
    if (auto done = search.conversations->compile(library_, shares); !done) return done;
  }
  return {};
}

class StreamSearch::News final : public StreamNews {
 public:
  News(StreamSearch& self, const Place& asked, const Packet& packet, HookContext& context)
      : self_(self), asked_(asked), packet_(packet), context_(context) {}
  void found(uint32_t number, uint64_t end, std::span<const uint8_t> text) override {
    ++self_.counters.found;
    if (context_.events == nullptr) return;
    const StreamPattern& pattern = self_.patterns_[self_.searches_[asked_.search].patterns[number]].pattern;
    emit_found(pattern, end, excerpt_of(pattern, text, self_.excerpt_), packet_, context_);
  }
  void at_bound(std::string_view which) override {
    ++self_.counters.bounds_met;
    emit_bound(asked_.pattern, which, packet_, context_);
  }

 private:
  StreamSearch& self_;
  const Place& asked_;
  const Packet& packet_;
  HookContext& context_;
};

Held StreamSearch::held(uint32_t pattern, const Packet& packet, HookContext& context) {
  const Place& place = patterns_[pattern];
  News news(*this, place, packet, context);
  const Held answer = searches_[place.search].conversations->held(place.number, packet, serial_, news);
  counters.unknown += answer == Held::Unknown ? 1 : 0;
  return answer;
}

void StreamSearch::ended(const Connection& connection) {
  for (Search& search : searches_) search.conversations->ended(connection);
}

}  // namespace sallyport
