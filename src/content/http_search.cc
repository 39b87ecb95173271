// The parts of a request, each to its search.

#include "content/http_search.h"

namespace sallyport {
namespace {

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void HttpPatterns::add(const StreamPattern& pattern, uint32_t number) {
  header_of.resize(number + size_t{1});
  switch (pattern.scope) {
    case StreamScope::HttpUri:
      return target.add(pattern, number);
    case StreamScope::HttpHeader:
      header_of[number] = pattern.header;
      return field.add(pattern, number);
    case StreamScope::HttpBody:
      return body.add(pattern, number);
    case StreamScope::Stream:
      return;
  }
}

Result<void> HttpPatterns::compile(SearchLibrary library) {
  for (PartPatterns* part : {&target, &field, &body}) {
    if (auto done = part->compile(library); !done) return done;
  }
  return {};
}

size_t HttpPatterns::reader_bytes() const {
  return sizeof(HttpSearch) + 2 * HttpRequestReader::kLongestLine + kReadings * body.place_bytes();
}

bool HttpSearch::feed(std::span<const uint8_t> text, PatternHits& hits) {
  hits_ = &hits;
  const bool whole = reader_.feed(text, *this) != HttpRequestReader::State::TooLong;
  hits_ = nullptr;
  return whole;
}

void HttpSearch::reset() {
  reader_.reset();
  body_ends();
}

void HttpSearch::target(std::string_view target) {
  if (patterns_.target.empty()) return;
  patterns_.target.search(as_bytes(target), *this);
  auto& [once, twice] = patterns_.decoded;
  normalise_target(target, once);
  if (once != target) patterns_.target.search(as_bytes(once), *this);
  normalise_target(once, twice);
  if (twice != once) patterns_.target.search(as_bytes(twice), *this);
}

void HttpSearch::field(std::string_view name, std::string_view value) {
  if (patterns_.field.empty()) return;
  field_name_ = name;
  patterns_.field.search(as_bytes(value), *this);
  field_name_ = {};
}

void HttpSearch::body_begins(bool form) {
  form_ = form;
  for (size_t i = 0; i < (form ? kReadings : 1); ++i) places_[i] = patterns_.body.begin();
}

void HttpSearch::body(std::span<const uint8_t> part) {
  patterns_.body.feed(places_[0], part, *this);
  if (!form_ || patterns_.body.empty()) return;
  std::span<const uint8_t> from = part;
  for (size_t i = 0; i < decoders_.size(); ++i) {
    std::string& decoded = patterns_.decoded[i];
    decoded.clear();
    decoders_[i].feed(from, decoded);
    from = as_bytes(decoded);
    patterns_.body.feed(places_[i + 1], from, *this);
  }
}

void HttpSearch::body_ends() {
  for (StreamPlace*& place : places_) patterns_.body.end(place);
  decoders_ = {};
  form_ = false;
}

// All fields share one search; a pattern counts in its own only.
void HttpSearch::hit(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) {
  if (!patterns_.header_of[pattern].empty() && patterns_.header_of[pattern] != field_name_) return;
  hits_->hit(pattern, end, text);
}

}  // namespace sallyport
