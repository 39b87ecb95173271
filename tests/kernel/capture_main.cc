// capture_lockstep: every real capture through every real ruleset, by the running kernel and by the engine; the
// counters of every rule and policy must be equal at the end.
//
//   capture_lockstep [--only NAME]        SALLYPORT_CORPUS names a folder with captures/ and rulesets/
//
// The rules stand as they are, on a machine between those who ask and those who answer, whose two interfaces bear the
// names that the rules speak of most; then again on the machine that was asked first, which sends what it sent.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/lockstep.h"
#include "kernel/namespace_referee.h"
#include "kernel/scenario_machine.h"
#include "kernel/settings.h"
#include "kernel/xtables_lock.h"
#include "sallyport/bytes.h"
#include "sallyport/packet_io.h"
#include "sallyport/registry.h"
#include "scenario/machine.h"

namespace sallyport::kernel {
namespace {

namespace fs = std::filesystem;
using scenario::Setup;

constexpr uint32_t kMtu = 65000;  // what network cards put together passes whole

// One packet of a capture, and whose it is.
struct Captured {
  Family family = Family::Ipv4;
  std::vector<uint8_t> bytes = {};
  IpAddress source = {};
  IpAddress destination = {};
};

struct Capture {
  std::string name = {};
  std::vector<Captured> packets = {};
};

struct Rules {
  std::string name = {};
  Family family = Family::Ipv4;
  std::string text = {};
  std::string in = {};   // where those who ask are
  std::string out = {};  // where those who answer are
};

IpAddress address_at(Family family, const uint8_t* bytes) {
  IpAddress address = {.family = family};
  std::copy_n(bytes, address.view().size(), address.bytes.begin());
  return address;
}

// What the IP header says of it.
size_t length_of(std::span<const uint8_t> ip) {
  constexpr size_t kIpv6Header = 40;
  return ip[0] >> 4 == 4 ? load_be16(&ip[2]) : kIpv6Header + load_be16(&ip[4]);
}

// What was cut off by the snap length, or is no IP packet, is left out.
std::optional<Captured> captured(LinkType link, const Frame& frame) {
  constexpr size_t kIpv4Header = 20, kIpv6Header = 40;
  const NetworkStart start = find_network(link, frame.bytes);
  const bool ipv4 = start.ether_type == 0x0800;
  if ((!ipv4 && start.ether_type != 0x86dd) || frame.original_length > frame.bytes.size()) return std::nullopt;
  const std::span<const uint8_t> ip = frame.bytes.subspan(start.offset);
  if (ip.size() < (ipv4 ? kIpv4Header : kIpv6Header)) return std::nullopt;
  const Family family = ipv4 ? Family::Ipv4 : Family::Ipv6;
  return Captured{
      family, {ip.begin(), ip.end()}, address_at(family, &ip[ipv4 ? 12 : 8]), address_at(family, &ip[ipv4 ? 16 : 24])};
}

Result<Capture> read_capture(const fs::path& path) {
  auto source = open_capture(path.string());
  if (!source) return std::unexpected(source.error());
  Capture capture = {path.filename().string(), {}};
  std::vector<Frame> frames(64);
  while (const size_t count = (*source)->read(frames)) {
    for (size_t i = 0; i < count; ++i) {
      auto packet = captured((*source)->interfaces()[frames[i].interface].link, frames[i]);
      if (packet) capture.packets.push_back(std::move(*packet));
    }
  }
  return capture;
}

// The two interfaces that `-i` and `-o` name most often; "eth+" is eth0.
void name_interfaces(Rules& rules, const Ruleset& read) {
  std::map<std::string, size_t> counts[2];
  for (const Table& table : read.tables) {
    for (const Chain& chain : table.chains) {
      for (const Rule& rule : chain.rules) {
        for (const bool outgoing : {false, true}) {
          std::string name = outgoing ? rule.selector.out.text : rule.selector.in.text;
          if (name.ends_with('+')) name.back() = '0';
          if (!name.empty() && name != "0" && name != "lo") ++counts[outgoing][name];
        }
      }
    }
  }
  const auto most = [](const std::map<std::string, size_t>& names, std::string_view but, std::string_view otherwise) {
    std::pair<std::string, size_t> best = {std::string(otherwise), 0};
    for (const auto& named : names) {
      if (named.first != but && named.second > best.second) best = named;
    }
    return best.first;
  };
  rules.out = most(counts[1], "", "out0");
  rules.in = most(counts[0], rules.out, "in0");
}

RouteEntry route_to(const IpAddress& to, uint8_t bits, const std::string& device) {
  RouteEntry route;
  route.to = *parse_address_mask(to.family, fmt::format("{}/{}", to.text(), bits));
  route.dev = device;
  return route;
}

bool is_one_machine(const IpAddress& address) {
  const uint8_t first = address.bytes[0];
  if (address.family == Family::Ipv6) return first >= 0x20 && first < 0xfe;
  return first != 0 && first != 127 && first < 224;
}

// Who spoke first to somebody is inside; where `host`, the first who was spoken to is the machine itself.
Setup setup_for(const Rules& rules, const Capture& capture, bool host, std::set<std::string>& inside) {
  const uint8_t bits = rules.family == Family::Ipv4 ? 32 : 128;
  Setup setup;
  scenario::InterfaceLine in = {.name = rules.in, .mtu = kMtu}, out = {.name = rules.out, .mtu = kMtu};
  setup.routes.push_back(route_to({.family = rules.family}, 0, rules.out));
  std::set<std::string> outside;
  for (const Captured& packet : capture.packets) {
    const std::string source = packet.source.text(), destination = packet.destination.text();
    if (packet.family != rules.family || outside.contains(source) || inside.contains(source)) continue;
    if (!is_one_machine(packet.source) || !is_one_machine(packet.destination)) continue;
    if (host && out.addresses.empty()) out.addresses.push_back({packet.destination, bits});
    outside.insert(destination);
    if (!inside.insert(source).second) continue;
    setup.routes.push_back(route_to(packet.source, bits, rules.in));
  }
  setup.interfaces = {in, out};
  setup.rules_text[static_cast<size_t>(rules.family)] = rules.text;
  setup.start = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  return setup;
}

bool own(const Setup& setup, const IpAddress& address) {
  const auto has = [&](const scenario::InterfaceLine& line) {
    return std::ranges::find(line.addresses, address, &InterfaceAddress::address) != line.addresses.end();
  };
  return std::ranges::any_of(setup.interfaces, has);
}

struct Totals {
  size_t replays = 0;
  size_t packets = 0;
  size_t met = 0;  // rules with counts
  std::set<std::string> differing = {};
};

size_t rules_met(const std::string& saved) {
  size_t met = 0;
  for (size_t at = saved.find("\n["); at != std::string::npos; at = saved.find("\n[", at + 1)) {
    met += saved.compare(at + 2, 4, "0:0]") != 0;
  }
  return met;
}

// The kernel is given the rules without theirs.
void clear_counters(Ruleset& ruleset) {
  for (Table& table : ruleset.tables) {
    for (Chain& chain : table.chains) {
      chain.counters = {};
      for (Rule& rule : chain.rules) rule.counters = {};
    }
  }
}

Result<void> replay(const Rules& rules, const Capture& capture, bool host, Totals& totals) {
  std::set<std::string> inside;
  Setup setup = setup_for(rules, capture, host, inside);
  auto read = read_ruleset(rules.text, rules.name, rules.family, builtin_registry());
  if (!read) return std::unexpected(read.error().front());
  clear_counters(*read);
  setup.rulesets.push_back(std::move(*read));
  auto ours = scenario::make_engine_machine(setup);
  if (!ours) return std::unexpected(ours.error().front());
  auto kernel = make_kernel_machine(setup, false);
  if (!kernel) return std::unexpected(kernel.error());
  const auto begin = std::chrono::steady_clock::now();
  size_t packets = 0;
  for (const Captured& packet : capture.packets) {
    if (packet.family != rules.family) continue;
    const std::string device = own(setup, packet.source)               ? ""
                               : inside.contains(packet.source.text()) ? rules.in
                                                                       : rules.out;
    std::vector<uint8_t> bytes = packet.bytes;
    if (device.empty()) bytes.resize(std::min(bytes.size(), length_of(bytes)));  // a socket pads no frames
    (*kernel)->put(device, bytes, false);
    (*ours)->wait_until((std::chrono::steady_clock::now() - begin) / std::chrono::nanoseconds(1));
    (*ours)->put(device, bytes, false);
    ++packets;
  }
  if (packets == 0) return {};
  ++totals.replays;
  totals.packets += packets;
  const std::string saved = (*kernel)->counters();
  totals.met += rules_met(saved);
  const std::string difference = counters_difference(saved, (*ours)->counters());
  if (difference.empty()) return {};
  totals.differing.insert(rules.name);
  fmt::print("{} through {}, {}, differs:\n{}", capture.name, rules.name, host ? "on the host" : "on a router",
             difference);
  return {};
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::vector<Capture> captures_of(const fs::path& folder) {
  std::vector<Capture> captures;
  for (const fs::path& path : files_of(folder)) {
    if (path.extension() != ".pcap" && path.extension() != ".pcapng") continue;
    auto capture = read_capture(path);
    if (capture)
      captures.push_back(std::move(*capture));
    else
      fmt::print("not a capture: {}\n", capture.error().text());
  }
  return captures;
}

// Those that the reader takes; a file whose name ends in -v6 is for IPv6.
std::vector<Rules> rulesets_of(const fs::path& folder) {
  std::vector<Rules> all;
  for (const fs::path& path : files_of(folder)) {
    if (path.extension() != ".rules") continue;
    std::ifstream file(path);
    Rules rules = {.name = path.stem().string()};
    rules.family = rules.name.ends_with("-v6") ? Family::Ipv6 : Family::Ipv4;
    rules.text = {std::istreambuf_iterator<char>(file), {}};
    auto read = read_ruleset(rules.text, path.filename().string(), rules.family, builtin_registry());
    if (!read) {
      fmt::print("not loadable: {}\n", read.error().front().text());
      continue;
    }
    name_interfaces(rules, *read);
    all.push_back(std::move(rules));
  }
  return all;
}

int run(const char* corpus, std::string_view only) {
  const auto there = kernel_is_there();
  if (corpus == nullptr || !there) {
    fmt::print("NOT TESTED: real captures through real rulesets, beside this machine's kernel.\nMissing: {}\n",
               corpus == nullptr ? "SALLYPORT_CORPUS, a folder with captures/ and rulesets/" : there.error().text());
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  const std::vector<Capture> captures = captures_of(fs::path(corpus) / "captures");
  const std::vector<Rules> rulesets = rulesets_of(fs::path(corpus) / "rulesets");
  Totals totals;
  size_t run_rulesets = 0;
  for (const Rules& rules : rulesets) {
    if (rules.name.find(only) == std::string::npos) continue;
    Result<void> done = {};
    for (size_t i = 0; i < captures.size() * 2 && done; ++i) done = replay(rules, captures[i / 2], i % 2 != 0, totals);
    run_rulesets += done.has_value();
    if (!done) fmt::print("not run: {}: {}\n", rules.name, done.error().text());
  }
  fmt::print(
      "{} captures through {} rulesets, each as a router and as a host: {} replays, {} packets, {} rules met; {} "
      "rulesets "
      "differ\n",
      captures.size(), run_rulesets, totals.replays, totals.packets, totals.met, totals.differing.size());
  return totals.differing.empty() && totals.replays != 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  std::string only;
  if (!sallyport::kernel::read_settings(count, words, {{"--only", &only}})) {
    return sallyport::kernel::kWrongUsage;
  }
  const sallyport::kernel::XtablesLock lock;
  return sallyport::kernel::run(std::getenv("SALLYPORT_CORPUS"), only);
}
