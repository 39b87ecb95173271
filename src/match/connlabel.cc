// -m connlabel: whether a label is set on the connection; sets it, where asked to. Counterpart of
// net/netfilter/xt_connlabel.c.
//
// Labels are 128 bits of a connection. This machine's /etc/xtables/connlabel.conf may give them names.

#include <fmt/format.h>

#include <algorithm>

#include "match/label_names.h"
#include "match/matches.h"
#include "sallyport/connection.h"

namespace sallyport {
namespace {

constexpr uint64_t kMostLabels = 128;

class ConnlabelMatch final : public Match {
 public:
  ConnlabelMatch(uint64_t label, bool set, bool inverted)
      : word_(label / 64), bit_(uint64_t{1} << label % 64), set_(set), inverted_(inverted) {}

  bool matches(const Packet& packet, HookContext&) override {
    if (packet.connection == nullptr || packet.connection->extra == nullptr) return inverted_;
    uint64_t& word = packet.connection->extra->labels[word_];
    if ((word & bit_) != 0) return !inverted_;
    if (!set_) return inverted_;
    word |= bit_;
    packet.connection->pending_events |= kEventLabel;
    return !inverted_;
  }

 private:
  uint64_t word_;
  uint64_t bit_;
  bool set_;
  bool inverted_;
};

// iptables keeps a number in 32 bits with a sign, and gives the kernel 16 of them.
Result<void> parse_label(std::string_view text, const RuleContext&, OptionValue& value) {
  if (const auto number = text.empty() ? std::nullopt : parse_number(text); number) {
    const auto kept = static_cast<int32_t>(*number);
    value.number = static_cast<uint16_t>(kept);
    if (kept >= 0 && value.number < kMostLabels) return {};
    return fail(fmt::format("there is no label {}", text), fmt::format("0 to {}", kMostLabels - 1));
  }
  const auto names = label_names_of_this_machine();
  const auto found = std::ranges::find(names, text, &LabelName::name);
  if (found == names.end() || found->number >= kMostLabels) {
    return fail(fmt::format("there is no label \"{}\"", text),
                fmt::format("0 to {}, or a name that /etc/xtables/connlabel.conf gives", kMostLabels - 1));
  }
  value.number = found->number;
  return {};
}

void print_label(const OptionValue& value, const RuleContext&, std::string& out) {
  const auto names = label_names_of_this_machine();
  const auto found = std::ranges::find(names, value.number, &LabelName::number);
  out += found == names.end() ? fmt::format(" \"{}\"", value.number) : fmt::format(" \"{}\"", found->name);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& label = options["label"];
  return std::make_unique<ConnlabelMatch>(label.number, options.has("set"), label.inverted);
}

}  // namespace

MatchType connlabel_match() {
  return {
      .name = "connlabel",
      .options = {{.name = "label",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "a number from 0 to 127, or a name",
                   .parse = parse_label,
                   .print = print_label,
                   .summary = "which label"},
                  {.name = "set", .summary = "sets the label where it is not set, which then matches"}},
      .create = create,
      .summary = "whether a label is set on the connection",
  };
}

}  // namespace sallyport
