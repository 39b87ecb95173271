// -m comment: a note for people; every packet matches. Counterpart of net/netfilter/xt_comment.c.

#include "match/matches.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

// The kernel keeps so much; iptables cuts the rest off without a word.
constexpr size_t kMaxLength = 255;

class CommentMatch final : public Match, public ReadsOnly {
 public:
  bool matches(const Packet&, HookContext&) override { return true; }
};

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text.substr(0, kMaxLength);
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) { print_quoted(value.text, out); }

Result<std::unique_ptr<Match>> create(const Options&, const RuleContext&) { return std::make_unique<CommentMatch>(); }

}  // namespace

MatchType comment_match() {
  return {
      .name = "comment",
      .options = {{.name = "comment",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "a text",
                   .parse = parse,
                   .print = print,
                   .summary = "a note of up to 255 bytes"}},
      .create = create,
      .summary = "holds a note",
  };
}

}  // namespace sallyport
