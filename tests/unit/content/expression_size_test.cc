#include "content/expression_size.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

struct SizeCase {
  std::string_view expression;
  double size;  // letters, and ways from one to a next
};

constexpr SizeCase kSizeCases[] = {
    {"", 0},
    {"abc", 3 + 2},
    {"a|bc", 3 + 1},
    {"a*b", 2 + 2},
    {"a?b?c", 3 + 3},
    {"(ab)+", 2 + 2},
    {"a{3}", 3 + 2},
    {"a{2,4}", 4 + 3},
    {"a{2,}", 2 + 2},
    {"a{0}b", 1},
    {"(a|b){3}", 6 + 8},
    {"(a*b*){2}", 4 + 10},  // each to itself, and to every one behind it
    {"(a*b*){0,2}", 4 + 10},
    {"a{1000000}", 1999999},
    {"(?i)ab(?#a{9})", 2 + 1},
    {"(?<name>ab)(?:c)(?=d)", 4 + 3},
    {"[]a-z[:digit:]\\]]{2}", 2 + 1},
    {"\\x41\\x{41}\\p{Lu}\\|", 4 + 3},
    {"\\Qa{9}\\Eb", 5 + 4},
    {"a{,3}", 5 + 4},
    {"a{2", 3 + 2},
    {"a+?b*+", 2 + 3},
    {"a{2}{2}", 4 + 3},
    {"a)b", 2 + 1},
    {"(a", 1},
    {"\\", 1},
    {"[a", 1},
};

TEST(ExpressionSize, CountsLettersAndWays) {
  for (const SizeCase& one : kSizeCases) EXPECT_EQ(automaton_size(one.expression), one.size) << one.expression;
}

TEST(ExpressionSize, RefusesWhatWouldTakeLongToCompile) {
  EXPECT_TRUE(check_expression("((((a|b)*c){50}d){50}e)"));
  EXPECT_TRUE(check_expression("x[^\\n]{1,8000}y"));
  const auto refused = check_expression("((((a|b)*c){50}d){50}e){10}");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("32768"), std::string::npos) << refused.error().text();
  // What may be empty, again and again: the number of ways grows with the square.
  EXPECT_FALSE(check_expression("(a*b*){300}"));
  EXPECT_FALSE(check_expression(std::string(500, '(') + "a" + std::string(500, ')') + "{32767}{32767}"));
}

}  // namespace
}  // namespace sallyport
