// Listings of connections: whatever is read is written, in each form, so that what reads back is the same again;
// nothing that is written moves a cursor. A table made of one lists what can be read again.

#include <cstdint>
#include <string>
#include <string_view>

#include "conntrack/listing.h"
#include "fuzz/fuzz_input.h"
#include "sallyport/connection_filter.h"
#include "sallyport/connection_summary.h"
#include "sallyport/connection_text.h"
#include "sallyport/host.h"

namespace {

void restore(std::string_view text) {
  using namespace sallyport;
  static const HostModel kHost = HostModel::pair("in0", "out0");
  static const Timeouts kTimeouts(kHost);
  ConnectionTable table(100, {1, 2});
  const auto restored = restore_connections(table, text, "fuzz", {.timeouts = kTimeouts, .find_helper = find_helper});
  table.reclaim();
  fuzz::require(table.size() <= table.most() && (!restored || *restored == table.size()));
  const std::string listing = list_connections(table, 0, kTimeouts, {.form = ConnectionForm::NfConntrack});
  ConnectionReader reader(listing, "listed");
  ConnectionRecord record;
  while (reader.next(record)) {
  }
  fuzz::require(reader.bad_lines() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  using fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ConnectionReader reader(text, "fuzz");
  ConnectionRecord record;
  ConnectionSummary summary;
  const ConnectionFilter filter{.source_nat = {.wanted = true}, .labels = {"bulk"}};
  while (reader.next(record)) {
    summary.add(record);
    (void)filter.matches(record);
    for (int form = 0; form <= static_cast<int>(ConnectionForm::Json); ++form) {
      const ConnectionStyle style{.form = static_cast<ConnectionForm>(form),
                                  .extended = true,
                                  .id = true,
                                  .labels = true,
                                  .timestamp = true,
                                  .kernel_timestamp = true};
      std::string written;
      write_connection(record, style, written);
      for (const char letter : written) require(letter == '\t' || (letter >= ' ' && letter < 0x7f));
      if (style.form == ConnectionForm::Xml || style.form == ConnectionForm::Save || style.form == ConnectionForm::Json)
        continue;
      ConnectionRecord again;
      ListedProblem problem;
      require(parse_connection(written, again, problem));
      std::string twice;
      write_connection(again, style, twice);
      require(written == twice);
    }
  }
  restore(text);
  require(summary.totals().connections <= size);
  require(reader.errors().size() <= ConnectionReader::kErrorsKept && reader.bad_lines() >= reader.errors().size());
  return 0;
}
