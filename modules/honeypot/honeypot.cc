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

#include "honeypot/honeypot.h"

#include <sallyport/duration.h>
#include <sallyport/module.h>

namespace honeypot {
namespace {

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
                 .lease = static_cast<Duration>(options.number("lease", Order::kUsualLease)),
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
