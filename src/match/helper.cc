// -m helper: the helper by which the packet's connection was expected. Counterpart of net/netfilter/xt_helper.c.
//
// The name may have more behind it ("ftp-2121"); an empty one asks for any helper.

#include "sallyport/helper.h"

#include "match/matches.h"
#include "sallyport/connection.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

// The structure's name field, without its final zero; iptables cuts what is longer.
constexpr size_t kMaxLength = 29;

class HelperMatch final : public Match {
 public:
  HelperMatch(std::string_view name, bool inverted) : name_(name), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override {
    const Connection* const master = packet.connection != nullptr ? packet.connection->master : nullptr;
    const Helper* const helper = master != nullptr && master->extra != nullptr ? master->extra->helper : nullptr;
    if (helper == nullptr) return inverted_;
    return (name_.empty() || name_.starts_with(helper->name)) != inverted_;
  }

 private:
  std::string name_;
  bool inverted_;
};

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text.substr(0, kMaxLength);
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) { print_quoted(value.text, out); }

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<HelperMatch>(options["helper"].text, options["helper"].inverted);
}

}  // namespace

MatchType helper_match() {
  return {
      .name = "helper",
      .options = {{.name = "helper",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "a helper's name",
                   .parse = parse,
                   .print = print}},
      .create = create,
      .summary = "compares the helper by which the connection was expected",
  };
}

}  // namespace sallyport
