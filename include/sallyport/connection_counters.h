// What connection tracking counts.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport {

// What `conntrack -S` counts, under the names of /proc/net/stat/nf_conntrack.
struct ConnectionCounters {
  uint64_t entries = 0;  // as they stand
  uint64_t found = 0;
  uint64_t invalid = 0;
  uint64_t insert = 0;
  uint64_t insert_failed = 0;
  uint64_t drop = 0;
  uint64_t early_drop = 0;
  uint64_t icmp_error = 0;
  uint64_t clash_resolve = 0;
  uint64_t chain_too_long = 0;
  uint64_t expect_new = 0;
  uint64_t expect_create = 0;
  uint64_t expect_delete = 0;

  // As that file shows them, with the line of their names; conntrack -S --from FILE reads it.
  std::string text() const;
};

}  // namespace sallyport
