// HTTP/1 requests, line by line.

#include "content/http_request.h"

#include <algorithm>
#include <charconv>

namespace sallyport {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 0x20) : letter; }

bool holds_word(std::string_view text, std::string_view small) {
  return !std::ranges::search(text, small, {}, lower).empty();
}

int hex_value(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const char small = lower(letter);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_method(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || letter == '_' || letter == '-';
  });
}

}  // namespace

HttpRequestReader::State HttpRequestReader::feed(std::span<const uint8_t> text, HttpParts& parts) {
  while (!text.empty() && state_ != State::Broken && state_ != State::TooLong) {
    if (in_line()) {
      take_line_part(text, parts);
    } else {
      take_body_part(text, parts);
    }
  }
  return state_;
}

void HttpRequestReader::reset() {
  begin_request();
  line_.clear();
  field_.clear();
}

void HttpRequestReader::begin_request() {
  state_ = State::RequestLine;
  chunked_ = form_ = false;
  left_ = 0;
}

bool HttpRequestReader::append(std::string& to, std::string_view text) {
  if (to.size() + text.size() > kLongestLine) {
    state_ = State::TooLong;
    return false;
  }
  to += text;
  return true;
}

void HttpRequestReader::take_line_part(std::span<const uint8_t>& text, HttpParts& parts) {
  const auto end = std::ranges::find(text, uint8_t{'\n'});
  const auto size = static_cast<size_t>(end - text.begin());
  const std::string_view part = as_text(text.first(size));
  const bool whole = end != text.end();
  text = text.subspan(size + (whole ? 1 : 0));
  if (!append(line_, part) || !whole) return;
  std::string_view line = line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  take_line(line, parts);
  line_.clear();
}

void HttpRequestReader::take_line(std::string_view line, HttpParts& parts) {
  switch (state_) {
    case State::RequestLine:
      return take_request_line(line, parts);
    case State::Fields:
      return take_field_line(line, parts);
    case State::ChunkSize:
      return take_chunk_size(line, parts);
    case State::ChunkEnd:
      state_ = line.empty() ? State::ChunkSize : State::Broken;
      return;
    case State::Trailer:
      if (line.empty()) begin_request();
      return;
    default:
      return;
  }
}

void HttpRequestReader::take_request_line(std::string_view line, HttpParts& parts) {
  if (trimmed(line).empty()) return;
  const size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || !is_method(line.substr(0, method_end))) {
    state_ = State::Broken;
    return;
  }
  std::string_view rest = trimmed(line.substr(method_end));
  // A target may hold blanks where a server is lenient; the version is the last word if it looks like one.
  const size_t last = rest.find_last_of(' ');
  const bool has_version = last != std::string_view::npos && rest.substr(last + 1).starts_with("HTTP/");
  if (has_version) rest = trimmed(rest.substr(0, last));
  parts.target(rest);
  // Without a version it is HTTP/0.9, where nothing follows but perhaps another.
  if (has_version) state_ = State::Fields;
}

void HttpRequestReader::take_field_line(std::string_view line, HttpParts& parts) {
  if (!field_.empty() && !line.empty() && kBlanks.find(line[0]) != std::string_view::npos) {
    if (append(field_, " ")) append(field_, trimmed(line));
    return;
  }
  finish_field(parts);
  if (line.empty()) return finish_fields(parts);
  append(field_, line);
}

void HttpRequestReader::finish_field(HttpParts& parts) {
  const size_t colon = field_.find(':');
  if (colon != std::string::npos) {
    for (size_t i = 0; i < colon; ++i) field_[i] = lower(field_[i]);
    const std::string_view name = trimmed(std::string_view(field_).substr(0, colon));
    const std::string_view value = trimmed(std::string_view(field_).substr(colon + 1));
    if (name == "transfer-encoding") chunked_ = chunked_ || holds_word(value, "chunked");
    if (name == "content-type") form_ = holds_word(value, "x-www-form-urlencoded");
    if (name == "content-length" &&
        std::from_chars(value.data(), value.data() + value.size(), left_).ec != std::errc()) {
      left_ = 0;
    }
    parts.field(name, value);
  }
  field_.clear();
}

