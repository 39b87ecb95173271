// The machine in a scenario: its lines, and the host model that they make.

#include "scenario/setup_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "scenario/step_reader.h"

namespace sallyport::scenario {
namespace {

constexpr std::string_view kSetupWords[] = {"iface", "route", "rule", "timeout", "sysctl", "seed", "clock"};

struct RouteWord {
  std::string_view word;
  RouteType type;
};
constexpr RouteWord kRouteTypes[] = {
    {"blackhole", RouteType::Blackhole}, {"unreachable", RouteType::Unreachable}, {"prohibit", RouteType::Prohibit}};

constexpr std::pair<std::string_view, int64_t> kUsualSysctls[] = {
    {"net.ipv4.ip_forward", 1},     {"net.ipv6.conf.all.forwarding", 1},       {"net.ipv4.conf.all.rp_filter", 0},
    {"net.ipv4.icmp_ratelimit", 0}, {"net.ipv4.icmp_msgs_per_sec", 100000000}, {"net.ipv4.icmp_msgs_burst", 100000000},
    {"net.ipv6.icmp.ratelimit", 0}, {"net.ipv4.conf.default.rp_filter", 0},
};

template <class Integer>
bool read_integer(std::string_view text, Integer& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() && !text.empty();
}

Result<IpAddress> address_of(const Word& word) {
  auto address = parse_address(word.text);
  if (!address) return Words::wrong(word, address.error().what, address.error().expected);
  return address;
}

Result<void> read_mtu(Words& words, uint32_t& mtu) {
  constexpr uint32_t kLeast = 68, kMost = 65535;
  const Word& word = words.take();
  if (!read_integer(word.text, mtu) || mtu < kLeast || mtu > kMost) {
    return Words::wrong(word, fmt::format("\"{}\" is no MTU", word.text), "a number from 68 to 65535");
  }
  return {};
}

// "iface wan 203.0.113.7/24 2001:db8::1/64 mtu 1400"
Result<void> read_interface(Words& words, Setup& setup) {
  InterfaceLine line;
  const Word name = words.take();
  constexpr size_t kLongestName = 15;
  if (name.text.empty() || name.text.size() > kLongestName || name.text.find('/') != std::string::npos) {
    return Words::wrong(name, fmt::format("\"{}\" is no interface name", name.text), "a name of 1 to 15 letters");
  }
  if (std::ranges::find(setup.interfaces, name.text, &InterfaceLine::name) != setup.interfaces.end()) {
    return Words::wrong(name, fmt::format("there is an interface {} already", name.text), "another name");
  }
  line.name = name.text;
  while (!words.at_end()) {
    if (words.accept("mtu")) {
      if (auto done = read_mtu(words, line.mtu); !done) return done;
      continue;
    }
    const Word word = words.take();
    const size_t slash = word.text.find('/');
    auto address = parse_address(std::string_view(word.text).substr(0, slash));
    uint8_t bits = 0;
    const bool right = address && slash != std::string::npos && read_integer(word.text.substr(slash + 1), bits) &&
                       bits <= address_bytes(address->family) * 8;
    if (!right) {
      return Words::wrong(word, fmt::format("\"{}\" is no address of an interface", word.text),
                          "ADDRESS/BITS or mtu N");
    }
    line.addresses.push_back({*address, bits});
  }
  setup.interfaces.push_back(std::move(line));
  return {};
}

Result<void> read_table(Words& words, uint32_t& table) {
  const Word& word = words.take();
  if (!read_integer(word.text, table) || table == 0) {
    return Words::wrong(word, fmt::format("\"{}\" is no routing table", word.text), "its number");
  }
  return {};
}

// "rule fwmark 4 table 100"
Result<void> read_policy(Words& words, Setup& setup) {
  PolicyRule policy;
  // Behind the local table, before the main one, in the order of the lines.
  constexpr uint32_t kFirstPriority = 1000;
  policy.priority = kFirstPriority + static_cast<uint32_t>(setup.policies.size());
  if (!words.accept("fwmark")) return words.wrong("fwmark N table N");
  auto mark = read_number(words.take(), 0xffffffff);
  if (!mark) return std::unexpected(mark.error());
  if (mark->kind != Number::Kind::Fixed || !words.accept("table")) return words.wrong("fwmark N table N");
  policy.fwmark = {static_cast<uint32_t>(mark->value), 0xffffffff};
  if (auto done = read_table(words, policy.table); !done) return done;
  setup.policies.push_back(std::move(policy));
  return {};
}

// "route default via 10.0.0.1", "route 10.9.0.0/16 dev lan", "route blackhole 192.0.2.0/24"
Result<void> read_route(Words& words, Setup& setup) {
  RouteEntry route;
  route.type = RouteType::Unicast;
  for (const RouteWord& type : kRouteTypes) {
    if (words.accept(type.word)) route.type = type.type;
  }
  const Word to = words.take();
  const bool is_default = to.text == "default" || to.text == "default6";
  const Family family = to.text == "default6" || to.text.find(':') != std::string::npos ? Family::Ipv6 : Family::Ipv4;
  auto prefix = parse_address_mask(family, is_default ? family == Family::Ipv4 ? "0.0.0.0/0" : "::/0" : to.text);
  if (!prefix) return Words::wrong(to, prefix.error().what, "ADDRESS/BITS, default or default6");
  route.to = *prefix;
  while (!words.at_end()) {
    if (words.accept("dev")) {
      route.dev = words.take().text;
    } else if (words.accept("via")) {
      auto via = address_of(words.take());
      if (!via) return std::unexpected(via.error());
      route.via = *via;
    } else if (words.accept("src")) {
      auto source = address_of(words.take());
      if (!source) return std::unexpected(source.error());
      route.source = *source;
    } else if (words.accept("mtu")) {
      if (auto done = read_mtu(words, route.mtu); !done) return done;
    } else if (words.accept("table")) {
      if (auto done = read_table(words, route.table); !done) return done;
    } else {
      return words.wrong("dev NAME, via ADDRESS, src ADDRESS, mtu N or table N");
    }
  }
  setup.routes.push_back(std::move(route));
  return {};
}

// "timeout quick ipv4 udp unreplied 7 replied 9"
Result<void> read_timeout(Words& words, Setup& setup) {
  constexpr std::string_view kShape = "timeout NAME ipv4|ipv6 PROTOCOL STATE SECONDS...";
  TimeoutPolicy policy;
  policy.name = words.take().text;
  const bool v6 = words.accept("ipv6");
  if (!v6 && !words.accept("ipv4")) return words.wrong(std::string(kShape));
  policy.family = v6 ? Family::Ipv6 : Family::Ipv4;
  const Word name = words.take();
  const auto protocol = std::ranges::find(timeout_states(), name.text, &TimeoutStates::protocol_name);
  if (protocol == timeout_states().end()) {
    return Words::wrong(name, fmt::format("\"{}\" has no timeout policies", name.text), "tcp, udp ... or generic");
  }
  policy.protocol = protocol->protocol;
  while (!words.at_end()) {
    const Word state = words.take(), value = words.take();
    uint32_t seconds = 0;
    if (!read_integer(value.text, seconds))
      return Words::wrong(value, "a state lasts for seconds", std::string(kShape));
    policy.seconds.emplace_back(state.text, seconds);
  }
  if (auto added = HostModel().add_timeout_policy(policy); !added) {
    return Words::wrong(name, added.error().what, added.error().expected);
  }
  setup.timeouts.push_back(std::move(policy));
  return {};
}

Result<void> read_sysctl(Words& words, Setup& setup) {
  const Word name = words.take();
  const Word value = words.take();
  int64_t number = 0;
  if (name.text.empty() || !read_integer(value.text, number)) {
    return Words::wrong(value, "a sysctl needs a name and a number",
                        "sysctl net.netfilter.nf_conntrack_udp_timeout 30");
  }
  if (!HostModel().set_sysctl(name.text, number)) {
    return Words::wrong(name, fmt::format("unknown sysctl \"{}\"", name.text), "a sysctl by its kernel name");
  }
  setup.sysctls.emplace_back(name.text, number);
  return {};
}

// "clock 2026-03-01T10:00:00Z"
Result<void> read_clock(Words& words, Setup& setup) {
  const Word word = words.take();
  int year = 0;
  unsigned parts[5] = {};
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  bool right = word.text.size() == kShape.size();
  for (size_t i = 0; right && i < kShape.size(); ++i) {
    right = kShape[i] == '0' ? word.text[i] >= '0' && word.text[i] <= '9' : word.text[i] == kShape[i];
  }
  const std::string_view text = word.text;
  if (right) {
    read_integer(text.substr(0, 4), year);
    for (size_t i = 0; i < 5; ++i) read_integer(text.substr(5 + i * 3, 2), parts[i]);
  }
  const std::chrono::year_month_day day{std::chrono::year(year), std::chrono::month(parts[0]),
                                        std::chrono::day(parts[1])};
  constexpr int kFirstYear = 1970, kLastYear = 2200;
  if (!right || !day.ok() || year < kFirstYear || year > kLastYear || parts[2] > 23 || parts[3] > 59 || parts[4] > 59) {
    return Words::wrong(word, fmt::format("\"{}\" is no time of day", word.text), "2026-03-01T10:00:00Z, in UTC");
  }
  const int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  setup.start = (days * 86400 + parts[2] * int64_t{3600} + parts[3] * int64_t{60} + parts[4]) * kSecond;
  return {};
}

Result<void> read_seed(Words& words, Setup& setup) {
  const Word word = words.take();
  if (!read_integer(word.text, setup.seed)) return Words::wrong(word, "a seed is a number", "seed 7");
  return {};
}

Interface interface_of(const InterfaceLine& line, bool loopback) {
  Interface interface;
  line.name.copy(interface.name.data(), interface.name.size() - 1);
  interface.mtu = loopback ? 65536 : line.mtu;
  interface.addresses = line.addresses;
  interface.loopback = loopback;
  interface.point_to_point = !loopback;
  return interface;
}

}  // namespace

std::span<const std::pair<std::string_view, int64_t>> usual_sysctls() { return kUsualSysctls; }

bool is_setup_word(std::string_view word) { return std::ranges::find(kSetupWords, word) != std::end(kSetupWords); }

Result<void> read_setup_line(Words& words, Setup& setup) {
  const std::string first = words.take().text;
  auto done = first == "iface"     ? read_interface(words, setup)
              : first == "route"   ? read_route(words, setup)
              : first == "rule"    ? read_policy(words, setup)
              : first == "timeout" ? read_timeout(words, setup)
              : first == "sysctl"  ? read_sysctl(words, setup)
              : first == "seed"    ? read_seed(words, setup)
                                   : read_clock(words, setup);
  if (done && !words.at_end()) return words.wrong("the end of the line");
  return done;
}

Results<HostModel> model_of(const Setup& setup) {
  if (!setup.host_toml.empty()) {
    std::vector<std::string> warnings;
    return read_host_model(setup.host_toml, setup.host_file, warnings);
  }
  if (setup.interfaces.empty()) return HostModel::pair("in0", "out0");
  HostModel model;
  Errors errors;
  const auto note = [&](const auto& result) {
    if (!result) errors.push_back(result.error());
  };
  for (const auto& [name, value] : kUsualSysctls) model.set_sysctl(name, value);
  for (const auto& [name, value] : setup.sysctls) model.set_sysctl(name, value);
  const InterfaceLine loopback = {.name = "lo",
                                  .addresses = {{*parse_address("127.0.0.1"), 8}, {*parse_address("::1"), 128}}};
  note(model.add_interface(interface_of(loopback, true)));
  for (const InterfaceLine& line : setup.interfaces) note(model.add_interface(interface_of(line, false)));
  for (const RouteEntry& route : setup.routes) note(model.add_route(route));
  for (const PolicyRule& policy : setup.policies) note(model.add_rule(policy));
  for (const TimeoutPolicy& policy : setup.timeouts) note(model.add_timeout_policy(policy));
  if (!errors.empty()) return std::unexpected(std::move(errors));
  model.finish();
  return model;
}

}  // namespace sallyport::scenario
