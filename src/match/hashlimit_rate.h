// The rate and burst of -m hashlimit: as written, as kept, as printed.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/options.h"

namespace sallyport {

// As the kernel keeps it.
struct HashlimitRate {
  bool of_bytes = false;
  uint64_t average = 0;  // packets: the period in microseconds; bytes: the cost of 16 bytes
  uint64_t burst = 5;    // packets, or multiples of the rate; 0: none given for a rate of bytes
  uint64_t unit_s = 1;   // of the rate as written; entries last so long where nothing else is said

  // What a packet, or 16 bytes, cost of the credit that a bucket gains.
  uint64_t credits() const;
  uint64_t burst_credits() const;  // of packets
  // How many packets or bytes an interval may have.
  uint64_t per_interval() const;
};

// Fill an option's value; hashlimit_rate() makes sense of both together.
Result<void> parse_hashlimit_rate(std::string_view text, const RuleContext& rule, OptionValue& value);
Result<void> parse_hashlimit_burst(std::string_view text, const RuleContext& rule, OptionValue& value);

// Refuses what iptables or the kernel refuses of the two.
Result<HashlimitRate> hashlimit_rate(const OptionValue& rate, const OptionValue& burst, bool rate_match);

// Appends " RATE [--hashlimit-burst BURST]"; returns the expiry, in milliseconds, that goes without saying then.
uint64_t print_hashlimit_rate(const HashlimitRate& rate, std::string& out);

}  // namespace sallyport