void HttpRequestReader::finish_fields(HttpParts& parts) {
  if (!chunked_ && left_ == 0) return begin_request();
  parts.body_begins(form_);
  state_ = chunked_ ? State::ChunkSize : State::Body;
}

void HttpRequestReader::take_chunk_size(std::string_view line, HttpParts& parts) {
  line = trimmed(line);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  const std::string_view behind = trimmed(line.substr(static_cast<size_t>(end - line.data())));
  if (error != std::errc() || !(behind.empty() || behind.starts_with(';'))) {
    parts.body_ends();
    state_ = State::Broken;
  } else if (left_ == 0) {
    parts.body_ends();
    state_ = State::Trailer;
  } else {
    state_ = State::Chunk;
  }
}

void HttpRequestReader::take_body_part(std::span<const uint8_t>& text, HttpParts& parts) {
  const auto part = text.first(static_cast<size_t>(std::min<uint64_t>(left_, text.size())));
  text = text.subspan(part.size());
  left_ -= part.size();
  parts.body(part);
  if (left_ != 0) return;
  if (state_ == State::Chunk) {
    state_ = State::ChunkEnd;
  } else {
    parts.body_ends();
    begin_request();
  }
}

namespace {

// Where the path that ends at `to` ends without its last segment.
size_t parent_of(std::string_view path, size_t to, size_t root) {
  if (to > root) --to;  // the slash behind it
  while (to > root && path[to - 1] != '/') --to;
  return to;
}

// Takes //, /./ and /../ out. What is written never overtakes what is read.
void clean_path(std::string& path) {
  const size_t root = path.starts_with('/') ? 1 : 0;
  size_t to = root;
  for (size_t at = root; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const size_t behind = std::min(end + 1, path.size());
    const std::string_view segment = std::string_view(path).substr(at, end - at);
    if (segment == "..") {
      to = parent_of(path, to, root);
    } else if (!segment.empty() && segment != ".") {
      std::copy(path.begin() + static_cast<std::ptrdiff_t>(at), path.begin() + static_cast<std::ptrdiff_t>(behind),
                path.begin() + static_cast<std::ptrdiff_t>(to));
      to += behind - at;
    }
    at = behind;
  }
  path.resize(to);
}

std::string_view without_host(std::string_view target) {
  const size_t scheme = target.find("://");
  if (scheme == std::string_view::npos || scheme > 8 || !is_method(target.substr(0, scheme))) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

void decode(std::string_view text, bool plus, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
}

}  // namespace

void normalise_target(std::string_view target, std::string& out) {
  out.clear();
  target = without_host(target);
  const size_t query = std::min(target.find('?'), target.size());
  decode(target.substr(0, query), false, out);
  std::ranges::replace(out, '\\', '/');
  clean_path(out);
  decode(target.substr(query), true, out);
}

void FormDecoder::feed(std::span<const uint8_t> text, std::string& out) {
  for (const uint8_t byte : text) {
    const char letter = static_cast<char>(byte);
    if (pending_ == 2 && hex_value(letter) >= 0) {
      first_ = letter;
      pending_ = 1;
      continue;
    }
    if (pending_ == 1 && hex_value(letter) >= 0) {
      out += static_cast<char>(hex_value(first_) * 16 + hex_value(letter));
      pending_ = 0;
      continue;
    }
    // No escape after all.
    if (pending_ != 0) out += '%';
    if (pending_ == 1) out += first_;
    pending_ = letter == '%' ? 2 : 0;
    if (letter != '%') out += letter == '+' ? ' ' : letter;
  }
}

}  // namespace sallyport
