// honeypot: leads the new connections of a source to another machine for a while, and keeps that machine in check.
//
//   --module honeypot:outbound=20,outbound-each=5,period=1h,ttl=63
//   -A FORWARD -m rate_watch --name logins --over -j HONEYPOT --to 10.0.0.99 --lease 1h --log
//   -A FORWARD -s 10.0.0.5 -j HONEYPOT --release
//
// The rule that a packet meets is the trigger: its source gets a lease. From then on each connection that this source
// begins, to whomever, is mapped to the honeypot, until the lease is over: by time, by a rule, by the command "release
// ADDRESS". What has begun goes on where it is: established connections stay with their machine, steered ones with the
// honeypot. The rule itself decides nothing; the packet goes on to the next one. In the PREROUTING chain of mangle or
// nat the packet that triggers is led away itself, where it begins a connection.
//
// The source cannot tell: NAT gives answers, ICMP errors and what they quote the address that was asked; disguise.h
// takes care of the TTL; a connection never changes machines, so neither do window, options and sequence numbers. For
// TCP only a SYN is led away: what looks like the middle of a connection would be reset by a machine that does not know
// it.
//
// What the honeypot begins itself is limited (outbound.h); to a source with a lease it goes from the address which that
// source asked.

#include <sallyport/duration.h>
#include <sallyport/event.h>
#include <sallyport/host.h>
#include <sallyport/module.h>
#include <sallyport/per_connection.h>

#include <bit>

#include "honeypot/disguise.h"
#include "honeypot/leases.h"
#include "honeypot/outbound.h"
#include "networks.h"

namespace honeypot {
namespace {

using namespace sallyport;

constexpr Duration kUsualLease = 3600 * kSecond;
constexpr uint8_t kSyn = 0x02, kAck = 0x10, kTcpFlags = 0x17;  // of FIN, SYN, RST, ACK

// What a rule orders.
struct Order {
  Place place = {};
  Duration lease = kUsualLease;
  bool log = false;
  std::string table = {};
  std::string chain = {};
  uint32_t line = 0;
};

// A connection that was led away.
struct Steered {
  uint64_t lease = 0;  // its number; 0: none
  IpAddress source = {};
  Timestamp since = 0;
  Traffic traffic = {};
  uint8_t answer_ttl = 0;  // 0: it has not been answered yet
  bool told = false;       // its end
};

bool has_ports(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kUdplite || protocol == kDccp;
}

// ICMPv6 by which neighbours find each other (RFC 4861): no connection, and needed.
bool is_neighbour_discovery(const Packet& packet) {
  const uint8_t* const icmp = packet.protocol == kIcmp6 ? packet.transport(1) : nullptr;
  return packet.family == Family::Ipv6 && icmp != nullptr && icmp[0] >= 133 && icmp[0] <= 137;
}

double in_seconds(Duration duration) { return static_cast<double>(duration) / static_cast<double>(kSecond); }

class Honeypot final : public SharedObject {
 public:
  Honeypot(ModuleSetup& setup, const Limits& limits, uint32_t most, uint8_t ttl, std::vector<AddressMask> whitelist)
      : nat_(setup.nat()),
        leases_(most, setup.key(), Ended{this}),
        outbound_(limits, setup.key()),
        disguise_(ttl, setup.key()),
        whitelist_(std::move(whitelist)),
        leases_given_(setup.metric("leases")),
        connections_(setup.metric("connections")),
        contained_(setup.metric("contained")) {}

  // Rules name them.
  void add_honeypot(const IpAddress& address) {
    if (!is_honeypot(address)) honeypots_.push_back(address);
  }

  void trigger(Packet& packet, HookContext& context, const Order& order) {
    context_ = &context;
    const IpAddress source = packet.source();
    if (is_honeypot(source) || any_contains(whitelist_, source)) return;
    const Timestamp now = context.now();
    leases_.end_those_past(now);
    Lease& lease = leases_.extend(source, now + order.lease, now);
    if (++lease.triggers == 1) {
      lease.place = order.place;
      lease.log = order.log;
      ++leases_given_;
      tell_lease(packet, lease, order);
    }
    if (context.hook == Hook::Prerouting) lead_away(packet, context);
  }

  void release(const Packet& packet, HookContext& context) {
    context_ = &context;
    leases_.end(packet.source(), End::Rule, context.now());
  }

