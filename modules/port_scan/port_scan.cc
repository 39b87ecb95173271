// port_scan: tells who looks for open doors: many ports of one machine, one port of many machines, or a little of both
// over a long time.
//
//   --module port_scan
//   --module port_scan:ports=20,hosts=20,window=60s,slow=40,slow-window=1h,patience=3s,whitelist=10.0.0.0/8
//   -m port_scan --scanning -j HONEYPOT --to 10.0.0.99     who scans now; --kind vertical: who scans so
//
// A door is tried by a SYN, by what no honest program sends (FIN, NULL and Xmas: TCP with none of SYN, ACK and RST), or
// by the first packet of a UDP flow. Whether it was open, the answer says: SYN-ACK or a UDP packet; RST or ICMP's
// "unreachable" refuse; and who is not answered, was not let in. probes.h keeps what waits for its answer, scanners.h
// has the definition of a scan.
//
// Questions are seen before any rule drops them, answers behind all rules and NAT: both as the one who asks has them.

#include <sallyport/duration.h>
#include <sallyport/module.h>

#include <optional>

#include "networks.h"
#include "port_scan/probes.h"
#include "port_scan/scanners.h"

namespace port_scan {
namespace {

using namespace sallyport;

constexpr std::string_view kScanNames[kScans] = {"vertical", "horizontal", "slow"};
constexpr std::string_view kProbeNames[] = {"syn", "fin", "null", "xmas", "udp"};

enum TcpFlag : uint8_t { kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kUrg = 0x20 };

std::optional<Probe> tcp_probe(uint8_t flags) {
  if ((flags & (kSyn | kAck | kRst)) == kSyn) return Probe::Syn;
  if ((flags & (kSyn | kAck | kRst)) != 0) return std::nullopt;
  switch (flags & (kFin | kPsh | kUrg)) {
    case 0:
      return Probe::Null;
    case kFin:
      return Probe::Fin;
    default:
      return Probe::Xmas;
  }
}

std::optional<Question> question_of(const Packet& packet) {
  if (packet.protocol != kTcp && packet.protocol != kUdp) return std::nullopt;
  const uint8_t* const ports = packet.transport(4);
  if (ports == nullptr) return std::nullopt;
  return Question{.from = packet.source(),
                  .to = packet.destination(),
                  .protocol = packet.protocol,
                  .from_port = load_be16(ports),
                  .to_port = load_be16(ports + 2)};
}

// What an ICMP error that says "unreachable" is about.
std::optional<Question> refused_by(const Packet& packet) {
  constexpr uint32_t kIcmpHeader = 8;
  const bool ipv4 = packet.family == Family::Ipv4;
  const uint8_t* const icmp = packet.protocol == (ipv4 ? kIcmp : kIcmp6) ? packet.transport(kIcmpHeader) : nullptr;
  constexpr uint8_t kTooLarge = 4;
  if (icmp == nullptr || icmp[0] != (ipv4 ? 3 : 1) || (ipv4 && icmp[1] == kTooLarge)) return std::nullopt;
  const uint32_t at = packet.transport_offset + kIcmpHeader;
  const uint8_t* const ip = packet.at(at, ipv4 ? 20 : 40);
  if (ip == nullptr || ip[0] >> 4 != (ipv4 ? 4 : 6)) return std::nullopt;
  const uint8_t protocol = ip[ipv4 ? 9 : 6];
  const uint8_t* const ports = packet.at(at + (ipv4 ? (ip[0] & 0xfu) * 4u : 40u), 4);
  if (ports == nullptr || (protocol != kTcp && protocol != kUdp)) return std::nullopt;
  return Question{.from = IpAddress::from(packet.family, ip + (ipv4 ? 12 : 8)),
                  .to = IpAddress::from(packet.family, ip + (ipv4 ? 16 : 24)),
                  .protocol = protocol,
                  .from_port = load_be16(ports),
                  .to_port = load_be16(ports + 2)};
}

// Text of a bounded length that is put together on the stack.
class Words {
 public:
  bool add(std::string_view word) {
    const size_t blank = size_ != 0 ? 1 : 0;
    if (size_ + blank + word.size() > text_.size()) return false;
    if (blank != 0) text_[size_++] = ' ';
    std::memcpy(text_.data() + size_, word.data(), word.size());
    size_ += word.size();
    return true;
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 400> text_ = {};
  size_t size_ = 0;
};

Words probe_words(uint8_t probes) {
  Words words;
  for (size_t i = 0; i < std::size(kProbeNames); ++i) {
    if ((probes >> i & 1) != 0) words.add(kProbeNames[i]);
  }
  return words;
}

// The closed doors that make the scan, at most 16 of them: ports, addresses, or both.
Words sample(Scan scan, const Door& door, std::span<const Door> doors) {
  constexpr int kMost = 16;
  Words words;
  int left = kMost;
  for (const Door& one : doors) {
    if (one.outcome == Outcome::Answered) continue;
    const bool fits = scan == Scan::Vertical     ? one.at == door.at
                      : scan == Scan::Horizontal ? one.port == door.port && one.protocol == door.protocol
                                                 : true;
    if (!fits) continue;
    std::string word = scan == Scan::Vertical ? std::to_string(one.port) : one.at.text();
    if (scan == Scan::Slow)
      word = (one.at.family == Family::Ipv6 ? "[" + word + "]" : word) + ":" + std::to_string(one.port);
    if (left-- == 0 || !words.add(word)) break;
  }
  return words;
}

// How many different ones there are among closed doors.
template <class Of>
uint64_t distinct(std::span<const Door> doors, Of of) {
  uint64_t count = 0;
  for (size_t i = 0; i < doors.size(); ++i) {
    const auto same = [&](const Door& other) {
      return other.outcome != Outcome::Answered && of(other) == of(doors[i]);
    };
    count += doors[i].outcome != Outcome::Answered && std::ranges::none_of(doors.first(i), same);
  }
  return count;
}

class PortScan : public SharedObject {
 public:
  PortScan(ModuleSetup& setup, const Settings& settings, uint32_t probes, Duration patience,
           std::vector<AddressMask> whitelist)
      : whitelist_(std::move(whitelist)),
        probes_(probes, patience, setup.key()),
        scanners_(settings, setup.key(), Teller{this}),
        begun_(setup.metric("scans")),
        forgotten_(setup.metric("forgotten")),
        evicted_(setup.metric("evicted")) {}

