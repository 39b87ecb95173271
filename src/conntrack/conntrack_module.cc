// Connection tracking on its hooks. Counterpart of nf_conntrack_in() and nf_conntrack_confirm() in
// net/netfilter/nf_conntrack_core.c.
//
// A packet's connection is looked up by its tuple; a packet without one begins one, unconfirmed until it has passed
// every hook. The tracker of its protocol then says whether the packet belongs to the connection and how long that
// lives on.

#include "conntrack/conntrack_module.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "conntrack/icmp_error.h"
#include "conntrack/sequence_shift.h"
#include "conntrack/tuple.h"
#include "conntrack/tuple_columns.h"

namespace sallyport {
namespace {

// How often a SYN may replace one connection by another while it is looked up.
constexpr int kMostRepeats = 4;

// Which protocols' packets may be said twice without harm.
bool may_clash(const Connection& connection) {
  return connection.protocol != kTcp && connection.protocol != kSctp && connection.protocol != kIcmp &&
         connection.protocol != kIcmp6;
}

bool same_question(const Connection& a, const Connection& b) {
  return a.tuple(Direction::Original) == b.tuple(Direction::Original);
}

// Whether a packet of `loser` can as well be one of `winner`.
bool may_join(const Connection& winner, const Connection& loser) {
  if ((winner.status & (kStatusSourceNatDone | kStatusDestinationNatDone)) == 0) return true;
  return same_question(winner, loser) && winner.tuple(Direction::Reply) == loser.tuple(Direction::Reply);
}

// What a packet is to a connection that nobody has answered yet.
PacketState state_of_beginning(const Connection& connection) {
  return connection.has(kStatusExpected) ? PacketState::Related : PacketState::New;
}

void attach(Packet& packet, Connection* connection, const TrackContext& context) {
  packet.connection = connection;
  set_packet_state(packet, context.state, context.direction);
}

}  // namespace

ConntrackModule::ConntrackModule(const Router& router, const SipHashKey& key, const SipHashKey& expectation_key,
                                 std::span<const TimeoutPolicy> policies)
    : timeouts_(router),
      table_(static_cast<uint64_t>(router.sysctl("net.netfilter.nf_conntrack_max")), key),
      expectations_(static_cast<uint64_t>(router.sysctl("net.netfilter.nf_conntrack_expect_max")), expectation_key),
      calls_(table_, expectations_, expectation_key),
      router_(router) {
  table_.listen(*this);
  table_.listen(expectations_);
  for (const TimeoutPolicy& policy : policies) {
    policies_.push_back({policy.name, policy.family, policy.protocol, Timeouts(router, &policy)});
  }
}

// A policy is for connections of one family and one tracker; of what has no tracker of its own, for all of it.
Result<const Timeouts*> ConntrackModule::find_timeouts(std::string_view policy, Family family, uint8_t protocol) const {
  const auto found = std::ranges::find(policies_, policy, &Policy::name);
  if (found == policies_.end()) {
    return fail(fmt::format("the machine has no timeout policy \"{}\"", policy),
                "one that a [[timeout]] of the host model names");
  }
  const auto tracked = std::ranges::find(timeout_states(), protocol, &TimeoutStates::protocol);
  const uint8_t tracker = tracked != timeout_states().end() ? protocol : TimeoutPolicy::kGeneric;
  if (found->family != family || found->protocol != tracker) {
    const auto of = std::ranges::find(timeout_states(), found->protocol, &TimeoutStates::protocol);
    return fail(fmt::format("timeout policy \"{}\" is for {} {}", policy,
                            found->family == Family::Ipv4 ? "IPv4" : "IPv6", of->protocol_name),
                "a policy for this rule's family and protocol");
  }
  return &found->timeouts;
}

// What a helper set up ends with its connection, while what that expects is still known.
void ConntrackModule::killed(Connection& connection) {
  if (events_ != nullptr) events_->ended(connection, now_);
  const Helper* const helper = connection.extra != nullptr ? connection.extra->helper : nullptr;
  if (helper == nullptr || helper->ended == nullptr) return;
  helper->ended(connection, {.now = now_, .expecter = &expectations_, .calls = &calls_});
}

void ConntrackModule::began(const Expectation& expectation, const Connection& master, Timestamp deadline) {
  events_->tell_expectation(expectation, master, ListedEvent::New, deadline, now_);
}
void ConntrackModule::ceased(const Expectation& expectation, const Connection& master, Timestamp deadline) {
  events_->tell_expectation(expectation, master, ListedEvent::Destroy, deadline, now_);
}

Verdict ConntrackModule::handle(Packet& packet, HookContext& context) {
  // Seen already (it comes back by the loopback interface), or a rule said not to look.
  if (packet.connection != nullptr || packet_state(packet) == PacketState::Untracked) return Verdict::accept();
  const Verdict verdict = find_connection_of(packet, context);
  // What -j CT wanted is done with, also where the packet is INVALID.
  packet.connection_template = nullptr;
  return verdict;
}

Verdict ConntrackModule::find_connection_of(Packet& packet, const HookContext& context) {
  now_ = context.now();
  TrackContext tracking{.timeouts = &timeouts_, .now = now_, .hook = context.hook, .refusal = &refusal_};
  if (is_icmp(packet)) {
    const bool verify = timeouts_.verify_checksums && context.hook == Hook::Prerouting;
    const IcmpJudgement judgement =
        judge_icmp(packet, {table_, calls_, zone_of(packet), tracking.now, verify, refusal_});
    if (judgement == IcmpJudgement::Invalid) {
      ++table_.counters.invalid;
      refusals_.add(refusal_, packet, context);
    }
    if (judgement != IcmpJudgement::Query) return Verdict::accept();
  }
  for (int i = 0; i < kMostRepeats; ++i) {
    Connection* connection =
        packet.family == Family::Ipv4 ? look_up<4>(packet, tracking) : look_up<16>(packet, tracking);
    if (connection == nullptr) return leave_untracked(packet, context);
    const bool has_policy = connection->extra != nullptr && connection->extra->timeouts != nullptr;
    tracking.timeouts = has_policy ? connection->extra->timeouts : &timeouts_;
    const Timestamp deadline = connection->deadline;
    const Tracked tracked = track(*connection, packet, tracking);
    if (connection->has(kStatusFixedTimeout)) connection->deadline = deadline;
    // Also the packet that ends it, before that is told.
    if (timeouts_.accounting && connection->extra != nullptr && tracked == Tracked::Accept) {
      PacketCounts& counts = connection->extra->counts[index(tracking.direction)];
      ++counts.packets;
      counts.bytes += packet.length;
    }
    if (tracking.kill) table_.kill(*connection);
    tracking.kill = false;
    if (tracked == Tracked::Repeat) {
      forget(packet);
      continue;
    }
    if (tracked == Tracked::Invalid) {
      tell_refused(packet, tracking, context);
      forget(packet);
      ++table_.counters.invalid;
      return Verdict::accept();
    }
    if (tracked == Tracked::Ignored) [[unlikely]]
      refusals_.add(refusal_, packet, context);
    if (tracking.direction == Direction::Reply && !connection->has(kStatusSeenReply)) {
      connection->status |= kStatusSeenReply;
      connection->pending_events |= kEventReply;
    }
    return Verdict::accept();
  }
  return Verdict::drop();
}

// What cannot be looked up goes on as INVALID; where there was no room it does not go on.
Verdict ConntrackModule::leave_untracked(Packet& packet, const HookContext& context) {
  refusals_.add(refusal_, packet, context);
  return refusal_.reason == RefusalReason::TableFull ? Verdict::drop() : Verdict::accept();
}

// The event shows the connection that the packet was taken for, if that is one.
void ConntrackModule::tell_refused(Packet& packet, const TrackContext& tracking, const HookContext& context) {
  set_packet_state(packet, PacketState::Invalid, tracking.direction);
  if (!packet.connection->has(kStatusConfirmed)) packet.connection = nullptr;
  refusals_.add(refusal_, packet, context);
}

ConnectionCounters ConntrackModule::counters() const {
  ConnectionCounters counters = table_.counters;
  counters.entries = table_.size();
  return counters;
}

const Connection* ConntrackModule::find_connection(const Tuple& tuple, Zone zone, Timestamp now) const {
  return table_.peek(tuple, zone, now);
}

std::optional<Tuple> ConntrackModule::tuple_for(const Packet& packet) const {
  auto tuple = tuple_of(packet, 0);
  if (tuple && packet.protocol == kGre) calls_.complete(*tuple, packet.transport(8));
  return tuple;
}

Zone ConntrackModule::zone_of(const Packet& packet) {
  const ConnectionTemplate* wanted = packet.connection_template;
  if (wanted == nullptr) return {};
  if (!wanted->zone_from_mark) return wanted->zone;
  const auto by_mark = static_cast<uint16_t>(packet.mark);
  return {.original = wanted->zone.original != 0 ? by_mark : uint16_t{0},
          .reply = wanted->zone.reply != 0 ? by_mark : uint16_t{0}};
}

namespace {

// The tuples of a burst and whose they are.
template <size_t N>
struct Ahead {
  TupleColumns<N> columns;
  std::array<Packet*, TupleColumns<N>::kMost> packets;

