// Reads HTTP/1 requests from a stream, in whatever pieces it comes (RFC 9112), and hands on their parts: the target as
// a server would understand it, each header field, the body without its chunks.
//
// Lenient where servers are: lines may end in LF alone, empty lines may stand before a request, a field may go on in
// the next line that begins with a blank. A line longer than kLongestLine, or what is no request, ends the reading.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport {

// What is found. Views are valid during the call.
class HttpParts {
 public:
  virtual ~HttpParts() = default;
  // The request's target as it was sent.
  virtual void target(std::string_view target) = 0;
  // `name` in lower case; `value` without blanks around it, folded lines joined by one blank.
  virtual void field(std::string_view name, std::string_view value) = 0;
  // `form`: the body is percent-encoded (application/x-www-form-urlencoded).
  virtual void body_begins(bool form) = 0;
  virtual void body(std::span<const uint8_t> part) = 0;
  virtual void body_ends() = 0;
};

// One direction of one conversation. Allocates a line's length at most.
class HttpRequestReader {
 public:
  static constexpr size_t kLongestLine = 8192;
  enum class State : uint8_t { RequestLine, Fields, Body, ChunkSize, Chunk, ChunkEnd, Trailer, Broken, TooLong };

  State feed(std::span<const uint8_t> text, HttpParts& parts);
  State state() const { return state_; }
  // To be used again for another conversation; keeps its memory.
  void reset();

 private:
  bool in_line() const {
    return state_ == State::RequestLine || state_ == State::Fields || state_ == State::ChunkSize ||
           state_ == State::ChunkEnd || state_ == State::Trailer;
  }
  void take_line_part(std::span<const uint8_t>& text, HttpParts& parts);
  void take_body_part(std::span<const uint8_t>& text, HttpParts& parts);
  void take_line(std::string_view line, HttpParts& parts);
  void take_request_line(std::string_view line, HttpParts& parts);
  void take_field_line(std::string_view line, HttpParts& parts);
  void finish_field(HttpParts& parts);
  void finish_fields(HttpParts& parts);
  void take_chunk_size(std::string_view line, HttpParts& parts);
  void begin_request();
  bool append(std::string& to, std::string_view text);

  State state_ = State::RequestLine;
  bool chunked_ = false;
  bool form_ = false;
  uint64_t left_ = 0;  // of the body or the chunk
  std::string line_;   // of one that has not ended yet
  std::string field_;  // one that may go on in the next line
};

// What a server makes of a target: percent-decoded, / for a backslash, the path without //, /./ and /../, + as a blank
// behind the first ?. A scheme and host in front are taken off. Once more, applied to its own result, is what a second
// decoder behind it would see.
void normalise_target(std::string_view target, std::string& out);

// Percent-decoding and + of a form, in pieces.
class FormDecoder {
 public:
  // Appends to `out`.
  void feed(std::span<const uint8_t> text, std::string& out);

 private:
  uint8_t pending_ = 0;  // digits of an escape awaited: 2 behind the percent sign, 1 behind the first digit
  char first_ = 0;
};

}  // namespace sallyport
