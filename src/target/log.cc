// -j LOG: writes a line about the packet, in the kernel's form. Counterpart of net/netfilter/xt_LOG.c.

#include <fmt/format.h>

#include <array>
#include <string>

#include "target/log_line.h"
#include "target/targets.h"

namespace sallyport {
namespace {

constexpr uint8_t kDefaultLevel = 4;
constexpr size_t kLongestPrefix = 29;

class LogTarget final : public Target {
 public:
  LogTarget(uint8_t level, uint8_t flags, std::string prefix)
      : level_(level), flags_(flags), prefix_(std::move(prefix)) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.log != nullptr) log_packet(*context.log, level_, prefix_, flags_, packet, context);
    return Action::go_on();
  }

 private:
  uint8_t level_;
  uint8_t flags_;
  std::string prefix_;
};

constexpr std::string_view kLevelHint =
    "a number from 0 to 7, or emerg, alert, crit, error, warning, notice, info, debug";

// syslog's levels, and the one alias that iptables takes.
constexpr std::array<std::string_view, 8> kLevels = {"emerg",   "alert",  "crit", "error",
                                                     "warning", "notice", "info", "debug"};

Result<void> parse_level(std::string_view text, const RuleContext&, OptionValue& value) {
  if (const auto number = parse_number(text); number && *number < kLevels.size()) {
    value.number = *number;
    return {};
  }
  for (size_t level = 0; level < kLevels.size(); ++level) {
    if (text == kLevels[level] || (level == 0 && text == "panic")) {
      value.number = level;
      return {};
    }
  }
  return fail(fmt::format("\"{}\" is not a log level", text), std::string(kLevelHint));
}

Result<void> parse_prefix(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.empty()) return fail("--log-prefix is empty", "1 to 29 characters");
  value.text = text.substr(0, kLongestPrefix);  // iptables cuts a longer one and warns
  return {};
}

void print_prefix(const OptionValue& value, const RuleContext&, std::string& out) { print_quoted(value.text, out); }

void print_level(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (!value.present || (spec.name == "log-level" && value.number == kDefaultLevel)) continue;
    print_option(spec, value, rule, out);
  }
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  struct Flag {
    std::string_view name;
    uint8_t flag;
  };
  constexpr Flag kFlags[] = {{"log-tcp-sequence", kDumpTcpSequence},
                             {"log-tcp-options", kDumpTcpOptions},
                             {"log-ip-options", kDumpIpOptions},
                             {"log-uid", kDumpUid},
                             {"log-macdecode", kDumpMacDecode}};
  uint8_t flags = 0;
  for (const Flag& flag : kFlags) {
    if (options.has(flag.name)) flags |= flag.flag;
  }
  return std::make_unique<LogTarget>(static_cast<uint8_t>(options.number("log-level", kDefaultLevel)), flags,
                                     options["log-prefix"].text);
}

}  // namespace

TargetType log_target() {
  return {
      .name = "LOG",
      .options = {{.name = "log-prefix",
                   .kind = OptionKind::Custom,
                   .parse = parse_prefix,
                   .print = print_prefix,
                   .summary = "what the line begins with"},
                  {.name = "log-level",
                   .kind = OptionKind::Custom,
                   .hint = kLevelHint,
                   .parse = parse_level,
                   .print = print_level,
                   .summary = "syslog's level; 4, warning, unless given"},
                  {.name = "log-tcp-sequence", .summary = "TCP sequence numbers"},
                  {.name = "log-tcp-options", .summary = "TCP options in hexadecimal"},
                  {.name = "log-ip-options", .summary = "IP options in hexadecimal, IPv6 extension headers"},
                  {.name = "log-uid", .summary = "the local sender's user: there is none here"},
                  {.name = "log-macdecode", .summary = "the Ethernet header field by field"}},
      .save = save,
      .create = create,
      .summary = "writes a log line",
  };
}

}  // namespace sallyport