  // At PREROUTING, before NAT.
  void lead_away(Packet& packet, HookContext& context) {
    context_ = &context;
    const Timestamp now = context.now();
    leases_.end_those_past(now);
    Lease* const lease = leases_.find(packet.source(), now);
    if (lease == nullptr || !may_be_led(packet, context)) return;
    const Connection& connection = *packet.connection;
    const uint16_t port = has_ports(packet.protocol) ? lease->place.port : uint16_t{0};
    if (!map_connection(nat_, packet, context, NatEnd::Destination, lease->place.address, port)) return;
    lease->asked = packet.destination();
    ++lease->connections;
    ++connections_;
    steered_.of(connection) = {.lease = lease->number, .source = packet.source(), .since = now};
    const EventField fields[] = {{"event", "connection"}, {"lease", lease->number}, {"number", lease->connections}};
    tell_of(packet, fields);
    if (lease->log && context.log != nullptr) log(packet, *lease, context);
  }

  // At PREROUTING, behind connection tracking. False: the honeypot has reached out too often.
  bool contain(const Packet& packet, HookContext& context) {
    if (honeypots_.empty() || !is_honeypot(packet.source()) || is_neighbour_discovery(packet)) return true;
    const Connection* const connection = packet.connection;
    const bool known =
        connection != nullptr && (connection->has(kStatusConfirmed) || packet_direction(packet) == Direction::Reply);
    if (known) return true;
    const Reach reach = outbound_.reach(packet.destination(), context.now());
    if (reach == Reach::Allowed) return true;
    // The first of them is told of, the second, the fourth, the eighth ...
    if (std::has_single_bit(++contained_)) {
      context_ = &context;
      const EventField fields[] = {{"event", "contained"},
                                   {"limit", reach == Reach::TooManyEach ? "outbound-each" : "outbound"},
                                   {"count", contained_}};
      tell_of(packet, fields);
    }
    return false;
  }

  // At POSTROUTING, before source NAT: whom it knows, it talks to from the address that was asked.
  void hide_source(Packet& packet, HookContext& context) {
    own_error_ = is_own_error(packet) ? packet.source() : IpAddress{};
    if (leases_.empty() || !is_honeypot(packet.source())) return;
    const Lease* const lease = leases_.find(packet.destination(), context.now());
    if (lease == nullptr || lease->asked.is_unspecified() || lease->asked.family != packet.family) return;
    map_connection(nat_, packet, context, NatEnd::Source, lease->asked, 0);
  }

  // At POSTROUTING, behind NAT: what gets through. False: it would not have come as far as the machine that was asked.
  bool passes(Packet& packet, HookContext& context) {
    if (packet.connection == nullptr) return true;
    // NAT has given it the address of whom was asked; but a router on the way there says who it is.
    if (is_own_error(packet)) {
      set_source(packet, own_error_);
      return true;
    }
    const Connection& connection = *packet.connection;
    const bool answer = packet_direction(packet) == Direction::Reply;
    Steered* const steered = steered_.find(connection);
    const Timestamp now = context.now();
    if (steered == nullptr) {
      if (answer && shows_ttl(packet)) disguise_.learn(packet.source(), packet.ttl(), now);
      return true;
    }
    context_ = &context;
    if (!hide_ttl(packet, connection, *steered, answer, now)) return false;
    steered->traffic.add(!answer, packet.length);
    if (Lease* const lease = leases_.find(steered->source, now); lease != nullptr && lease->number == steered->lease) {
      lease->traffic.add(!answer, packet.length);
    }
    const bool over = packet.protocol == kTcp &&
                      (connection.tcp.state == TcpState::TimeWait || connection.tcp.state == TcpState::Close);
    if (over) tell_end(connection, *steered);
    return true;
  }

  void connection_ended(const Connection& connection, HookContext& context) {
    context_ = &context;
    if (Steered* const steered = steered_.find(connection)) tell_end(connection, *steered);
  }

  // "list", "release ADDRESS".
  Result<std::string> command(std::string_view words, HookContext& context) {
    context_ = &context;
    leases_.end_those_past(context.now());
    constexpr std::string_view kRelease = "release ";
    if (words == "list") return list(context.now());
    if (!words.starts_with(kRelease)) return fail(std::string(words) + " is no command", "list or release ADDRESS");
    const auto source = parse_address(words.substr(kRelease.size()));
    if (!source) return std::unexpected(source.error());
    if (!leases_.end(*source, End::Command, context.now())) return fail(source->text() + " has no lease");
    return source->text() + " is released\n";
  }

 private:
  struct Ended {
    Honeypot* module;
    void operator()(const IpAddress& source, const Lease& lease, End why) const {
      module->tell_over(source, lease, why);
    }
  };

  bool is_honeypot(const IpAddress& address) const {
    return std::ranges::find(honeypots_, address) != honeypots_.end();
  }

