// A request in one piece and in two must fall into the same parts. Input: two bytes say where it is cut, the rest is
// the stream.

#include <cstdlib>
#include <string>

#include "content/http_request.h"

namespace {

using namespace sallyport;

class Notes final : public HttpParts {
 public:
  void target(std::string_view target) override {
    text += "T" + std::string(target);
    normalise_target(target, once_);
    normalise_target(once_, twice_);
    if (once_.size() > target.size() + 1 || twice_.size() > once_.size() + 1) std::abort();
  }
  void field(std::string_view name, std::string_view value) override {
    text += "F" + std::string(name) + "=" + std::string(value);
  }
  void body_begins(bool form) override { text += form ? "B+" : "B-"; }
  void body(std::span<const uint8_t> part) override {
    decoder_.feed(part, decoded);
    text.append(part.begin(), part.end());
  }
  void body_ends() override { text += "E"; }
  std::string text;
  std::string decoded;

 private:
  FormDecoder decoder_;
  std::string once_, twice_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span<const uint8_t> all(data + 2, size - 2);
  const size_t cut = (data[0] + data[1] * size_t{256}) % (all.size() + 1);
  Notes whole, pieces;
  HttpRequestReader first, second;
  first.feed(all, whole);
  second.feed(all.first(cut), pieces);
  second.feed(all.subspan(cut), pieces);
  if (whole.text != pieces.text || whole.decoded != pieces.decoded) std::abort();
  return 0;
}
