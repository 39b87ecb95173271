// Rule text: whatever is accepted saves to a text that reads and saves the same again, and compiles or is refused.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ruleset/linear_table.h"
#include "sallyport/ruleset.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  if (size == 0) return 0;
  const Family family = (data[0] & 1) != 0 ? Family::Ipv6 : Family::Ipv4;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto ruleset = read_ruleset(text, "fuzz", family, builtin_registry());
  if (!ruleset) {
    if (ruleset.error().empty()) std::abort();
    for (const Error& error : ruleset.error()) {
      if (error.what.empty() || error.line == 0) std::abort();
    }
    return 0;
  }
  const std::string saved = save_ruleset(*ruleset, true);
  auto again = read_ruleset(saved, "saved", family, builtin_registry());
  (void)again;
  for (const Table& table : ruleset->tables) (void)LinearTable::compile(table, family, "fuzz", {});
  return 0;
}
