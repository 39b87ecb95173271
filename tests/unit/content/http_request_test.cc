#include "content/http_request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sallyport {
namespace {

struct TargetCase {
  std::string_view sent, once, twice;
};

constexpr TargetCase kTargetCases[] = {
    {"/cgi-bin/phf", "/cgi-bin/phf", "/cgi-bin/phf"},
    {"/%63gi-bin/phf", "/cgi-bin/phf", "/cgi-bin/phf"},
    {"/cgi%2dbin%2Fphf", "/cgi-bin/phf", "/cgi-bin/phf"},
    {"/cgi%252dbin/phf", "/cgi%2dbin/phf", "/cgi-bin/phf"},
    {"/a/./cgi-bin//x/../phf", "/a/cgi-bin/phf", "/a/cgi-bin/phf"},
    {"/a/%2e%2e/cgi-bin/phf", "/cgi-bin/phf", "/cgi-bin/phf"},
    {"/../../etc/passwd", "/etc/passwd", "/etc/passwd"},
    {"\\cgi-bin\\phf", "/cgi-bin/phf", "/cgi-bin/phf"},
    {"/a%5c..%5cphf", "/phf", "/phf"},
    {"/a/..", "/", "/"},
    {"/a/b/..", "/a/", "/a/"},
    {"/a/b/.", "/a/b/", "/a/b/"},
    {"/%", "/%", "/%"},
    {"/%4", "/%4", "/%4"},
    {"/%zz%41", "/%zzA", "/%zzA"},
    {"/a+b?c+d=%2b", "/a+b?c d=+", "/a+b?c d= "},
    {"/a?/../b//c", "/a?/../b//c", "/a?/../b//c"},
    {"http://example.org/a/../b", "/b", "/b"},
    {"http://example.org", "/", "/"},
    {"*", "*", "*"},
    {"", "", ""},
};

TEST(HttpTarget, IsWhatAServerUnderstands) {
  for (const TargetCase& one : kTargetCases) {
    std::string once, twice;
    normalise_target(one.sent, once);
    EXPECT_EQ(once, one.once) << one.sent;
    normalise_target(once, twice);
    EXPECT_EQ(twice, one.twice) << one.sent;
  }
}

// Writes down what it is told.
class Notes final : public HttpParts {
 public:
  void target(std::string_view target) override { text += "T(" + std::string(target) + ")"; }
  void field(std::string_view name, std::string_view value) override {
    text += "F(" + std::string(name) + "=" + std::string(value) + ")";
  }
  void body_begins(bool form) override { text += form ? "B[form:" : "B["; }
  void body(std::span<const uint8_t> part) override { text.append(part.begin(), part.end()); }
  void body_ends() override { text += "]"; }
  std::string text;
};

using State = HttpRequestReader::State;

struct RequestCase {
  std::string_view sent;
  std::string_view parts;
  State state;
};

constexpr RequestCase kRequestCases[] = {
    {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "T(/a)F(host=x)", State::RequestLine},
    {"GET /a HTTP/1.1\nHOST:x \n\nGET /b HTTP/1.0\n\n", "T(/a)F(host=x)T(/b)", State::RequestLine},
    {"\r\n\r\nGET  /a  HTTP/1.1\r\n\r\n", "T(/a)", State::RequestLine},
    {"GET /a b HTTP/1.1\r\n\r\n", "T(/a b)", State::RequestLine},
    {"GET /a\r\n", "T(/a)", State::RequestLine},
    {"GET /a HTTP/1.1\r\nX: 1\r\n  2\r\n\t3\r\nY:\r\n\r\n", "T(/a)F(x=1 2 3)F(y=)", State::RequestLine},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\n\r\n", "T(/)F(content-length=5)B[hello]T(/b)",
     State::RequestLine},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\nGET /b "
     "HTTP/1.1\r\n\r\n",
     "T(/)F(transfer-encoding=chunked)B[abcde]T(/b)", State::RequestLine},
    {"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: "
     "3\r\n\r\na=b",
     "T(/)F(content-type=application/x-www-form-urlencoded; charset=utf-8)F(content-length=3)B[form:a=b]",
     State::RequestLine},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "T(/)F(transfer-encoding=chunked)B[]",
     State::Broken},
    {"\x16\x03\x01 rubbish\r\n", "", State::Broken},
    {"SSH-2.0-x\r\n", "", State::Broken},
    {"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhel", "T(/)F(content-length=9)B[hel", State::Body},
};

TEST(HttpRequestReader, TakesRequestsApart) {
  for (const RequestCase& one : kRequestCases) {
    HttpRequestReader reader;
    Notes notes;
    EXPECT_EQ(reader.feed({reinterpret_cast<const uint8_t*>(one.sent.data()), one.sent.size()}, notes), one.state)
        << one.sent;
    EXPECT_EQ(notes.text, one.parts) << one.sent;
  }
}

TEST(HttpRequestReader, DoesNotMindWhereARequestIsCut) {
  for (const RequestCase& one : kRequestCases) {
    const std::span all(reinterpret_cast<const uint8_t*>(one.sent.data()), one.sent.size());
    for (size_t cut = 0; cut <= all.size(); ++cut) {
      HttpRequestReader reader;
      Notes notes;
      reader.feed(all.first(cut), notes);
      EXPECT_EQ(reader.feed(all.subspan(cut), notes), one.state);
      EXPECT_EQ(notes.text, one.parts) << one.sent << " cut at " << cut;
    }
  }
}

TEST(HttpRequestReader, EndsAtALineThatIsTooLong) {
  HttpRequestReader reader;
  Notes notes;
  const std::string line = "GET /" + std::string(HttpRequestReader::kLongestLine, 'a');
  EXPECT_EQ(reader.feed({reinterpret_cast<const uint8_t*>(line.data()), line.size()}, notes), State::TooLong);
  EXPECT_EQ(notes.text, "");
  reader.reset();
  const std::string_view next = "GET /b HTTP/1.1\r\n";
  EXPECT_EQ(reader.feed({reinterpret_cast<const uint8_t*>(next.data()), next.size()}, notes), State::Fields);
  EXPECT_EQ(notes.text, "T(/b)");
}

TEST(FormDecoder, DoesNotMindWhereItIsCut) {
  constexpr std::string_view kSent = "a=%41+b%2Bc%%42%4%zz";
  for (size_t cut = 0; cut <= kSent.size(); ++cut) {
    FormDecoder decoder;
    std::string out;
    const std::span all(reinterpret_cast<const uint8_t*>(kSent.data()), kSent.size());
    decoder.feed(all.first(cut), out);
    decoder.feed(all.subspan(cut), out);
    EXPECT_EQ(out, "a=A b+c%B%4%zz") << cut;
  }
}

}  // namespace
}  // namespace sallyport
