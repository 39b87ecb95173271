// What sallyport replay was told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/connection_text.h"
#include "sallyport/engine.h"

namespace sallyport::cli {

struct ReplayArguments {
  std::string rules;
  std::string rules6;
  std::vector<std::string> inputs;  // FILE or NAME=FILE
  std::string output;
  std::string host;
  std::string ingress;
  std::string counters;
  std::string counters6;
  std::string conntrack;
  ConnectionStyle conntrack_style = {.form = ConnectionForm::NfConntrack};
  std::string conntrack_events;
  ConnectionStyle conntrack_events_style = {};
  std::string expectation_events;
  std::string conntrack_from;
  std::string conntrack_stats;
  std::string proc_net;  // a folder
  std::string log;
  std::string nflog;
  std::string filter;
  std::vector<std::string> events;    // where they go
  std::vector<std::string> modules;   // NAME[:key=value,...]
  std::vector<std::string> commands;  // WHEN MODULE WORDS
  bool isolate = false;
  std::vector<std::string> module_path;  // folders
  uint64_t seed = 0;
  Checksums checksums = Checksums::Verify;
  bool all = false;
  bool follow = false;
  bool evasions = false;
  bool json = false;
  bool eve_strict = false;
};

}  // namespace sallyport::cli
