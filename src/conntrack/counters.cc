// The counters as the kernel shows them. Counterpart of ct_cpu_seq_show() in net/netfilter/nf_conntrack_standalone.c.

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "sallyport/connection_counters.h"

namespace sallyport {

std::string ConnectionCounters::text() const {
  // Those that today's kernel no longer counts stand there as 0.
  const std::pair<std::string_view, uint64_t> columns[] = {{"entries ", entries},
                                                           {" clashres", clash_resolve},
                                                           {" found", found},
                                                           {" new", 0},
                                                           {" invalid", invalid},
                                                           {" ignore", 0},
                                                           {" delete", 0},
                                                           {" chainlength", chain_too_long},
                                                           {" insert", insert},
                                                           {" insert_failed", insert_failed},
                                                           {" drop", drop},
                                                           {" early_drop", early_drop},
                                                           {" icmp_error", icmp_error},
                                                           {"  expect_new", expect_new},
                                                           {" expect_create", expect_create},
                                                           {" expect_delete", expect_delete},
                                                           {" search_restart", 0}};
  std::string names, values;
  for (const auto& [name, value] : columns) {
    names += name;
    const std::string_view blanks = name.starts_with("  ") ? "  " : name.starts_with(' ') ? " " : "";
    values += fmt::format("{}{:08x}{}", blanks, value, name.ends_with(' ') ? " " : "");
  }
  return names + "\n" + values + "\n";
}

}  // namespace sallyport
