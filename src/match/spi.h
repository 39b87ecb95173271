// The security parameter index of ESP and AH, which both matches compare alike.
#pragma once

#include "sallyport/options.h"

namespace sallyport {

struct SpiTest {
  uint32_t low = 0;
  uint32_t high = UINT32_MAX;
  bool inverted = false;

  bool holds(uint32_t spi) const { return (spi >= low && spi <= high) != inverted; }
};

// Of an option's value; any index where the option is absent.
inline SpiTest spi_test(const OptionValue& value) {
  if (!value.present) return {};
  return {static_cast<uint32_t>(value.number), static_cast<uint32_t>(value.upper), value.inverted};
}

// The range of all indexes is not saved, not even behind "!".
inline void save_spi(const OptionSpec& spec, const OptionValue& value, const RuleContext& rule, std::string& out) {
  if (value.present && !(value.number == 0 && value.upper == UINT32_MAX)) print_option(spec, value, rule, out);
}

}  // namespace sallyport
