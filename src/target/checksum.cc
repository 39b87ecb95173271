// -j CHECKSUM: fills in a checksum that was left to the network card. Counterpart of net/netfilter/xt_CHECKSUM.c.
//
// The kernel does so only for packets that are marked as unfinished, which come from local senders and virtual
// machines. A packet that came over a wire is never so marked, and here neither is one that the engine makes: nothing
// is left to do.

#include "target/targets.h"

namespace sallyport {
namespace {

class ChecksumTarget final : public Target {
 public:
  Action apply(Packet&, HookContext&) override { return Action::go_on(); }
};

Result<std::unique_ptr<Target>> create(const Options&, const RuleContext&) {
  return std::make_unique<ChecksumTarget>();
}

}  // namespace

TargetType checksum_target() {
  return {
      .name = "CHECKSUM",
      .options = {{.name = "checksum-fill", .required = true, .summary = "fill an unfinished checksum"}},
      .tables = {"mangle"},
      .create = create,
      .summary = "finishes checksums that were left to the network card",
  };
}

}  // namespace sallyport