  void add(Packet& packet) {
    const auto words = words_of<N>(packet);
    if (!words) return;
    packets[columns.size] = &packet;
    columns.add(*words);
  }
  void take_hashes(const ConnectionTable& table) {
    if (columns.size == 0) return;
    table.hash_all(columns);
    for (size_t i = 0; i < columns.size; ++i) {
      packets[i]->flow_hash = columns.hashes[i];
      packets[i]->flow_hashed = true;
      table.prefetch_bucket(columns.hashes[i]);
    }
  }
};

}  // namespace

void ConntrackModule::prepare(std::span<Packet> packets) const {
  Ahead<4> ipv4;
  Ahead<16> ipv6;
  for (Packet& packet : packets) {
    if (packet.transport_state != Transport::Present || packet.more_fragments) continue;
    // A key of GRE's may become known before its turn.
    if (packet.protocol == kGre) continue;
    packet.family == Family::Ipv4 ? ipv4.add(packet) : ipv6.add(packet);
  }
  ipv4.take_hashes(table_);
  ipv6.take_hashes(table_);
}

void ConntrackModule::sweep(Timestamp now, size_t packets) {
  now_ = now;
  table_.sweep(now, static_cast<uint32_t>(packets));
  if (!expectations_.empty()) expectations_.sweep(now);
}

template <size_t N>
Connection* ConntrackModule::look_up(Packet& packet, TrackContext& context) {
  context.direction = Direction::Original;
  Connection* connection = nullptr;
  if (packet.flow_hashed && packet.connection_template == nullptr) [[likely]] {
    // Seen ahead: it shows a tuple.
    const auto tuple = *words_of<N>(packet);
    connection = table_.find_ahead(tuple, packet.flow_hash, packet.flow_connection, context.now, context.direction);
    if (connection == nullptr) return begin_flow(tuple, packet, {}, context);
  } else {
    connection = look_up_anew<N>(packet, context);
    if (connection == nullptr || packet.connection == connection) return connection;
  }
  if (context.direction == Direction::Reply || connection->has(kStatusSeenReply)) {
    context.state = PacketState::Established;
  } else {
    context.state = state_of_beginning(*connection);
  }
  attach(packet, connection, context);
  return connection;
}

// Where nothing was seen ahead, or -j CT wants a zone. A connection that is new is the packet's already.
template <size_t N>
Connection* ConntrackModule::look_up_anew(Packet& packet, TrackContext& context) {
  auto tuple = words_of<N>(packet);
  if (!tuple) {
    refuse(context, RefusalReason::HeaderMissing, packet.transport_length());
    return nullptr;
  }
  if (packet.protocol == kGre) [[unlikely]] {
    Tuple keyed = tuple_from(*tuple);
    calls_.complete(keyed, packet.transport(8));
    tuple = words_of<N>(keyed);
  }
  const Zone zone = zone_of(packet);
  Connection* const connection = table_.find(*tuple, zone, context.now, context.direction);
  return connection != nullptr ? connection : begin_flow(*tuple, packet, zone, context);
}

// The first packet of a connection.
template <size_t N>
Connection* ConntrackModule::begin_flow(const TupleWords<N>& tuple, Packet& packet, Zone zone, TrackContext& context) {
  context.direction = Direction::Original;
  const auto reply = inverted(tuple);
  if (!reply) {
    refuse(context, RefusalReason::Unanswerable, 0, 0, *packet.transport(1));
    return nullptr;
  }
  Connection* const connection = begin(tuple, *reply, packet, zone, context);
  if (connection == nullptr) return nullptr;
  context.state = state_of_beginning(*connection);
  attach(packet, connection, context);
  return connection;
}

template <size_t N>
Connection* ConntrackModule::begin(const TupleWords<N>& original, const TupleWords<N>& reply, Packet& packet, Zone zone,
                                   TrackContext& context) {
  Connection* connection = table_.create(in_zone(original, zone.original), in_zone(reply, zone.reply), context.now);
  if (connection == nullptr) {
    refuse(context, RefusalReason::TableFull, 0, static_cast<uint32_t>(table_.most()));
    return nullptr;
  }
  if (timeouts_.accounting || timeouts_.timestamps || labels_) table_.extra(*connection);
  if (events_ != nullptr) table_.extra(*connection).created = context.now;
  const bool expected = !expectations_.empty() &&
                        follow_expectation(*connection, connection->tuple(Direction::Original), zone, context.now);
  const ConnectionTemplate* wanted = packet.connection_template;
  if (wanted != nullptr && wanted->events.chosen()) table_.extra(*connection).events = wanted->events;
  if (wanted != nullptr && wanted->timeouts != nullptr) table_.extra(*connection).timeouts = wanted->timeouts;
  if (wanted != nullptr && !expected) follow_template(*connection, *wanted);
  return connection;
}

bool ConntrackModule::follow_expectation(Connection& connection, const Tuple& tuple, Zone zone, Timestamp now) {
  const auto expected = expectations_.take(tuple, zone.original != 0 ? zone.original : zone.reply, now);
  if (!expected) return false;
  connection.status |= kStatusExpected;
  connection.mark = expected->master->mark;
  table_.set_master(connection, *expected->master);
  const Expectation& expectation = expected->expectation;
  if (expectation.helper != nullptr) table_.extra(connection).helper = expectation.helper;
  if (tuple.protocol == kGre) calls_.arrived(*expected->master, expectation, now);
  const bool led = expectation.mapping.kind != ExpectedMapping::Kind::None && nat_ != nullptr;
  if (led) nat_->follow(connection, expectation, expectations_, now);
  return true;
}

void ConntrackModule::follow_template(Connection& connection, const ConnectionTemplate& wanted) {
  if (wanted.helper == nullptr) return;
  table_.extra(connection).helper = wanted.helper;
  connection.status |= kStatusHelper;
}

Tracked ConntrackModule::track(Connection& connection, const Packet& packet, TrackContext& context) {
  switch (packet.protocol) {
    case kTcp:
      return track_tcp(connection, packet, context);
    case kUdp:
    case kUdplite:
      return track_udp(connection, packet, context);
    case kSctp:
      return track_sctp(connection, packet, context);
    case kGre:
      return track_gre(connection, packet, context);
    default:
      return is_icmp(packet) ? track_icmp(connection, packet, context) : track_generic(connection, packet, context);
  }
}

void ConntrackModule::forget(Packet& packet) {
  packet.connection = nullptr;
  packet.connection_state = 0;
}

// The helper's turn; then sequence numbers of a connection whose helper has changed lengths before this packet.
Verdict ConntrackModule::look_and_shift(Packet& packet, Connection& connection, const HookContext& context) {
  const bool mapped = (connection.status & (kStatusSourceNat | kStatusDestinationNat)) != 0;
  const HelperContext helping = {.now = context.now(),
                                 .state = packet_state(packet),
                                 .direction = packet_direction(packet),
                                 .expecter = &expectations_,
                                 .nat = mapped ? nat_ : nullptr,
                                 .calls = &calls_,
                                 .hook = &context};
  if (helping.state == PacketState::Related && helping.direction == Direction::Reply) return Verdict::accept();
  const bool shifted = connection.has(kStatusSequenceShifted) && !router_.interface(packet.in).loopback;
  const Helper* const helper = connection.extra->helper;
  if (helper != nullptr && helper->look != nullptr && !helper->look(packet, connection, helping)) {
    return Verdict::drop();
  }
  if (shifted && !shift_sequence(packet, connection, helping.direction)) return Verdict::drop();
  return Verdict::accept();
}

Verdict ConntrackModule::confirm(Packet& packet, HookContext& context) {
  Connection* connection = packet.connection;
  if (connection == nullptr) return Verdict::accept();
  if (connection->extra != nullptr) {
    const Verdict verdict = look_and_shift(packet, *connection, context);
    if (verdict.kind != Verdict::Kind::Accept) return verdict;
  }
  if (!connection->has(kStatusConfirmed) && packet_direction(packet) == Direction::Original) {
    if (connection->has(kStatusDying)) return Verdict::drop();
    if (timeouts_.timestamps) table_.extra(*connection).created = context.now();
    if (!table_.confirm(*connection, context.now())) return resolve_clash(packet, context);
    connection->pending_events |= connection->master != nullptr ? kEventRelated : kEventNew;
    if (connection->extra != nullptr && connection->extra->helper != nullptr) {
      connection->pending_events |= kEventHelper;
    }
  }
  if (events_ != nullptr && connection->pending_events != 0) [[unlikely]]
    events_->deliver(*connection, context.now());
  return Verdict::accept();
}

// While this packet was held somewhere, another made a connection known that has one of its connection's tuples. It
// joins that one where the two are the same in both directions. Where only what they ask is the same, and not what is
// answered, its own is found by answers for a moment.
Verdict ConntrackModule::resolve_clash(Packet& packet, const HookContext& context) {
  constexpr Duration kLasts = kSecond;
  const Timestamp now = context.now();
  Connection& own = *packet.connection;
  Connection* const others[] = {table_.holder(own, Direction::Original, now),
                                table_.holder(own, Direction::Reply, now)};
  if (others[0] == nullptr && others[1] == nullptr) return Verdict::drop();  // too many share a bucket
  const auto joined =
      std::ranges::find_if(others, [&](const Connection* other) { return other != nullptr && may_join(*other, own); });
  const bool joins = joined != std::end(others);
  if (!may_clash(own) || (!joins && others[1] != nullptr)) {
    ++table_.counters.drop;
    const bool asks_the_same = others[1] == nullptr || same_question(*others[1], own);
    if (clashes_ != nullptr && !asks_the_same) clashes_->dropped(packet, context);
    return Verdict::drop();
  }
  // It had been counted as a failure.
  --table_.counters.insert_failed;
  ++table_.counters.clash_resolve;
  if (!joins) {
    table_.confirm_reply(own, now + kLasts);
    return Verdict::accept();
  }
  Connection& other = **joined;
  if (timeouts_.accounting && own.extra != nullptr && other.extra != nullptr) {
    const size_t direction = index(packet_direction(packet));
    ++other.extra->counts[direction].packets;
    other.extra->counts[direction].bytes += own.extra->counts[direction].bytes;
  }
  packet.connection = &other;
  return Verdict::accept();
}

}  // namespace sallyport
