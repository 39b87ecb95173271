// Finds the tuple that a connection is mapped to. Counterpart of get_unique_tuple() in net/netfilter/nf_nat_core.c.
//
// A source keeps the mapping that it has, then its port, then takes a free one: from the range that the rule names,
// else from the class of its own (below 512, below 1024, the rest). The search begins anywhere and is bounded: 128
// ids in a row, then 64 elsewhere, down to 8. Towards the end of each round a TCP connection that is closing makes room
// for one whose sequence numbers are ahead of its own. IP addresses are chosen by hash, so that the same ends get the
// same one. A listening port of the host that NAT is to spare counts as taken.

#include "nat/range.h"

#include <algorithm>
#include <cstring>

#include "conntrack/tuple.h"
#include "sallyport/bytes.h"
#include "sallyport/lookup3.h"

namespace sallyport {
namespace {

constexpr uint32_t kMostAttempts = 128;
constexpr uint32_t kLeastAttempts = 16;
constexpr uint32_t kAttemptsThatEvict = 32;

// The tuple of the answers; nothing where there are none to be told apart. Counts as a look.
std::optional<Tuple> answers_to(const Tuple& tuple, const Connection& connection, NatSearch& search) {
  auto reply = inverted(tuple);
  if (!reply) return reply;
  reply->zone = connection.zone().reply;
  ++search.looks;
  return reply;
}

bool used(const Tuple& tuple, const Connection& connection, NatSearch& search) {
  const auto reply = answers_to(tuple, connection, search);
  if (!reply) return false;
  if (search.spared.hold_answers(tuple, connection)) return true;
  return search.table.taken(*reply, search.now, &connection);
}

// The same, but a mapped TCP connection that is closing is ended where its peer could not take the new one's packets
// for the old one's.
bool used_by_living(const Tuple& tuple, const Connection& connection, NatSearch& search) {
  if (tuple.protocol != kTcp || connection.tcp.state != TcpState::SynSent) return used(tuple, connection, search);
  const auto reply = answers_to(tuple, connection, search);
  if (!reply) return false;
  if (search.spared.hold_answers(tuple, connection)) return true;
  Direction direction = Direction::Original;
  Connection* const owner = search.table.find(*reply, search.now, direction);
  if (owner == nullptr) return false;
  const bool closing = owner->tcp.state == TcpState::TimeWait || owner->tcp.state == TcpState::Close;
  const bool ahead = static_cast<int32_t>(connection.tcp.seen[0].end - owner->tcp.seen[0].end) > 0;
  if (direction == Direction::Original || !closing || !owner->has(kStatusSourceNat) || !ahead) return true;
  search.table.kill(*owner);
  return false;
}

// ICMP's identifier counts as the source's at either end.
uint16_t& id_at(Tuple& tuple, NatEnd end) {
  return end == NatEnd::Source || is_icmp(tuple) ? tuple.source_id : tuple.destination_id;
}

bool id_in_range(Tuple tuple, NatEnd end, const NatRequest& request) {
  if (!is_icmp(tuple) && !has_ports(tuple.protocol) && tuple.protocol != kGre) return true;
  const uint16_t id = id_at(tuple, end);
  return id >= request.low_id && id <= request.high_id;
}

bool in_range(const Tuple& tuple, const NatRequest& request) {
  if (request.has_addresses) {
    const IpAddress source = tuple.source_address();
    if (source < request.low || source > request.high) return false;
  }
  return !request.has_ids || id_in_range(tuple, NatEnd::Source, request);
}

// As the address lies in memory, word by word, which is how it is hashed.
std::array<uint32_t, 4> words_of(const std::array<uint8_t, 16>& address) {
  std::array<uint32_t, 4> words;
  std::memcpy(words.data(), address.data(), 16);
  return words;
}

void choose_address(Tuple& tuple, NatEnd end, const NatRequest& request) {
  if (!request.has_addresses) return;
  auto& address = end == NatEnd::Source ? tuple.source : tuple.destination;
  if (request.low == request.high) {
    address = request.low.bytes;
    return;
  }
  const auto source = words_of(tuple.source);
  const auto destination = words_of(tuple.destination);
  const size_t last = tuple.family == Family::Ipv4 ? 0 : 3;
  uint32_t hash = lookup3(std::span(source), request.persistent ? 0 : destination[last] ^ tuple.zone);
  // Once a word is below the range's end, those behind it are free to be anything.
  bool below_end = false;
  for (size_t i = 0; i <= last; ++i) {
    const uint32_t low = below_end ? 0 : load_be32(request.low.bytes.data() + 4 * i);
    const uint32_t high = load_be32(request.high.bytes.data() + 4 * i);
    const uint32_t count = below_end ? ~0u : high - low + 1;
    const uint32_t word = low + static_cast<uint32_t>(uint64_t{hash} * count >> 32);
    store_be32(address.data() + 4 * i, word);
    below_end |= word != high;
    // The destination as it is by now, which at that end is the new one.
    if (!request.persistent) hash ^= words_of(tuple.destination)[i];
  }
}

// From where a free id is taken.
struct IdRange {
  uint32_t low = 0;
  uint32_t size = 0;  // 0: this protocol's id is not to be changed
};

IdRange id_range(const Tuple& tuple, const Connection& connection, NatEnd end, const NatRequest& request) {
  const bool icmp = is_icmp(tuple), gre = tuple.protocol == kGre;
  if (!icmp && !gre && !has_ports(tuple.protocol)) return {};
  if (gre && connection.master == nullptr) return {};
  if (request.has_ids) {
    const auto [low, high] = std::minmax(request.low_id, request.high_id);
    return {low, high - low + 1u};
  }
  if (icmp) return {0, 65536};
  if (gre) return {1, 65535};
  if (end == NatEnd::Destination) return {};
  if (tuple.source_id < 512) return {1, 511};
  if (tuple.source_id < 1024) return {600, 424};
  return {1024, 64512};
}

void choose_id(Tuple& tuple, const Connection& connection, NatEnd end, const NatRequest& request, NatSearch& search) {
  const IdRange range = id_range(tuple, connection, end, request);
  if (range.size == 0) return;
  uint16_t& id = id_at(tuple, end);
  const auto anywhere = [&] { return search.random.next32() & 0xffff; };
  uint32_t offset = 0;
  if (request.has_base) {
    offset = static_cast<uint16_t>(id - request.base);
  } else if (request.random || end == NatEnd::Source) {
    offset = anywhere();
  }
  for (uint32_t attempts = std::min(range.size, kMostAttempts);; attempts /= 2) {
    for (uint32_t i = 0; i < attempts; ++i, ++offset) {
      id = static_cast<uint16_t>(range.low + offset % range.size);
      const bool evicts = attempts - i <= kAttemptsThatEvict;
      if (!(evicts ? used_by_living(tuple, connection, search) : used(tuple, connection, search))) return;
    }
    if (attempts >= range.size || attempts < kLeastAttempts) return;
    offset = anywhere();
  }
}

// The mapping that the source of `current` has for another connection, where the request allows it.
bool reuse_mapping(const Tuple& current, const NatRequest& request, const NatSearch& search, Tuple& found) {
  return search.by_source.any_of(current, [&](const Connection& other) {
    const auto mapped = inverted(other.tuple(Direction::Reply));
    if (!mapped) return false;
    found = current;
    found.source = mapped->source;
    found.source_id = mapped->source_id;
    return in_range(found, request);
  });
}

}  // namespace

Tuple unique_tuple(const Tuple& current, const Connection& connection, NatEnd end, const NatRequest& request,
                   NatSearch& search) {
  if (end == NatEnd::Source && !request.random) {
    Tuple found;
    if (in_range(current, request)) {
      if (!used(current, connection, search)) return current;
    } else if (reuse_mapping(current, request, search, found) && !used(found, connection, search)) {
      return found;
    }
  }
  Tuple tuple = current;
  choose_address(tuple, end, request);
  if (!request.random) {
    if (!request.has_ids) {
      if (!used(tuple, connection, search)) return tuple;
    } else if (!request.has_base && id_in_range(tuple, end, request) &&
               (request.low_id == request.high_id || !used(tuple, connection, search))) {
      return tuple;
    }
  }
  choose_id(tuple, connection, end, request, search);
  return tuple;
}

}  // namespace sallyport