  // An ICMP error of this machine about what is led away: TTL used up, too large, no route.
  bool is_own_error(const Packet& packet) {
    return packet.in == kNoInterface && packet.connection != nullptr && packet_state(packet) == PacketState::Related &&
           steered_.find(*packet.connection) != nullptr;
  }

  static bool may_be_led(const Packet& packet, const HookContext& context) {
    if (packet.connection == nullptr || packet_state(packet) != PacketState::New) return false;
    if (packet.protocol == kTcp) {
      const uint8_t* const tcp = packet.transport(20);
      if (tcp == nullptr || (tcp[13] & kTcpFlags) != kSyn) return false;
    }
    const RouteType type = context.router->address_type(packet.destination());
    return type != RouteType::Broadcast && type != RouteType::Multicast;
  }

  // Of TCP the SYN-ACK will do: one look a connection.
  static bool shows_ttl(const Packet& packet) {
    if (packet_state(packet) == PacketState::Related) return false;
    if (packet.protocol != kTcp) return true;
    const uint8_t* const tcp = packet.transport(20);
    return tcp != nullptr && (tcp[13] & (kSyn | kAck)) == (kSyn | kAck);
  }

  bool hide_ttl(Packet& packet, const Connection& connection, Steered& steered, bool answer, Timestamp now) {
    const IpAddress asked = connection.tuple(Direction::Original).destination_address();
    const IpAddress honeypot = connection.tuple(Direction::Reply).source_address();
    if (answer) {
      if (shows_ttl(packet)) disguise_.learn(honeypot, packet.ttl(), now);
      if (steered.answer_ttl == 0) steered.answer_ttl = disguise_.ttl_of_answer(asked, packet.ttl(), now);
      set_ttl(packet, steered.answer_ttl);
      return true;
    }
    const int ttl = packet.ttl() + disguise_.detour(asked, honeypot, now);
    if (ttl < 1) return false;
    set_ttl(packet, static_cast<uint8_t>(std::min(ttl, 255)));
    return true;
  }

  std::string list(Timestamp now) const {
    std::string out;
    leases_.for_each([&](const IpAddress& source, const Lease& lease) {
      out += source.text() + " to " + place_text(lease.place) + ", lease " + std::to_string(lease.number) + ", " +
             std::to_string((lease.until - now) / kSecond) + " s left, " + std::to_string(lease.connections) +
             " connections\n";
    });
    return out;
  }

