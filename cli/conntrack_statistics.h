// sallyport conntrack -S: what the counters of a table say.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::cli {

// This machine's, from /proc/net/stat/nf_conntrack, a line per processor as conntrack -S prints it.
int own_statistics();
// Of a file: such a /proc/net/stat/nf_conntrack, or a listing, whose counters are summed.
int statistics(std::string_view text, const std::string& file);

}  // namespace sallyport::cli
