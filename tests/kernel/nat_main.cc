// nat_lockstep: conversations through NAT rulesets, by the running kernel and by the engine. Answers and ICMP errors
// are made from what really left; every packet's bytes, checksums included, and every table entry must be equal. The
// rulesets leave no choice to chance.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/draw.h"
#include "kernel/engine_side.h"
#include "kernel/namespace_referee.h"
#include "kernel/tool.h"
#include "kernel/world.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

constexpr int kNotTested = 77;  // what ctest reports as skipped
constexpr uint32_t kPerTable = 100;

// N1 and N2 stand for the networks behind ta and tb; IPv6 has its own.
constexpr std::string_view kRulesets[] = {
    R"(-A POSTROUTING -o tb -j MASQUERADE
)",
    R"(-A POSTROUTING -o tb -j SNAT --to-source N2:50-N2:60
)",
    R"(-A POSTROUTING -o tb -j SNAT --to-source N2:50-N2:60 --persistent
)",
    R"(-A PREROUTING -i ta -j DNAT --to-destination N2:20-N2:9f
)",
    R"(-A PREROUTING -i ta -j DNAT --to-destination N2:20-N2:9f --persistent
)",
    R"(-A PREROUTING -i ta -p tcp -j DNAT --to-destination [N2:7]:8080
-A PREROUTING -i ta -p udp -j DNAT --to-destination [N2:8]:5353
-A PREROUTING -i ta -p sctp -j DNAT --to-destination [N2:8]:53
)",
    R"(-A PREROUTING -i ta -p tcp -j REDIRECT --to-ports 8080
-A PREROUTING -i ta -j REDIRECT
)",
    R"(-A PREROUTING -i ta -j NETMAP --to N2:0/NET
)",
    R"(-A POSTROUTING -o tb -j NETMAP --to N2:a0/NET
)",
    R"(-A PREROUTING -i ta -p tcp -j DNAT --to-destination [N2:7]:2000-62000/1000
)",
    R"(-A PREROUTING -i ta -j DNAT --to-destination N1:77
-A POSTROUTING -o ta -j MASQUERADE
)",
    R"(-A PREROUTING -i ta -j DNAT --to-destination N1:1
-A INPUT -j SNAT --to-source N1:99
)",
    R"(-A PREROUTING -i ta -p udp -j ACCEPT
-A PREROUTING -j DNAT --to-destination N2:7
-A POSTROUTING -p tcp -j SNAT --to-source N2:60
-A POSTROUTING -o tb -j MASQUERADE
)",
    R"(-A PREROUTING -i ta -m connmark --mark 0 -j ACCEPT
)",
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string rules_for(std::string_view text, Family family) {
  std::string rules(text);
  if (family == Family::Ipv6) {
    replace_all(rules, "N1:", "2001:db8:1::");
    replace_all(rules, "N2:", "2001:db8:2::");
    replace_all(rules, "/NET", "/120");
  } else {
    for (const auto& [from, to] : {std::pair{"N2:9f", "10.2.3.200"},
                                   {"N2:a0", "10.2.5.0"},
                                   {"N1:", "10.1.0."},
                                   {"N2:", "10.2.0."},
                                   {"[", ""},
                                   {"]", ""},
                                   {"/NET", "/24"}}) {
      replace_all(rules, from, to);
    }
  }
  return "*nat\n" + rules + "COMMIT\n";
}

std::set<std::string> entries_of(std::string text) {
  std::set<std::string> entries;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string line = text.substr(0, end);
    text.erase(0, std::min(end + 1, text.size()));
    // Without the timeout, the fifth word: conntrack's own test compares it.
    size_t at = 0;
    for (int word = 0; word < 4; ++word) at = line.find_first_not_of(' ', line.find(' ', at));
    entries.insert(line.substr(0, at) + line.substr(line.find(' ', at)));
  }
  return entries;
}

std::string table_difference(const std::string& ours) {
  std::ifstream file("/proc/net/nf_conntrack");
  const auto theirs = entries_of({std::istreambuf_iterator<char>(file), {}});
  const auto mine = entries_of(ours);
  std::string out;
  for (const std::string& line : theirs) out += mine.contains(line) ? "" : "kernel: " + line + "\n";
  for (const std::string& line : mine) out += theirs.contains(line) ? "" : "ours:   " + line + "\n";
  return out;
}