  // A packet before all rules.
  void question(const Packet& packet, HookContext& context) {
    context_ = &context;
    pass_time();
    if (packet.protocol != kTcp) return;
    const uint8_t* const tcp = packet.transport(20);
    const auto probe = tcp == nullptr ? std::nullopt : tcp_probe(tcp[13]);
    if (probe && !any_contains(whitelist_, packet.source())) probes_.asked(*question_of(packet), *probe, context.now());
  }

  // UDP says nowhere which side began, but its connection does; so this is behind connection tracking.
  void udp_question(const Packet& packet, HookContext& context) {
    const auto question = packet.protocol == kUdp ? question_of(packet) : std::nullopt;
    if (!question || any_contains(whitelist_, packet.source())) return;
    context_ = &context;
    if (packet.connection != nullptr) {
      const bool begins = packet_direction(packet) == Direction::Original && !packet.connection->has(kStatusSeenReply);
      if (begins) probes_.asked(*question, Probe::Udp, context.now());
    } else if (!answer_to(question->turned(), Outcome::Answered)) {
      probes_.asked(*question, Probe::Udp, context.now());
    }
  }

  // A packet behind all rules.
  void answer(const Packet& packet, HookContext& context) {
    context_ = &context;
    if (packet.protocol == kTcp) {
      const uint8_t* const tcp = packet.transport(20);
      if (tcp == nullptr) return;
      const bool reset = (tcp[13] & kRst) != 0;
      if (reset || (tcp[13] & (kSyn | kAck)) == (kSyn | kAck)) {
        answer_to(question_of(packet)->turned(), reset ? Outcome::Refused : Outcome::Answered);
      }
    } else if (packet.protocol == kUdp) {
      if (const auto question = question_of(packet)) answer_to(question->turned(), Outcome::Answered);
    } else if (const auto question = refused_by(packet)) {
      answer_to(*question, Outcome::Refused);
    }
  }

