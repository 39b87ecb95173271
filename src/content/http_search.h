// Patterns in the parts of HTTP requests.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "content/http_request.h"
#include "content/part_patterns.h"

namespace sallyport {

// A target and a form's body are searched as they were sent, decoded once, and twice.
constexpr size_t kReadings = 3;

// What all conversations of a set share. One thread.
struct HttpPatterns {
  PartPatterns target{SearchMode::Block};
  PartPatterns field{SearchMode::Block};
  PartPatterns body{SearchMode::Stream};
  std::vector<std::string> header_of;              // by pattern number: the field's name in lower case
  std::array<std::string, kReadings - 1> decoded;  // during one call of a search

  bool empty() const { return target.empty() && field.empty() && body.empty(); }
  // What a reader keeps at most, its memory in the searches included.
  size_t reader_bytes() const;
  void add(const StreamPattern& pattern, uint32_t number);
  Result<void> compile(SearchLibrary library);
};

// One conversation's requests.
class HttpSearch final : private HttpParts, private PatternHits {
 public:
  explicit HttpSearch(HttpPatterns& patterns) : patterns_(patterns) {}

  // False: a line is longer than is kept; nothing behind it is searched.
  bool feed(std::span<const uint8_t> text, PatternHits& hits);
  // To be used again for another conversation.
  void reset();

 private:
  void target(std::string_view target) override;
  void field(std::string_view name, std::string_view value) override;
  void body_begins(bool form) override;
  void body(std::span<const uint8_t> part) override;
  void body_ends() override;
  void hit(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) override;

  HttpPatterns& patterns_;
  HttpRequestReader reader_;
  PatternHits* hits_ = nullptr;       // during feed()
  std::string_view field_name_ = {};  // during field()
  std::array<StreamPlace*, kReadings> places_ = {};
  std::array<FormDecoder, kReadings - 1> decoders_ = {};
  bool form_ = false;
};

}  // namespace sallyport