class Comparison {
 public:
  Comparison(NamespaceReferee& referee, uint64_t seed, uint32_t dialogues, Family family)
      : referee_(referee), seed_(seed), dialogues_(dialogues), family_(family), draw_(seed, family) {}

  size_t packets = 0, changed = 0, bad_checksums = 0;

  bool run() {
    for (uint32_t i = 0; i < dialogues_; ++i) {
      if (i % kPerTable == 0 && !begin_table(kRulesets[i / kPerTable % std::size(kRulesets)])) return false;
      if (!talk(i)) return false;
    }
    return true;
  }

 private:
  bool begin_table(std::string_view text) {
    const std::string rules = rules_for(text, family_);
    rules_ = rules;
    if (auto done = referee_.load(family_, rules); !done) {
      fmt::print("the kernel refuses the rules: {}\n{}", done.error().text(), rules);
      return false;
    }
    run_tool({"conntrack", "-F"});
    auto side = EngineSide::create(family_, rules);
    if (!side) {
      fmt::print("the engine refuses the rules: {}\n{}", side.error().text(), rules);
      return false;
    }
    ours_ = std::move(*side);
    return true;
  }

  // Both sides; what left the kernel, if anything did.
  bool pass(const Input& input, std::optional<Seen>& left) {
    ++packets;
    Observed theirs = referee_.pass(input);
    ours_->set_time(std::chrono::steady_clock::now().time_since_epoch().count());
    Observed mine = ours_->pass(input);
    // A connection that cannot be confirmed is dropped last of all: on our side behind the observer. What left tells,
    // and for what is delivered here only a protocol without ports can clash.
    constexpr uint8_t kNoPorts = 200;
    const bool may_clash = input.frame[draw_.v6() ? 6 : 9] == kNoPorts;
    for (Observed* side : {&theirs, &mine}) {
      std::erase_if(side->journal, [&](const Seen& seen) {
        return seen.where == Seen::Where::AtPostrouting || (may_clash && seen.where == Seen::Where::AtInput);
      });
    }
    if (const std::string differs = difference(theirs, mine); !differs.empty()) {
      fmt::print("seed {}, IPv{}, rules\n{}{} {}\ndiffers:\n{}", seed_, draw_.v6() ? 6 : 4, rules_,
                 input.interface == 0 ? "A" : "B", test::to_hex(input.frame), differs);
      return false;
    }
    left.reset();
    for (const Seen& seen : mine.left) {
      if (seen.out == "ta" || seen.out == "tb") left = seen;
      changed += seen.bytes.size() == input.frame.size();
      Packet packet = test::raw(seen.bytes);
      if (parse(packet) != Malformed::None || transport_checksum_state(packet) == ChecksumState::Wrong) ++bad_checksums;
    }
    return true;
  }

  static uint8_t interface_of(const Seen& seen) { return seen.out == "ta" ? 0 : 1; }

  Packet make(uint8_t protocol, const IpAddress& from, uint16_t from_port, const IpAddress& to, uint16_t to_port,
              bool answer) {
    const auto way = [&](bool ports) {
      if (!ports) return from.text() + " > " + to.text();
      return draw_.v6() ? fmt::format("[{}]:{} > [{}]:{}", from.text(), from_port, to.text(), to_port)
                        : fmt::format("{}:{} > {}:{}", from.text(), from_port, to.text(), to_port);
    };
    const std::string payload(draw_.pick<size_t>({0, 1, 7, 64, 500}), 'p');
    switch (protocol) {
      case kTcp: {
        const uint8_t flags = answer ? test::kSyn | test::kAck : test::kSyn;
        const test::TcpFields fields = {.sequence = 1000, .acknowledgement = answer ? 1001u : 0u};
        return draw_.v6() ? test::tcp6(way(true), flags, "", fields) : test::tcp4(way(true), flags, "", fields);
      }
      case kUdp:
        return draw_.v6() ? test::udp6(way(true), payload) : test::udp4(way(true), payload);
      case kIcmp: {
        const uint32_t rest = static_cast<uint32_t>(answer ? to_port : from_port) << 16 | 1;
        return draw_.v6() ? test::icmp6(way(false), answer ? 129 : 128, 0, rest, payload)
                          : test::icmp4(way(false), answer ? 0 : 8, 0, rest, payload);
      }
      default: {
        test::Bytes bytes(40, 0);
        store_be16(bytes.data(), from_port);
        store_be16(bytes.data() + 2, to_port);
        if (protocol == kSctp) {
          bytes[12] = answer ? 2 : 1;
          bytes[15] = 28;
          bytes[19] = 1;
        }
        return draw_.v6() ? test::ip6(way(false), protocol, bytes) : test::ip4(way(false), protocol, bytes);
      }
    }
  }