  bool scans(const Packet& packet, uint8_t which, Timestamp now) {
    return scanners_.scans(packet.source(), which, now);
  }

 private:
  struct Teller {
    PortScan* module;
    void operator()(bool begins, Scan scan, const IpAddress& who, const Door& door, const Evidence& evidence,
                    std::span<const Door> doors) const {
      module->tell_scan(begins, scan, who, door, evidence, doors);
    }
  };

  void pass_time() {
    const Timestamp now = context_->now();
    probes_.give_up(now, [&](const Question& question, Probe probe, Outcome outcome) {
      scanners_.tried(question, probe, outcome, now);
    });
    scanners_.look(now);
    forgotten_ = probes_.forgotten();
    evicted_ = scanners_.evicted();
  }

  bool answer_to(const Question& question, Outcome outcome) {
    const Timestamp now = context_->now();
    return probes_.answered(question, outcome, now, [&](const Question& asked, Probe probe, Outcome became) {
      scanners_.tried(asked, probe, became, now);
    });
  }

  void tell_scan(bool begins, Scan scan, const IpAddress& who, const Door& door, const Evidence& evidence,
                 std::span<const Door> doors) {
    begun_ += begins;
    if (context_->events == nullptr) return;
    const Words probes = probe_words(evidence.probes);
    const Words some = sample(scan, door, doors);
    const auto seconds = static_cast<double>(evidence.last - evidence.first) / static_cast<double>(kSecond);
    const EventField fields[] = {{"event", begins ? "begin" : "end"},
                                 {"scan", kScanNames[static_cast<size_t>(scan)]},
                                 {"probes", probes.text()},
                                 {"ports", distinct(doors, [](const Door& one) { return one.port; })},
                                 {"hosts", distinct(doors, [](const Door& one) { return one.at; })},
                                 {"refused", evidence.refused},
                                 {"unanswered", evidence.unanswered},
                                 {"answered", evidence.answered},
                                 {"sample", some.text()},
                                 {"duration_s", seconds},
                                 EventField::moment("first_seen", evidence.first),
                                 EventField::moment("last_seen", evidence.last)};
    EventFlow flow = {.source = who};
    if (scan == Scan::Vertical) flow.destination = door.at;
    context_->events->emit({.type = "scan", .time = context_->now(), .flow = &flow, .fields = fields});
  }

