// The patterns that are looked for in one part of conversations, as one search.
#pragma once

#include <memory>
#include <vector>

#include "content/many_patterns.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

// Told of each pattern found: its number, where it ends in the part searched, and the text in which it ended, as far as
// it lay there in one piece.
class PatternHits {
 public:
  virtual ~PatternHits() = default;
  virtual void hit(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) = 0;
};

// One thread.
class PartPatterns {
 public:
  explicit PartPatterns(SearchMode mode) : mode_(mode) {}

  void add(const StreamPattern& pattern, uint32_t number) {
    sought_.push_back(sought(pattern));
    numbers_.push_back(number);
    depth_ = std::max(depth_, pattern.to);
  }
  Result<void> compile(SearchLibrary library) {
    if (sought_.empty()) return {};
    auto many = ManyPatterns::compile(sought_, mode_, library);
    if (!many) return std::unexpected(many.error());
    many_ = std::move(*many);
    return {};
  }
  bool empty() const { return sought_.empty(); }
  size_t place_bytes() const { return many_ == nullptr ? 0 : many_->place_bytes(); }

  // Null where there are no patterns.
  StreamPlace* begin() { return many_ == nullptr ? nullptr : many_->begin(); }
  void end(StreamPlace*& place) {
    if (place != nullptr) many_->end(place);
    place = nullptr;
  }
  void feed(StreamPlace* place, std::span<const uint8_t> text, PatternHits& hits) {
    if (place == nullptr || text.empty() || place->offset >= depth_) return;
    Telling telling = {this, &hits, text};
    many_->feed(*place, text, {tell, &telling});
  }
  void search(std::span<const uint8_t> text, PatternHits& hits) {
    if (many_ == nullptr) return;
    Telling telling = {this, &hits, text};
    many_->search(text, {tell, &telling});
  }

  static SoughtPattern sought(const StreamPattern& pattern) {
    return {.bytes = pattern.bytes,
            .ignore_case = pattern.ignore_case,
            .regex = pattern.regex,
            .from = pattern.from,
            .to = pattern.to};
  }

 private:
  struct Telling {
    PartPatterns* self;
    PatternHits* hits;
    std::span<const uint8_t> text;
  };
  static void tell(void* context, uint32_t pattern, uint64_t end) {
    const auto& telling = *static_cast<Telling*>(context);
    telling.hits->hit(telling.self->numbers_[pattern], end, telling.text);
  }

  SearchMode mode_;
  uint64_t depth_ = 0;  // behind it no pattern may lie
  std::vector<SoughtPattern> sought_;
  std::vector<uint32_t> numbers_;
  std::unique_ptr<ManyPatterns> many_;
};

}  // namespace sallyport
