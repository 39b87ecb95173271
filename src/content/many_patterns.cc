// The choice between Hyperscan and Aho-Corasick, and the latter behind the common interface.

#include "content/many_patterns.h"

#include <algorithm>

#include "content/aho_corasick.h"
#include "content/hyperscan.h"

namespace sallyport {
namespace {

class Place final : public StreamPlace {
 public:
  AhoCorasick::State exact = 0;
  AhoCorasick::State folded = 0;
};

class OwnPatterns final : public ManyPatterns {
 public:
  explicit OwnPatterns(std::span<const SoughtPattern> patterns) : exact_(false), folded_(true) {
    bounds_.reserve(patterns.size());
    for (const SoughtPattern& pattern : patterns) {
      const std::span bytes(reinterpret_cast<const uint8_t*>(pattern.bytes.data()), pattern.bytes.size());
      (pattern.ignore_case ? folded_ : exact_).add(bytes, static_cast<uint32_t>(bounds_.size()));
      bounds_.push_back({pattern.from + bytes.size(), pattern.to});
    }
    exact_.build();
    folded_.build();
  }

  void search(std::span<const uint8_t> text, HitTaker hit) override {
    Place place;
    feed(place, text, hit);
  }

  StreamPlace* begin() override {
    if (free_.empty()) {
      places_.push_back(std::make_unique<Place>());
      free_.reserve(places_.size());
      return places_.back().get();
    }
    Place* const place = free_.back();
    free_.pop_back();
    return place;
  }

  void feed(StreamPlace& place, std::span<const uint8_t> text, HitTaker hit) override {
    Place& ours = static_cast<Place&>(place);
    const auto within_bounds = [&](uint32_t number, size_t end) {
      const uint64_t at = place.offset + end;
      if (bounds_[number].least <= at && at <= bounds_[number].most) hit(number, at);
    };
    if (!exact_.empty()) exact_.search(text, ours.exact, within_bounds);
    if (!folded_.empty()) folded_.search(text, ours.folded, within_bounds);
    place.offset += text.size();
  }

  void end(StreamPlace* place) override {
    Place* const ours = static_cast<Place*>(place);
    *ours = Place();
    free_.push_back(ours);
  }

  size_t place_bytes() const override { return sizeof(Place); }
  std::string_view name() const override { return "aho-corasick"; }

 private:
  // Of where an occurrence ends.
  struct Bounds {
    uint64_t least = 0;
    uint64_t most = 0;
  };

  AhoCorasick exact_;
  AhoCorasick folded_;
  std::vector<Bounds> bounds_;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<Place*> free_;
};

}  // namespace

Result<std::unique_ptr<ManyPatterns>> ManyPatterns::compile(std::span<const SoughtPattern> patterns, SearchMode mode,
                                                            SearchLibrary library) {
  if (library == SearchLibrary::Best && hyperscan_serves()) return compile_for_hyperscan(patterns, mode);
  const auto regex = std::ranges::find(patterns, true, &SoughtPattern::regex);
  if (regex != patterns.end()) {
    return fail("regular expressions need Hyperscan, which is not here", "a library built with it");
  }
  return std::make_unique<OwnPatterns>(patterns);
}

}  // namespace sallyport