  static std::string place_text(const Place& place) {
    const std::string address = place.address.text();
    if (place.port == 0) return address;
    return (place.address.family == Family::Ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(place.port);
  }

  static void log(const Packet& packet, const Lease& lease, const HookContext& context) {
    constexpr uint8_t kWarning = 4;
    std::string line = "HONEYPOT: lease " + std::to_string(lease.number) + " SRC=" + packet.source().text() +
                       " DST=" + packet.destination().text() + " TO=" + place_text(lease.place) +
                       " PROTO=" + protocol_name(packet.protocol);
    if (const uint8_t* const ports = has_ports(packet.protocol) ? packet.transport(4) : nullptr) {
      line += " SPT=" + std::to_string(load_be16(ports)) + " DPT=" + std::to_string(load_be16(ports + 2));
    }
    context.log->line(kWarning, line);
  }

  void tell_of(const Packet& packet, std::span<const EventField> fields) const {
    if (context_->events == nullptr) return;
    context_->events->emit(
        {.type = "honeypot", .time = context_->now(), .packet = &packet, .context = context_, .fields = fields});
  }

  void tell_lease(const Packet& packet, const Lease& lease, const Order& order) const {
    const EventField why[] = {{"event", "trigger"},
                              {"lease", lease.number},
                              {"table", order.table},
                              {"chain", order.chain},
                              {"line", order.line}};
    tell_of(packet, why);
    if (context_->events == nullptr) return;
    const EventField given[] = {{"event", "lease"},
                                {"lease", lease.number},
                                {"to", lease.place.address},
                                {"lease_s", in_seconds(lease.until - lease.since)},
                                {"to_port", lease.place.port}};
    const EventFlow flow = {.source = packet.source()};
    const size_t count = std::size(given) - (lease.place.port == 0 ? 1 : 0);
    context_->events->emit(
        {.type = "honeypot", .time = context_->now(), .flow = &flow, .fields = std::span(given).first(count)});
  }

  void tell_end(const Connection& connection, Steered& steered) const {
    if (std::exchange(steered.told, true) || context_->events == nullptr) return;
    const Timestamp now = context_->now();
    const EventField fields[] = {{"event", "connection_end"},
                                 {"lease", steered.lease},
                                 {"pkts_toserver", steered.traffic.packets_to},
                                 {"pkts_toclient", steered.traffic.packets_from},
                                 {"bytes_toserver", steered.traffic.bytes_to},
                                 {"bytes_toclient", steered.traffic.bytes_from},
                                 {"duration_s", in_seconds(now - steered.since)}};
    context_->events->emit({.type = "honeypot", .time = now, .connection = &connection, .fields = fields});
  }

  void tell_over(const IpAddress& source, const Lease& lease, End why) const {
    constexpr std::string_view kReasons[] = {"time", "command", "rule", "room"};
    if (context_ == nullptr || context_->events == nullptr) return;
    const Timestamp now = context_->now();
    const EventField fields[] = {{"event", "end"},
                                 {"lease", lease.number},
                                 {"reason", kReasons[static_cast<size_t>(why)]},
                                 {"triggers", lease.triggers},
                                 {"connections", lease.connections},
                                 {"pkts_toserver", lease.traffic.packets_to},
                                 {"pkts_toclient", lease.traffic.packets_from},
                                 {"bytes_toserver", lease.traffic.bytes_to},
                                 {"bytes_toclient", lease.traffic.bytes_from},
                                 {"duration_s", in_seconds(now - lease.since)}};
    const EventFlow flow = {.source = source};
    context_->events->emit({.type = "honeypot", .time = now, .flow = &flow, .fields = fields});
  }

  Nat& nat_;
  Leases<Ended> leases_;
  Outbound outbound_;
  Disguise disguise_;
  PerConnection<Steered> steered_;
  std::vector<AddressMask> whitelist_;
  std::vector<IpAddress> honeypots_;
  uint64_t& leases_given_;
  uint64_t& connections_;
  uint64_t& contained_;
  HookContext* context_ = nullptr;  // of the packet that is looked at
  IpAddress own_error_ = {};        // the source that such a one has before NAT
};

// Where packets leave. Hears of the ends of connections, too.
class Leaving final : public HookModule, public HearsEnds {
 public:
  explicit Leaving(Honeypot& honeypot) : honeypot_(honeypot) {}
  std::string_view name() const override { return "honeypot"; }
  Verdict handle(Packet& packet, HookContext& context) override {
    return honeypot_.passes(packet, context) ? Verdict::accept() : Verdict::drop();
  }
  void connection_ended(const Connection& connection, HookContext& context) override {
    honeypot_.connection_ended(connection, context);
  }

 private:
  Honeypot& honeypot_;
};

class HoneypotTarget final : public Target {
 public:
  HoneypotTarget(Honeypot& honeypot, Order order) : honeypot_(honeypot), order_(std::move(order)) {}
  Action apply(Packet& packet, HookContext& context) override {
    honeypot_.trigger(packet, context, order_);
    return Action::go_on();
  }

 private:
  Honeypot& honeypot_;
  Order order_;
};

class ReleaseTarget final : public Target {
 public:
  explicit ReleaseTarget(Honeypot& honeypot) : honeypot_(honeypot) {}
  Action apply(Packet& packet, HookContext& context) override {
    honeypot_.release(packet, context);
    return Action::go_on();
  }

