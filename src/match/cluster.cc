// -m cluster: whether a connection is this node's, of several nodes that see the same packets. Counterpart of
// net/netfilter/xt_cluster.c.
//
// The source address of the connection, or of the one that it was expected by, decides by Jenkins' lookup3. Of an IPv6
// address only the first 32 bits do.

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <span>

#include "match/matches.h"
#include "sallyport/connection.h"
#include "sallyport/lookup3.h"

namespace sallyport {
namespace {

constexpr uint64_t kMostNodes = 32;

class ClusterMatch final : public Match {
 public:
  ClusterMatch(uint32_t nodes, uint32_t own, uint32_t seed, bool inverted)
      : nodes_(nodes), own_(own), seed_(seed), inverted_(inverted) {}

  bool matches(const Packet& packet, HookContext&) override {
    const Connection* connection = packet.connection;
    if (connection == nullptr) return false;
    if (connection->master != nullptr) connection = connection->master;
    const uint32_t node = static_cast<uint32_t>(uint64_t{hash_of(*connection)} * nodes_ >> 32);
    return ((own_ >> node & 1) != 0) != inverted_;
  }

 private:
  // Of the address's first four bytes as they lie in memory: all that the kernel looks at, also of IPv6.
  uint32_t hash_of(const Connection& connection) const {
    std::array<uint32_t, 1> word = {};
    std::memcpy(word.data(), connection.tuple(Direction::Original).source.data(), sizeof word);
    return lookup3(std::span<const uint32_t, 1>(word), seed_);
  }

  uint32_t nodes_;
  uint32_t own_;
  uint32_t seed_;
  bool inverted_;
};

struct Own {
  uint32_t nodes;  // a bit each
  bool inverted;
};
Own own_of(const Options& options) {
  const OptionValue& node = options["cluster-local-node"];
  const OptionValue& mask = options["cluster-local-nodemask"];
  if (node.present) return {1u << (node.number - 1), node.inverted};
  return {static_cast<uint32_t>(mask.number), mask.inverted};
}

Result<void> check(Options& options, const RuleContext&) {
  if (!options.has("cluster-local-node") && !options.has("cluster-local-nodemask")) {
    return fail("cluster does not say which node this is", "--cluster-local-node or --cluster-local-nodemask");
  }
  const uint64_t nodes = options.number("cluster-total-nodes");
  if (own_of(options).nodes < uint64_t{1} << nodes) return {};
  return fail(fmt::format("of {} nodes this can be none", nodes), "a node from 1 to --cluster-total-nodes");
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const Own own = own_of(options);
  out += fmt::format("{} --cluster-local-nodemask {:#010x} --cluster-total-nodes {} --cluster-hash-seed {:#010x}",
                     own.inverted ? " !" : "", own.nodes, options.number("cluster-total-nodes"),
                     options.number("cluster-hash-seed"));
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const Own own = own_of(options);
  return std::make_unique<ClusterMatch>(static_cast<uint32_t>(options.number("cluster-total-nodes")), own.nodes,
                                        static_cast<uint32_t>(options.number("cluster-hash-seed")), own.inverted);
}

}  // namespace

MatchType cluster_match() {
  return {
      .name = "cluster",
      .options = {{.name = "cluster-total-nodes",
                   .kind = OptionKind::U32,
                   .required = true,
                   .min = 1,
                   .max = kMostNodes,
                   .summary = "how many nodes there are"},
                  {.name = "cluster-local-node",
                   .kind = OptionKind::U32,
                   .invertible = true,
                   .min = 1,
                   .max = kMostNodes,
                   .group = 1,
                   .summary = "which of them this is, from 1"},
                  {.name = "cluster-local-nodemask",
                   .kind = OptionKind::U32,
                   .invertible = true,
                   .min = 1,
                   .max = kMostNodes,
                   .group = 1,
                   .summary = "or several, the first as the lowest bit"},
                  {.name = "cluster-hash-seed",
                   .kind = OptionKind::U32,
                   .required = true,
                   .summary = "the same on all nodes"}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "whether the connection is this node's of a cluster",
  };
}

}  // namespace sallyport
