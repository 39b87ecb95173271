// An option of a match or a target, described once: parsing, saving, error texts and help come from the description.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/result.h"

namespace sallyport {

// What stands after an option, and how iptables-save prints it. In brackets: the OptionValue members that hold it.
enum class OptionKind : uint8_t {
  Flag,          // nothing
  U8,            // a number [number], read as strtoul reads it: decimal, 0x.., 0..; printed decimal
  U16,           //
  U32,           //
  U64,           //
  U8Range,       // N or N:M, either end may be missing [number, upper]; printed "N" when both ends are equal
  U16Range,      //
  U32Range,      //
  Hex32,         // a number printed as 0x%x [number]
  MaskedHex32,   // VALUE[/MASK] [number, mask]; printed 0xVALUE, and /0xMASK when the mask is not all ones
  Port,          // a port number or a service's name [number]
  PortRange,     // PORT or PORT:PORT [number, upper]
  PortList,      // PORT[,PORT|PORT:PORT]... [list]
  AddressMask,   // ADDRESS[/MASK] [address, upper_address = mask]
  AddressRange,  // ADDRESS[-ADDRESS] [address, upper_address]
  Text,          // a word or a quoted string [text]; printed quoted where iptables quotes
  Custom,        // `parse` and `print` say
};

// What one option of one rule was given. Only the members that its kind names have a meaning.
struct OptionValue {
  bool present = false;
  bool inverted = false;
  uint16_t order = 0;  // among those given to its match or target, from 1
  uint64_t number = 0;
  uint64_t upper = 0;
  uint64_t mask = 0;
  IpAddress address = {};
  IpAddress upper_address = {};
  std::string text = {};
  std::vector<std::pair<uint64_t, uint64_t>> list = {};
  bool operator==(const OptionValue&) const = default;
};

class ConnectionFinder;
class Options;
class PatternSet;
class SharedState;
class StreamPatterns;

// What parsing and printing may look at beside the option itself: the rule that it stands in.
struct RuleContext {
  Family family = Family::Ipv4;
  uint8_t protocol = 0;            // of -p; 0 for none or "all"
  bool protocol_inverted = false;  // ! -p
  std::string_view table = {};     // "filter"
  std::string_view chain = {};     // the chain in which the rule stands
  bool syn_required = false;       // of a target: a tcp match of the rule asks for SYN among set flags, not inverted
  uint8_t hooks = 0;               // of `create` only: hook_bit()s from which the rule can be reached
  uint32_t line = 0;               // of `create` only: where the rule stands in its file
  // Of `create` only: who looks for all patterns of the table at once; null where nobody does.
  PatternSet* patterns = nullptr;
  SharedState* shared = nullptr;  // of `create` only: what the engine's rules share by name
  StreamPatterns* streams = nullptr;
  const ConnectionFinder* connections = nullptr;  // of `create` only; null where none are tracked
  const Options* so_far = nullptr;  // of `parse`: the options of the same match or target read before this one
};

struct OptionSpec {
  std::string_view name = {};    // without the dashes, as iptables-save prints it
  std::string_view alias = {};   // another spelling that is read
  std::string_view alias2 = {};  //
  OptionKind kind = OptionKind::Flag;
  bool invertible = false;
  bool required = false;
  bool repeatable = false;  // a second one replaces the first instead of being an error
  bool gathering = false;   // a second one is parsed into the first's value; Custom only
  uint64_t min = 0;         // of the numbers; checked beside the kind's own limits
  uint64_t max = UINT64_MAX;
  uint8_t words = 1;           // how many words follow, for Custom (joined by one blank in `text` of parse)
  uint32_t group = 0;          // of the options with equal group other than 0, at most one may be given
  std::string_view hint = {};  // what would be right, for errors and help: "a number from 0 to 255"
  // Custom only. `parse` fills the value or says what is wrong; `print` appends " VALUE..." with its leading blank.
  Result<void> (*parse)(std::string_view text, const RuleContext& rule, OptionValue& value) = nullptr;
  void (*print)(const OptionValue& value, const RuleContext& rule, std::string& out) = nullptr;
  std::string_view summary = {};  // one line for help and the manual
};

// The options of one match or target as a rule gave them, one OptionValue per OptionSpec of its type.
class Options {
 public:
  Options() = default;
  explicit Options(std::span<const OptionSpec> specs) : specs_(specs), values_(specs.size()) {}

  // By the option's `name`; it must be one of the type's.
  const OptionValue& operator[](std::string_view name) const;
  OptionValue& operator[](std::string_view name);
  bool has(std::string_view name) const { return (*this)[name].present; }
  // Given plainly, without "!".
  uint64_t number(std::string_view name, uint64_t otherwise = 0) const {
    const OptionValue& value = (*this)[name];
    return value.present ? value.number : otherwise;
  }

  std::span<const OptionSpec> specs() const { return specs_; }
  std::span<const OptionValue> values() const { return values_; }
  std::span<OptionValue> values() { return values_; }

 private:
  std::span<const OptionSpec> specs_;
  std::vector<OptionValue> values_;
};

// Appends the options as iptables-save prints them: " [! ]--NAME VALUE" for each that is present, in the type's order.
void print_options(const Options& options, const RuleContext& rule, std::string& out);
// Appends one of them.
void print_option(const OptionSpec& spec, const OptionValue& value, const RuleContext& rule, std::string& out);

// Fills `value` from the words that follow the option, for every kind, limits checked.
Result<void> parse_option(const OptionSpec& spec, std::string_view text, const RuleContext& rule, OptionValue& value);

// The pieces that kinds are made of, for `parse` and `print` of Custom options.

// Reads a whole word as strtoul(…, 0) would: decimal, 0x hexadecimal, 0 octal; blanks and one + may stand before it.
std::optional<uint64_t> parse_number(std::string_view text);
// A port number or, per /etc/services' names known to `protocol` (0: any), a service's name.
std::optional<uint16_t> parse_port(std::string_view text, uint8_t protocol);
// An Internet protocol by number or name; "all" is 0.
std::optional<uint8_t> parse_protocol(std::string_view text);
// How iptables-save prints a protocol: a name that it knows, else the number.
std::string protocol_name(uint8_t protocol);
// Appends a blank and the text, in double quotes with \ before " and \ where iptables-save quotes it.
void print_quoted(std::string_view text, std::string& out);

}  // namespace sallyport
