// Network address translation on its hooks. Counterpart of net/netfilter/nf_nat_core.c.
//
// A connection's two ends are decided once each, by its first packet: by a rule, else "as it is", which is a mapping
// too, so that no later one can take its place. The mapping lives in the reply tuple: what answers will look like says
// how to write the packets of both directions.

#include "nat/nat_module.h"

#include <algorithm>
#include <utility>

#include "conntrack/sequence_shift.h"
#include "conntrack/tuple.h"
#include "nat/rewrite.h"

namespace sallyport {
namespace {

NatEnd end_of(Hook hook) {
  return hook == Hook::Postrouting || hook == Hook::Input ? NatEnd::Source : NatEnd::Destination;
}

uint32_t done_bit(NatEnd end) { return end == NatEnd::Source ? kStatusSourceNatDone : kStatusDestinationNatDone; }

// What makes a packet of that direction need that end rewritten: answers undo at one end what was done at the other.
uint32_t mapped_bit(NatEnd end, Direction direction) {
  const bool source = (end == NatEnd::Source) == (direction == Direction::Original);
  return source ? kStatusSourceNat : kStatusDestinationNat;
}

// The tuple that packets of `direction` have behind the mapping.
Tuple mapped_tuple(const Connection& connection, Direction direction) {
  const Tuple other = connection.tuple(opposite(direction));
  return inverted(other).value_or(other);
}

bool is_redirect(const Packet& packet) {
  constexpr uint8_t kIpv4Redirect = 5, kIpv6Redirect = 137;
  const uint8_t* const header = packet.transport(1);
  return header != nullptr && header[0] == (packet.family == Family::Ipv4 ? kIpv4Redirect : kIpv6Redirect);
}

}  // namespace

NatModule::NatModule(ConnectionTable& table, Random& random, const SipHashKey& key, SparedPorts spared)
    : table_(table), random_(random), by_source_(table, key), spared_(std::move(spared)) {
  table.listen(*this);
}

Verdict NatModule::handle(Packet& packet, HookContext& context) {
  Connection* const connection = packet.connection;
  if (connection == nullptr) return Verdict::accept();
  const NatEnd end = end_of(context.hook);
  const PacketState state = packet_state(packet);
  if (state == PacketState::Related && is_icmp(packet)) {
    return translate_error(packet, end) ? Verdict::accept() : Verdict::drop();
  }
  const bool first = state == PacketState::New || state == PacketState::Related;
  if (first && !connection->has(done_bit(end))) {
    const Verdict verdict = decide(packet, context, end);
    if (verdict.kind != Verdict::Kind::Accept) return verdict;
  } else if (context.hook == Hook::Postrouting && connection->masquerade != kNoInterface &&
             connection->masquerade != context.out && packet_direction(packet) == Direction::Original) {
    table_.kill(*connection);
    return Verdict::drop();
  }
  if (first && end == NatEnd::Source && !connection->has(kStatusConfirmed) && !spared_.empty() &&
      spared_.hold_answers(mapped_tuple(*connection, Direction::Original), *connection)) {
    return refuse(packet, context);
  }
  const Direction direction = packet_direction(packet);
  if (!connection->has(mapped_bit(end, direction))) return Verdict::accept();
  const IpAddress before = packet.destination();
  rewrite(packet, mapped_tuple(*connection, direction), end);
  const bool moved = context.hook == Hook::Output && packet.destination() != before;
  return !moved || context.output->reroute(packet) ? Verdict::accept() : Verdict::drop();
}

// The rules' turn; where they say nothing the end stays as it is.
Verdict NatModule::decide(Packet& packet, HookContext& context, NatEnd end) {
  if (HookModule* const rules = rules_[static_cast<size_t>(packet.family)]; rules != nullptr) {
    context.nat = this;
    const Verdict verdict = rules->handle(packet, context);
    context.nat = nullptr;
    if (verdict.kind != Verdict::Kind::Accept) return verdict;
  }
  Connection& connection = *packet.connection;
  if (connection.has(done_bit(end)) || connection.has(kStatusConfirmed)) return Verdict::accept();
  const Tuple reply = connection.tuple(Direction::Reply);
  NatRequest as_it_is = {.has_addresses = true};
  as_it_is.low = as_it_is.high = end == NatEnd::Source ? reply.destination_address() : reply.source_address();
  set_up(connection, end, as_it_is, context.now());
  return Verdict::accept();
}

// Nothing was left but a port that is spared: as where nothing is free, which shows only later.
Verdict NatModule::refuse(const Packet& packet, const HookContext& context) {
  ++table_.counters.insert_failed;
  ++table_.counters.drop;
  dropped(packet, context);
  return Verdict::drop();
}

void NatModule::map(Packet& packet, const HookContext& context, NatEnd end, const NatRequest& request) {
  Connection* const connection = packet.connection;
  if (connection == nullptr || connection->has(kStatusConfirmed) || connection->has(done_bit(end))) return;
  const uint32_t looks = set_up(*connection, end, request, context.now());
  attempt_ = {.connection = connection->sequence, .end = end, .request = request, .looks = looks};
}

uint32_t NatModule::set_up(Connection& connection, NatEnd end, const NatRequest& request, Timestamp now) {
  NatSearch search = {table_, by_source_, spared_, random_, now};
  const Tuple reply = connection.tuple(Direction::Reply);
  if (auto current = inverted(reply)) {
    current->zone = connection.zone().original;
    const Tuple mapped = unique_tuple(*current, connection, end, request, search);
    if (mapped != *current) {
      Tuple answer = inverted(mapped).value_or(reply);
      answer.zone = reply.zone;
      table_.set_reply(connection, answer);
      connection.status |= end == NatEnd::Source ? kStatusSourceNat : kStatusDestinationNat;
    }
  }
  connection.status |= done_bit(end);
  if (end == NatEnd::Source) by_source_.add(connection);
  return search.looks;
}

std::optional<uint16_t> NatModule::expect(Connection& master, Expectation expectation, const HelperContext& context) {
  const uint16_t first = expectation.tuple.destination_id;
  constexpr uint32_t kMostAttempts = 128;
  const uint32_t above = UINT16_MAX - first;
  for (uint32_t i = 0; i <= std::min(above, kMostAttempts); ++i) {
    const uint32_t step = i == 0 ? 0 : random_.next32() % above;
    expectation.tuple.destination_id = static_cast<uint16_t>(first + step);
    if (spares(expectation.tuple)) continue;
    const Expected result = context.expecter->expect(master, expectation, context.now);
    if (result == Expected::Added) return expectation.tuple.destination_id;
    if (result == Expected::Already) break;
  }
  return std::nullopt;
}

bool NatModule::write(Packet& packet, PayloadPart part, std::string_view text) {
  return replace_payload(packet, part, text);
}

void NatModule::grew(const Packet& packet, Connection& connection, int32_t bytes) {
  if (packet.protocol != kTcp) return;
  add_sequence_shift(connection, packet_direction(packet), load_be32(packet.transport(20) + 4), bytes);
}

void NatModule::follow(Connection& connection, const Expectation& expectation, Expecter& expecter, Timestamp now) {
  using Kind = ExpectedMapping::Kind;
  const ExpectedMapping& mapping = expectation.mapping;
  const Tuple told = connection.master->tuple(mapping.announced_by);
  const auto set = [&](NatEnd end, const IpAddress& address, std::optional<uint16_t> id = {}) {
    NatRequest request = {.has_addresses = true, .has_ids = id.has_value(), .low = address, .high = address};
    request.low_id = request.high_id = id.value_or(0);
    set_up(connection, end, request, now);
  };
  const auto when = [](bool has, uint16_t id) { return has ? std::optional(id) : std::nullopt; };
  if (mapping.kind == Kind::AsMaster) {
    set(NatEnd::Source, told.destination_address());
    set(NatEnd::Destination, told.source_address(), mapping.id);
  } else if (mapping.kind == Kind::PptpCall) {
    const bool keyed_source = mapping.announced_by == Direction::Reply;
    set(NatEnd::Source, told.destination_address(), when(keyed_source, mapping.id));
    set(NatEnd::Destination, told.source_address(), when(!keyed_source, mapping.id));
  } else {
    const Tuple original = connection.tuple(Direction::Original);
    set(NatEnd::Destination, mapping.address, mapping.id);
    const bool medium = mapping.kind == Kind::SipMedium;
    const Expectation* const way_back = medium ? expecter.find_led_to(*connection.master, original, now) : nullptr;
    if (way_back != nullptr) {
      set(NatEnd::Source, way_back->tuple.destination_address(), way_back->tuple.destination_id);
    } else if (original.source == connection.master->tuple(opposite(mapping.announced_by)).source) {
      set(NatEnd::Source, told.destination_address());
    }
  }
}

void NatModule::dropped(const Packet& packet, const HookContext& context) {
  if (context.events != nullptr) tell_exhausted(packet, context, attempt_);
}

void NatModule::bind(Packet& packet, InterfaceId out) {
  if (packet.connection != nullptr) packet.connection->masquerade = out;
}

// As the kernel does when an interface goes down or loses an address: what answers is at home there no longer.
void NatModule::forget_masqueraded(InterfaceId interface, const std::optional<IpAddress>& address, Timestamp now) {
  for (const Connection* const connection : table_.list(now)) {
    if (connection->masquerade != interface) continue;
    if (address && connection->tuple(Direction::Reply).destination_address() != *address) continue;
    table_.kill(table_.at(connection->number));
  }
}

void NatModule::ended(Connection& connection) {
  if (connection.has(kStatusSourceNatDone)) by_source_.remove(connection);
}

// The error itself is rewritten as its connection's packets are; what it quotes went the other way, so there the other
// end is.
bool NatModule::translate_error(Packet& packet, NatEnd end) {
  const Connection& connection = *packet.connection;
  if (is_redirect(packet)) {
    if (!connection.has(kStatusSourceNatDone | kStatusDestinationNatDone)) return false;
    if ((connection.status & (kStatusSourceNat | kStatusDestinationNat)) != 0) return false;
  }
  const Direction direction = packet_direction(packet);
  if (!connection.has(mapped_bit(end, direction))) return true;
  const NatEnd quoted_end = end == NatEnd::Source ? NatEnd::Destination : NatEnd::Source;
  if (!rewrite_quoted(packet, connection.tuple(opposite(direction)), quoted_end)) return false;
  rewrite(packet, mapped_tuple(connection, direction), end);
  return true;
}

}  // namespace sallyport