 private:
  Honeypot& honeypot_;
};

// ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT.
Result<void> parse_place(std::string_view text, const RuleContext& rule, OptionValue& value) {
  std::string_view address = text, port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return fail("a bracket stays open", "[ADDRESS]:PORT");
    address = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') return fail("what stands behind the bracket?", "[ADDRESS]:PORT");
  } else if (rule.family == Family::Ipv4 && text.find(':') != std::string_view::npos) {
    address = text.substr(0, text.find(':'));
    port = text.substr(text.find(':'));
  }
  const auto read = parse_address(rule.family, address);
  if (!read) return std::unexpected(read.error());
  value.text = text;
  value.address = *read;
  if (port.empty()) return {};
  const auto number = parse_number(port.substr(1));
  if (!number || *number == 0 || *number > 65535) {
    return fail(std::string(port.substr(1)) + " is no port", "1 to 65535");
  }
  value.number = *number;
  return {};
}

void print_place(const OptionValue& value, const RuleContext&, std::string& out) { out += " " + value.text; }

Result<void> check_target(Options& options, const RuleContext&) {
  if (options.has("to") == options.has("release")) {
    return fail("it is not said where to", "--to ADDRESS[:PORT], or --release");
  }
  if (options.has("release") && (options.has("lease") || options.has("log"))) {
    return fail("--release ends a lease and gives none", "--release alone");
  }
  return {};
}

Result<std::unique_ptr<Target>> create_target(const Options& options, const RuleContext& rule) {
  auto* const honeypot = rule.shared == nullptr ? nullptr : rule.shared->find<Honeypot>("honeypot", "honeypot");
  if (honeypot == nullptr) return fail("HONEYPOT works with its module only", "--module honeypot");
  if (options.has("release")) return std::make_unique<ReleaseTarget>(*honeypot);
  Order order = {.place = {.address = options["to"].address, .port = static_cast<uint16_t>(options.number("to"))},
                 .lease = static_cast<Duration>(options.number("lease", kUsualLease)),
                 .log = options.has("log"),
                 .table = std::string(rule.table),
                 .chain = std::string(rule.chain),
                 .line = rule.line};
  honeypot->add_honeypot(order.place.address);
  return std::make_unique<HoneypotTarget>(*honeypot, std::move(order));
}

Result<void> start(ModuleSetup& setup) {
  const Options& options = setup.options();
  Limits limits;
  limits.in_all = static_cast<uint32_t>(options.number("outbound", limits.in_all));
  limits.each = static_cast<uint32_t>(options.number("outbound-each", limits.each));
  limits.period = static_cast<Duration>(options.number("period", static_cast<uint64_t>(limits.period)));
  std::vector<AddressMask> whitelist;
  if (options.has("whitelist")) whitelist = *read_networks(options["whitelist"].text);
  auto owned = std::make_unique<Honeypot>(setup, limits, static_cast<uint32_t>(options.number("leases", 10'000)),
                                          static_cast<uint8_t>(options.number("ttl", 0)), std::move(whitelist));
  Honeypot& honeypot = *owned;
  if (!setup.shared().add("honeypot", "honeypot", std::move(owned))) return fail("there is a honeypot already", "one");
  const auto look = [&](Hook hook, int priority, auto call) {
    setup.add_hook(hook_module("honeypot", std::move(call)), hook, priority);
  };
  look(Hook::Prerouting, kPriorityConntrack + 1, [&](Packet& packet, HookContext& context) {
    return honeypot.contain(packet, context) ? Verdict::accept() : Verdict::drop();
  });
  look(Hook::Prerouting, kPriorityDestinationNat - 1, [&](Packet& packet, HookContext& context) {
    honeypot.lead_away(packet, context);
    return Verdict::accept();
  });
  look(Hook::Postrouting, kPrioritySourceNat - 1, [&](Packet& packet, HookContext& context) {
    honeypot.hide_source(packet, context);
    return Verdict::accept();
  });
  setup.add_hook(std::make_shared<Leaving>(honeypot), Hook::Postrouting, kPriorityLast - 3);
  setup.on_command([&](std::string_view words, HookContext& context) { return honeypot.command(words, context); });
  return {};
}

ModuleType honeypot() {
  return {.name = "honeypot",
          .summary = "leads new connections of a source to another machine, and keeps that in check",
          .options = {{.name = "outbound",
                       .kind = OptionKind::U32,
                       .max = 1'000'000,
                       .summary = "connections that honeypots may begin in a period; 20"},
                      {.name = "outbound-each",
                       .kind = OptionKind::U32,
                       .max = 1'000'000,
                       .summary = "those to one destination; 5"},
                      duration_option("period", "the period; 1h"),
                      {.name = "ttl",
                       .kind = OptionKind::U8,
                       .min = 1,
                       .summary = "TTL of answers in the place of machines that have not been heard yet; as they come"},
                      {.name = "leases",
                       .kind = OptionKind::U32,
                       .min = 1,
                       .max = 10'000'000,
                       .summary = "sources led away at a time, at most; 10,000"},
                      networks_option("whitelist", "sources that are never led away")},
          .targets = {{.name = "HONEYPOT",
                       .options = {{.name = "to",
                                    .kind = OptionKind::Custom,
                                    .hint = "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT",
                                    .parse = parse_place,
                                    .print = print_place,
                                    .summary = "the honeypot; without a port each connection keeps its own"},
                                   duration_option("lease", "for how long; 1h"),
                                   {.name = "log", .summary = "a line of LOG for each connection"},
                                   {.name = "release", .summary = "ends the lease of the packet's source"}},
                       .check = check_target,
                       .create = create_target,
                       .summary = "leads the new connections of the packet's source to a honeypot"}},
          .events = {{"honeypot", "trigger, lease, connection, connection_end, end; contained"}},
          .metrics = {{"leases", "sources led away"},
                      {"connections", "connections led away"},
                      {"contained", "packets by which honeypots would have begun too much"}},
          .on_failure = FailurePolicy::Open,
          .needs_nat = true,
          .start = start};
}

}  // namespace
}  // namespace honeypot

SALLYPORT_MODULE(honeypot::honeypot());
