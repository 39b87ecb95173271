// The filters -n, -g and -j of conntrack(8) and ours, on the same table: that of the kernel.

#include "kernel/nat_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "kernel/listings.h"
#include "kernel/tool.h"
#include "sallyport/connection_filter.h"
#include "sallyport/connection_text.h"

namespace sallyport::kernel {
namespace {

struct Option {
  const char* word;
  std::string_view counted;
  TranslationFilter ConnectionFilter::* filter;
};
constexpr Option kOptions[] = {{"-n", "listed with -n", &ConnectionFilter::source_nat},
                               {"-g", "listed with -g", &ConnectionFilter::destination_nat},
                               {"-j", "listed with -j", &ConnectionFilter::any_nat}};

using Lines = std::multiset<std::string>;

// As conntrack(8) lists it, without the timeout, which goes on, the number of users, among whom the reader is, and the
// helper, which the kernel's own listing does not name.
std::string comparable(const ConnectionRecord& read) {
  ConnectionRecord record = read;
  record.fields &= ~static_cast<uint32_t>(ConnectionRecord::Timeout | ConnectionRecord::Use | ConnectionRecord::Helper);
  std::string line;
  write_connection(record, {.form = ConnectionForm::Conntrack}, line);
  return line;
}

Lines chosen(std::string_view listing, const ConnectionFilter& filter) {
  ConnectionReader reader(listing, "");
  ConnectionRecord record;
  Lines lines;
  while (reader.next(record)) {
    // conntrack(8) compares the type of an ICMP query with that of its answer as if they were ports.
    if (filter.matches(record) && !record.is_icmp()) lines.insert(comparable(record));
  }
  if (reader.bad_lines() != 0) lines.insert("not understood: " + reader.errors().front().text());
  return lines;
}

std::string compare(Family family, const Option& option, Tally& tally) {
  constexpr const char* kTable = "/proc/net/nf_conntrack";
  const std::string name = family == Family::Ipv4 ? "ipv4" : "ipv6";
  const std::string before = content_of(kTable);
  const std::string theirs = run_tool({"conntrack", "-L", "-f", name, option.word}).out;
  // What ends meanwhile either may still have seen.
  const std::string after = content_of(kTable);
  ConnectionFilter filter;
  filter.family = family;
  (filter.*option.filter).wanted = true;
  ConnectionFilter all;
  const Lines wanted = chosen(theirs, all), ours = chosen(before, filter), left = chosen(after, filter);
  for (size_t i = 0; i < wanted.size(); ++i) tally.count(option.counted);
  std::string out;
  for (const std::string& line : wanted) {
    if (!ours.contains(line)) out += fmt::format("{}, conntrack(8) alone: {}\n", option.word, line);
  }
  for (const std::string& line : left) {
    if (!wanted.contains(line)) out += fmt::format("{}, ours alone: {}\n", option.word, line);
  }
  return out;
}

}  // namespace

std::string nat_filter_difference(Family family, Tally& tally) {
  std::string out;
  for (const Option& option : kOptions) out += compare(family, option, tally);
  return out;
}

}  // namespace sallyport::kernel