  // What the far end says to the packet that reached it.
  Input answer_to(const Seen& seen, uint8_t protocol) {
    Packet packet = test::raw(seen.bytes);
    static_cast<void>(parse(packet));
    const uint8_t* header = packet.transport(8);
    const bool icmp = protocol == kIcmp;
    const uint16_t source = header == nullptr ? 0 : load_be16(header + (icmp ? 4 : 0));
    const uint16_t destination = header == nullptr ? 0 : load_be16(header + (icmp ? 4 : 2));
    const Packet answer = make(protocol, packet.destination(), destination, packet.source(), source, true);
    return {interface_of(seen), test::bytes_of(answer)};
  }

  Input error_about(const Seen& seen) {
    Packet packet = test::raw(seen.bytes);
    static_cast<void>(parse(packet));
    std::string quoted(seen.bytes.begin(), seen.bytes.end());
    if (draw_.chance(60)) quoted.resize(std::min<size_t>(quoted.size(), draw_.v6() ? 48 : 28));
    const IpAddress from = draw_.chance(50) ? packet.destination() : pool::hosts(family_, interface_of(seen))[0];
    const std::string way = from.text() + " > " + packet.source().text();
    const Packet error = draw_.v6() ? test::icmp6(way, draw_.pick<uint8_t>({1, 2, 3, 4}), 0, 1400, quoted)
                                    : test::icmp4(way, draw_.pick<uint8_t>({3, 11, 12, 5}), 1, 0, quoted);
    return {interface_of(seen), test::bytes_of(error)};
  }

  bool talk(uint32_t number) {
    const IpAddress from = draw_.pick(pool::hosts(family_, 0));
    const IpAddress to = draw_.pick(pool::hosts(family_, 1));
    const auto protocol = draw_.pick<uint8_t>({kTcp, kTcp, kUdp, kUdp, kIcmp, kUdplite, 200});
    const auto port = static_cast<uint16_t>(1024 + number % 60000);
    const Input first = {
        0, test::bytes_of(make(protocol, from, port, to, draw_.pick({uint16_t{53}, uint16_t{80}}), false))};
    std::optional<Seen> left, back;
    if (!pass(first, left)) return false;
    for (uint32_t i = draw_.below(5); left && i > 0; --i) {
      const uint32_t kind = draw_.below(3);
      if (kind == 0) {
        if (!pass(first, back)) return false;
      } else {
        const Input input = kind == 1 ? answer_to(*left, protocol) : error_about(*left);
        if (!pass(input, back)) return false;
        if (kind == 1 && back && draw_.chance(30) && !pass(error_about(*back), back)) return false;
      }
    }
    const std::string differs = table_difference(ours_->connections());
    if (!differs.empty()) fmt::print("seed {}, rules\n{}tables differ:\n{}", seed_, rules_, differs);
    return differs.empty();
  }

  NamespaceReferee& referee_;
  uint64_t seed_;
  uint32_t dialogues_;
  Family family_;
  Draw draw_;
  std::string rules_;
  std::unique_ptr<EngineSide> ours_;
};

int run(uint64_t seed, uint32_t dialogues) {
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: NAT against this machine's kernel ({} conversations).\nMissing: {}\n", dialogues,
               referee.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Comparison comparison(**referee, seed, dialogues, family);
    if (!comparison.run() || comparison.bad_checksums != 0) {
      fmt::print("{} packets, {} wrong checksums\n", comparison.packets, comparison.bad_checksums);
      return 1;
    }
    fmt::print("{}: {} conversations, {} packets, no difference\n", family == Family::Ipv4 ? "IPv4" : "IPv6", dialogues,
               comparison.packets);
  }
  return 0;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  uint64_t seed = 1;
  uint32_t dialogues = 1400;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    if (name == "--seed") seed = std::strtoull(words[i + 1], nullptr, 10);
    if (name == "--dialogues") dialogues = static_cast<uint32_t>(std::strtoul(words[i + 1], nullptr, 10));
  }
  return sallyport::kernel::run(seed, dialogues);
}
