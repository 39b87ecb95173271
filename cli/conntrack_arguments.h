// conntrack(8)'s command line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sallyport/connection_filter.h"
#include "sallyport/connection_text.h"
#include "sallyport/result.h"

namespace sallyport::cli {

enum class ConntrackCommand : uint8_t { None, List, Get, Delete, Update, Flush, Events, Count, Stats, Help };

struct ConntrackArguments {
  ConntrackCommand command = ConntrackCommand::None;
  ConnectionFilter filter = {};
  ConnectionChange change = {};
  ConnectionStyle style = {};
  bool style_given = false;
  // Of -e: which events are wanted.
  bool wants_new = true;
  bool wants_update = true;
  bool wants_destroy = true;
  std::string from = {};
};

// As conntrack(8) 1.4.7 takes it, and --from FILE.
Result<ConntrackArguments> parse_conntrack_arguments(std::span<const std::string> words);
// The filters alone, of one line of text: "-p tcp -s 10.0.0.0/8".
Result<ConnectionFilter> parse_filter_text(std::string_view text);

// What -o takes: words with commas between them. Adds to `style` what they ask for.
Result<void> parse_style(std::string_view text, ConnectionStyle& style);

}  // namespace sallyport::cli