  std::vector<AddressMask> whitelist_;
  Probes probes_;
  Scanners<Teller> scanners_;
  uint64_t& begun_;
  uint64_t& forgotten_;
  uint64_t& evicted_;
  HookContext* context_ = nullptr;  // of the packet that is looked at
};

Result<void> start(ModuleSetup& setup) {
  const Options& options = setup.options();
  Settings settings;
  settings.ports = static_cast<uint32_t>(options.number("ports", settings.ports));
  settings.hosts = static_cast<uint32_t>(options.number("hosts", settings.hosts));
  settings.slow = static_cast<uint32_t>(options.number("slow", settings.slow));
  settings.window = static_cast<Duration>(options.number("window", static_cast<uint64_t>(settings.window)));
  settings.slow_window =
      static_cast<Duration>(options.number("slow-window", static_cast<uint64_t>(settings.slow_window)));
  settings.most = static_cast<uint32_t>(options.number("sources", settings.most));
  std::vector<AddressMask> whitelist;
  if (options.has("whitelist")) whitelist = *read_networks(options["whitelist"].text);
  auto owned =
      std::make_unique<PortScan>(setup, settings, static_cast<uint32_t>(options.number("probes", 65'536)),
                                 static_cast<Duration>(options.number("patience", 3 * kSecond)), std::move(whitelist));
  PortScan& scan = *owned;
  const std::string name = options.has("name") ? options["name"].text : "port_scan";
  if (!setup.shared().add("port_scan", name, std::move(owned))) {
    return fail("there is a port_scan " + name + " already", "another name=");
  }
  using Part = void (PortScan::*)(const Packet& packet, HookContext& context);
  const auto put = [&](Part part, Hook hook, int priority) {
    const auto look = [&scan, part](const Packet& packet, HookContext& context) {
      (scan.*part)(packet, context);
      return Verdict::accept();
    };
    setup.add_hook(hook_module("port_scan", look), hook, priority);
  };
  for (const Hook hook : {Hook::Prerouting, Hook::Output}) {
    put(&PortScan::question, hook, kPriorityRaw - 1);
    put(&PortScan::udp_question, hook, kPriorityConntrack + 1);
  }
  for (const Hook hook : {Hook::Input, Hook::Postrouting}) put(&PortScan::answer, hook, kPriorityLast - 2);
  return {};
}

class ScanningMatch final : public Match {
 public:
  ScanningMatch(PortScan& scan, uint8_t which, bool inverted) : scan_(scan), which_(which), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext& context) override {
    return scan_.scans(packet, which_, context.now()) != inverted_;
  }

 private:
  PortScan& scan_;
  uint8_t which_;
  bool inverted_;
};

Result<void> parse_kind(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto* const found = std::ranges::find(kScanNames, text);
  if (found == std::end(kScanNames)) {
    return fail(std::string(text) + " is no kind of scan", "vertical, horizontal or slow");
  }
  value.number = static_cast<uint64_t>(found - kScanNames);
  return {};
}

void print_kind(const OptionValue& value, const RuleContext&, std::string& out) {
  out += ' ';
  out += kScanNames[value.number];
}

Result<std::unique_ptr<Match>> create_match(const Options& options, const RuleContext& rule) {
  const std::string name = options.has("name") ? options["name"].text : "port_scan";
  auto* const found = rule.shared == nullptr ? nullptr : rule.shared->find<PortScan>("port_scan", name);
  if (found == nullptr) return fail("there is no port_scan " + name, "--module port_scan:name=" + name);
  const uint8_t which =
      options.has("kind") ? static_cast<uint8_t>(1u << options["kind"].number) : uint8_t{(1u << kScans) - 1};
  return std::make_unique<ScanningMatch>(*found, which, options["scanning"].inverted);
}

OptionSpec count_option(std::string_view name, uint64_t most, std::string_view summary) {
  return {.name = name, .kind = OptionKind::U32, .min = 1, .max = most, .summary = summary};
}

ModuleType port_scan() {
  return {
      .name = "port_scan",
      .summary = "tells who scans ports: vertically, horizontally, slowly",
      .options = {{.name = "name", .kind = OptionKind::Text, .hint = "a word", .summary = "by which rules ask for it"},
                  count_option("ports", kDoors, "closed ports of one address that make a vertical scan; 20"),
                  count_option("hosts", kDoors, "addresses with a port closed that make a horizontal one; 20"),
                  duration_option("window", "within which they must lie; 60s"),
                  count_option("slow", kDoors, "closed doors that make a slow scan; 40"),
                  duration_option("slow-window", "within which these must lie; 1h"),
                  duration_option("patience", "after which a question is unanswered; 3s"),
                  count_option("sources", 10'000'000, "at most so many are kept; 10,000, in 25 MB"),
                  count_option("probes", 10'000'000, "questions at most that wait for answers; 65,536"),
                  networks_option("whitelist", "sources that may do as they like")},
      .matches = {{.name = "port_scan",
                   .options = {{.name = "name", .kind = OptionKind::Text, .summary = "of the module; port_scan"},
                               {.name = "kind",
                                .kind = OptionKind::Custom,
                                .hint = "vertical, horizontal or slow",
                                .parse = parse_kind,
                                .print = print_kind,
                                .summary = "that one; else any"},
                               {.name = "scanning",
                                .invertible = true,
                                .required = true,
                                .summary = "the packet's source scans now"}},
                   .create = create_match,
                   .summary = "sources that scan ports"}},
      .events = {{"scan", "a source begins to scan, with evidence, and ends"}},
      .metrics = {{"scans", "scans that began"},
                  {"forgotten", "questions that had to make room"},
                  {"evicted", "sources that had to make room"}},
      .on_failure = FailurePolicy::Open,
      .start = start};
}

}  // namespace
}  // namespace port_scan

SALLYPORT_MODULE(port_scan::port_scan());
