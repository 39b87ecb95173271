// What is searched and what is looked for: payloads as HTTP has them, and patterns, from fixed seeds. Given to us, to
// our peers and to the kernel, so it uses nobody's code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace bench {

constexpr size_t kPayloadBytes = 1400;

// Requests and answers one behind the other, cut into payloads wherever one is full.
class HttpPayloads {
 public:
  explicit HttpPayloads(size_t count) {
    while (text_.size() < count * kPayloadBytes) {
      if (below(2) == 0) {
        add_request();
      } else {
        add_answer();
      }
    }
    text_.resize(count * kPayloadBytes);
  }

  size_t count() const { return text_.size() / kPayloadBytes; }
  const char* payload(size_t number) const { return text_.data() + number * kPayloadBytes; }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  std::string words(uint32_t count) {
    static constexpr const char* kWords[] = {"packet", "table",  "of",    "the",   "a",     "rule", "chain", "to",
                                             "each",   "stream", "holds", "which", "comes", "from", "here",  "and",
                                             "server", "answer", "page",  "in",    "order", "by",   "first", "last"};
    std::string out;
    for (uint32_t i = 0; i < count; ++i) {
      if (i > 0) out += ' ';
      out += kWords[below(std::size(kWords))];
    }
    return out;
  }
  std::string digits(uint32_t count) {
    std::string out(count, '0');
    for (char& digit : out) digit = "0123456789abcdef"[below(16)];
    return out;
  }

  void add_request() {
    static constexpr const char* kPaths[] = {"index.html", "static/site.js", "v1/users",      "search?lang=en",
                                             "login",      "cart/items",     "news/today/12", "images/logo.png"};
    static constexpr const char* kHosts[] = {"www.example.com", "static.example.net", "api.example.org"};
    text_ += std::string("GET /") + kPaths[below(8)] + "?id=" + std::to_string(below(1'000'000)) + "&q=" + words(1) +
             "+" + words(1) + " HTTP/1.1\r\nHost: " + kHosts[below(3)] +
             "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:" + std::to_string(90 + below(50)) +
             ".0) Gecko/20100101 Firefox/" + std::to_string(90 + below(50)) +
             ".0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
             "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: identity\r\nConnection: keep-alive\r\nCookie: sid=" +
             digits(32) + "; theme=dark\r\n\r\n";
  }
  void add_answer() {
    std::string page = "<html><head><title>" + words(5) + "</title></head><body>";
    for (uint32_t i = 2 + below(10); i > 0; --i) page += "<p class=\"text\">" + words(40) + "</p>\n";
    page += "</body></html>";
    text_ +=
        "HTTP/1.1 200 OK\r\nDate: Mon, 05 Oct 2020 08:00:00 GMT\r\nServer: web\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Length: " +
        std::to_string(page.size()) + "\r\nETag: \"" + digits(16) + "\"\r\n\r\n" + page;
  }

  std::mt19937 random_{1};
  std::string text_;
};

// One that no payload holds: what rule number `number`, below a million, looks for.
inline std::string absent_pattern(size_t number) {
  const std::string digits = std::to_string(number);
  return "evil-pattern-" + std::string(6 - digits.size(), '0') + digits;
}

inline std::vector<std::string> absent_patterns(size_t count) {
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) out.push_back(absent_pattern(i));
  return out;
}

// Of 5 to 28 bytes, half of them beginning as rules of real rulesets do. A few of them occur in every payload.
inline std::vector<std::string> mixed_patterns(size_t count) {
  static constexpr const char* kBeginnings[] = {
      "cmd.exe", "/admin", "passwd", "<script",     "select ",  "union", "../",    "wp-",      "php?",   "eval(",
      "Host: ",  "GET /",  ".cgi",   "User-Agent:", "Cookie: ", "shell", "base64", "document", "%u9090", "POST /"};
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-_=%&?: ";
  std::mt19937 random(5);
  std::vector<std::string> out;
  while (out.size() < count) {
    std::string pattern = random() % 2 == 0 ? kBeginnings[random() % std::size(kBeginnings)] : "";
    const size_t size = 5 + random() % 24;
    while (pattern.size() < size) pattern += kLetters[random() % (sizeof kLetters - 1)];
    out.push_back(pattern);
  }
  return out;
}

}  // namespace bench
