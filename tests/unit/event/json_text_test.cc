// Text that came from anywhere, as a JSON string that no terminal and no reader trips over.

#include "sallyport/json_text.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using namespace std::string_view_literals;

struct JsonCase {
  std::string_view text;
  std::string_view quoted;
};

// CVE-2009-4487: escape sequences that a log hands to the terminal.
constexpr JsonCase kJsonCases[] = {
    {"plain", R"("plain")"},
    {"a\"b\\c", R"("a\"b\\c")"},
    {"\x1b[31mred\r\n", R"("\u001b[31mred\u000d\u000a")"},
    {"\0"sv, R"("\u0000")"},
    {"\x7f", R"("\u007f")"},
    {"\xc2\x9b"
     "31m",
     R"("\u009b31m")"},            // C1's CSI
    {"\x9b", R"("\ufffd")"},       // the same as a bare byte
    {"\xc2\xa0", "\"\xc2\xa0\""},  // the first beyond C1
    {"Gr\xc3\xbc\xc3\x9f", "\"Gr\xc3\xbc\xc3\x9f\""},
    {"\xe2\x82\xac \xf0\x9f\x90\xbb", "\"\xe2\x82\xac \xf0\x9f\x90\xbb\""},
    {"\xc3", R"("\ufffd")"},                      // cut off
    {"\xc0\xaf", R"("\ufffd\ufffd")"},            // overlong
    {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},  // a surrogate
    {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},
};

TEST(JsonText, EscapesWhatMustNotStandInALine) {
  for (const JsonCase& test : kJsonCases) EXPECT_EQ(json_quoted(test.text), test.quoted);
}

}  // namespace
}  // namespace sallyport
