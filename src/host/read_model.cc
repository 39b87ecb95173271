// A host model from TOML: docs/host-model.md says what may stand in it. Goes on after a mistake, so that one run names
// them all.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <ranges>
#include <tuple>

#include "host/names.h"
#include "host/sysctl.h"
#include "host/toml_document.h"
#include "host/toml_fields.h"
#include "sallyport/host.h"
#include "sallyport/nearest.h"

namespace sallyport {
namespace {

constexpr int64_t kMost32 = std::numeric_limits<uint32_t>::max();

constexpr std::string_view kHostKeys[] = {"answers", "default_rules", "kernel_routes", "spared_by_nat"};
constexpr std::string_view kInterfaceKeys[] = {"name", "address", "mtu", "group", "mac", "loopback", "point_to_point"};
constexpr std::string_view kPairKeys[] = {"between", "bridge"};
constexpr std::string_view kRouteKeys[] = {"to", "dev", "via", "src", "metric", "realm", "table", "type", "mtu"};
constexpr std::string_view kRuleKeys[] = {"from", "to",    "iif",      "oif",  "fwmark",
                                          "tos",  "table", "priority", "type", "family"};

// What stands in [[timeout]], of whatever protocol: which state is whose the model says.
const std::vector<std::string_view>& timeout_keys() {
  static const std::vector<std::string_view> kKeys = [] {
    std::vector<std::string_view> keys = {"name", "family", "protocol"};
    for (const TimeoutStates& protocol : timeout_states()) {
      for (const std::string_view state : protocol.states) {
        if (std::ranges::find(keys, state) == keys.end()) keys.push_back(state);
      }
    }
    return keys;
  }();
  return kKeys;
}

template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const auto& known : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", known.name);
  return text;
}

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
  return problem == std::errc{} && end == text.data() + text.size();
}

bool name_suits_the_kernel(std::string_view name) {
  return name != "." && name != ".." && name != "all" && name != "default" &&
         std::ranges::none_of(name, [](char c) { return c == '/' || c == ':' || c == 0x7f || (c >= 0 && c <= ' '); });
}

class Reader {
 public:
  Reader(std::string_view file, std::vector<std::string>& warnings) : file_(file), warnings_(warnings) {}

  Results<HostModel> read(const TomlTable& document) {
    document_ = &document;
    TomlFields top(errors_, "a host model", document, 1, 1, kTopKeys);
    for (const TomlEntry& entry : document) {
      if (entry.key == "socket") {
        top.wrong(entry.value, "sockets are not part of the model yet",
                  "no [[socket]]: no local user owns a port, and rules that ask for one do not match");
      }
    }
    one("host", &Reader::read_host, kHostKeys);
    each("interface", &Reader::read_interface, kInterfaceKeys);
    each("pair", &Reader::read_pair, kPairKeys);
    each("route", &Reader::read_route, kRouteKeys);
    each("rule", &Reader::read_rule, kRuleKeys);
    each("timeout", &Reader::read_timeout, timeout_keys());
    read_sysctls();
    if (!errors_.empty()) return refused();
    model_.finish();
    return std::move(model_);
  }

 private:
  static constexpr std::string_view kTopKeys[] = {"host", "interface", "pair",   "route",
                                                  "rule", "timeout",   "sysctl", "socket"};
  using Section = void (Reader::*)(TomlFields&);

  std::unexpected<Errors> refused() {
    for (Error& error : errors_) error.file = file_;
    std::ranges::stable_sort(errors_, {}, [](const Error& e) { return std::pair(e.line, e.column); });
    return std::unexpected(std::move(errors_));
  }

  void warn(uint32_t line, uint32_t column, const std::string& what) {
    warnings_.push_back(Error{.what = what, .expected = {}, .file = file_, .line = line, .column = column}.text());
  }

  const TomlEntry* section(std::string_view name) const {
    const auto found = std::ranges::find(*document_, name, &TomlEntry::key);
    return found == document_->end() ? nullptr : &*found;
  }

  void not_so(const TomlValue& at, std::string what, std::string expected) {
    errors_.push_back({.what = std::move(what), .expected = std::move(expected), .line = at.line, .column = at.column});
  }

  // [name], once.
  void one(std::string_view name, Section take, std::span<const std::string_view> known) {
    const TomlEntry* const entry = section(name);
    if (entry == nullptr) return;
    if (const auto* const table = std::get_if<TomlTable>(&entry->value.data)) {
      TomlFields fields(errors_, fmt::format("[{}]", name), *table, entry->value.line, entry->value.column, known);
      (this->*take)(fields);
    } else {
      not_so(entry->value, fmt::format("{} is {}", name, toml_kind(entry->value)), fmt::format("[{}]", name));
    }
  }

  // [[name]], any number of times.
  void each(std::string_view name, Section take, std::span<const std::string_view> known) {
    const TomlEntry* const entry = section(name);
    if (entry == nullptr) return;
    const auto* const items = std::get_if<std::vector<TomlValue>>(&entry->value.data);
    const std::string heading = fmt::format("[[{}]]", name);
    if (items == nullptr) {
      not_so(entry->value, fmt::format("{} is {}", name, toml_kind(entry->value)), heading);
      return;
    }
    for (const TomlValue& item : *items) {
      if (const auto* const table = std::get_if<TomlTable>(&item.data)) {
        TomlFields fields(errors_, heading, *table, item.line, item.column, known);
        (this->*take)(fields);
      } else {
        not_so(item, fmt::format("{} holds {}", name, toml_kind(item)), heading);
      }
    }
  }

  void read_host(TomlFields& fields) {
    model_.set_answers(fields.flag("answers").value_or(false));
    model_.set_default_rules(fields.flag("default_rules").value_or(true));
    kernel_routes_ = fields.flag("kernel_routes").value_or(true);
    model_.set_kernel_routes(kernel_routes_);
    if (!model_.default_rules()) {
      priorities4_.clear();
      priorities6_.clear();
    }
    for (const TomlFields::Text& item : fields.texts("spared_by_nat")) {
      const auto ports = parse_listening_ports(item.text);
      const auto added = ports ? model_.spare_from_nat(*ports) : std::unexpected(ports.error());
      if (!added) fields.wrong(*item.at, added.error().what, added.error().expected);
    }
  }

  void read_interface(TomlFields& fields) {
    Interface interface;
    fields.require("name", "\"eth0\"");
    const std::string name = fields.text("name").value_or("");
    const bool fits = name.size() < interface.name.size();
    if (!fits || !name_suits_the_kernel(name)) {
      fields.wrong("name", {.what = fmt::format("\"{}\" cannot be an interface's name", name),
                            .expected = "at most 15 characters, no blank, slash or colon; not \"all\" or \"default\""});
    }
    if (fits) std::ranges::copy(name, interface.name.begin());
    interface.loopback = fields.flag("loopback").value_or(name == "lo");
    interface.point_to_point = fields.flag("point_to_point").value_or(false);
    interface.mtu = static_cast<uint32_t>(
        fields.integer("mtu", 68, std::numeric_limits<int32_t>::max()).value_or(interface.loopback ? 65536 : 65535));
    interface.group = static_cast<uint32_t>(fields.integer("group", 0, kMost32).value_or(0));
    read_mac(fields, interface.mac);
    for (const TomlFields::Text& item : fields.texts("address")) read_address(fields, item, interface.addresses);
    if (fields.failed()) {
      // Known all the same, so that what refers to it is not a second mistake.
      if (fits && !name.empty()) std::ignore = model_.add_interface(interface);
      return;
    }
    if (auto added = model_.add_interface(std::move(interface)); !added) fields.wrong("name", added.error());
  }

  static void read_mac(TomlFields& fields, std::array<uint8_t, 6>& mac) {
    const auto text = fields.text("mac");
    if (!text) return;
    bool right = text->size() == 17;
    for (size_t i = 0; right && i < 6; ++i) {
      const char* const at = text->data() + i * 3;
      right = std::from_chars(at, at + 2, mac[i], 16).ptr == at + 2 && (i == 5 || at[2] == ':');
    }
    if (!right) {
      fields.wrong("mac", {.what = fmt::format("\"{}\" is not a MAC address", *text), .expected = "02:00:00:00:00:01"});
    }
  }

  static void read_address(TomlFields& fields, const TomlFields::Text& item, std::vector<InterfaceAddress>& addresses) {
    const std::string_view text = item.text;
    const size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return fields.wrong(*item.at, address.error().what, "ADDRESS/BITS, such as 192.0.2.1/24");
    unsigned bits = static_cast<unsigned>(address_bytes(address->family)) * 8;
    const unsigned most = bits;
    if (slash != std::string_view::npos && (!parse_whole(text.substr(slash + 1), bits) || bits > most)) {
      return fields.wrong(*item.at, fmt::format("\"{}\" has a wrong prefix length", text),
                          fmt::format("/0 to /{}", most));
    }
    const InterfaceAddress own = {*address, static_cast<uint8_t>(bits)};
    if (std::ranges::find(addresses, own) != addresses.end()) {
      return fields.wrong(*item.at, fmt::format("{} is there twice", text), "each address once");
    }
    addresses.push_back(own);
  }

  void read_pair(TomlFields& fields) {
    fields.require("between", "[\"wan\", \"lan\"]");
    const std::vector<TomlFields::Text> ends = fields.texts("between");
    const bool bridge = fields.flag("bridge").value_or(false);
    if (fields.find("between") != nullptr && ends.size() != 2) {
      fields.wrong("between", {.what = fmt::format("a pair of {}", ends.size()), .expected = "two interfaces"});
    }
    if (fields.failed()) return;
    if (auto added = model_.add_pair(ends[0].text, ends[1].text, bridge); !added)
      fields.wrong("between", added.error());
  }

  static std::optional<IpAddress> read_ip(TomlFields& fields, std::string_view key) {
    const auto text = fields.text(key);
    if (!text) return std::nullopt;
    const auto address = parse_address(*text);
    if (address) return *address;
    fields.wrong(key, address.error());
    return std::nullopt;
  }

  // ADDRESS or ADDRESS/BITS.
  static std::optional<AddressMask> read_prefix(TomlFields& fields, std::string_view key) {
    const auto text = fields.text(key);
    if (!text) return std::nullopt;
    const Family family = text->find(':') == std::string::npos ? Family::Ipv4 : Family::Ipv6;
    const auto prefix = parse_address_mask(family, *text);
    if (!prefix) {
      fields.wrong(key, {.what = prefix.error().what, .expected = "ADDRESS/BITS, such as 192.0.2.0/24"});
      return std::nullopt;
    }
    if (prefix_length(prefix->mask) < 0 || prefix->address != parse_address(family, text->substr(0, text->find('/')))) {
      fields.wrong(key, {.what = fmt::format("{} has bits beyond its prefix", *text), .expected = prefix->text()});
      return std::nullopt;
    }
    return *prefix;
  }

  // A prefix, or "default", whose family the route's other addresses tell.
  static std::optional<AddressMask> read_destination(TomlFields& fields, std::optional<Family> family) {
    const TomlValue* const value = fields.find("to");
    const auto* const text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    if (text == nullptr || *text != "default") return read_prefix(fields, "to");
    if (family) return AddressMask{{.family = *family}, {.family = *family}};
    fields.wrong(*value, "\"default\" of which family", "0.0.0.0/0 or ::/0");
    return std::nullopt;
  }

  // A prefix, or "all".
  static std::optional<AddressMask> read_selector(TomlFields& fields, std::string_view key) {
    const TomlValue* const value = fields.find(key);
    const auto* const text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    return text != nullptr && *text == "all" ? std::nullopt : read_prefix(fields, key);
  }

  static std::optional<RouteType> read_type(TomlFields& fields) {
    const auto text = fields.text("type");
    if (!text) return RouteType::Unicast;
    const auto* const found = std::ranges::find(kRouteTypeNames, *text, &NamedRouteType::name);
    if (found != std::end(kRouteTypeNames)) return found->type;
    fields.wrong("type", {.what = fmt::format("there is no type \"{}\"", *text), .expected = listed(kRouteTypeNames)});
    return std::nullopt;
  }

  static std::optional<uint32_t> read_table(TomlFields& fields) {
    const TomlValue* const value = fields.find("table");
    if (value == nullptr) return std::nullopt;
    if (const auto* const text = std::get_if<std::string>(&value->data)) {
      const auto* const found = std::ranges::find(kTableNames, *text, &NamedTable::name);
      if (found != std::end(kTableNames)) return found->id;
      fields.wrong("table", {.what = fmt::format("there is no table \"{}\"", *text),
                             .expected = fmt::format("a number, or one of {}", listed(kTableNames))});
      return std::nullopt;
    }
    const auto number = fields.integer("table", 1, kMost32);
    return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
  }

  // N, or "FROM/TO" as `ip route` takes it.
  static uint32_t read_realm(TomlFields& fields) {
    const TomlValue* const value = fields.find("realm");
    if (value == nullptr) return 0;
    if (const auto* const text = std::get_if<std::string>(&value->data)) {
      const size_t slash = text->find('/');
      uint16_t from = 0;
      uint16_t to = 0;
      const bool right = slash != std::string::npos && parse_whole(std::string_view(*text).substr(0, slash), from) &&
                         parse_whole(std::string_view(*text).substr(slash + 1), to);
      if (right) return uint32_t{from} << 16 | to;
      fields.wrong("realm", {.what = fmt::format("realm = \"{}\"", *text), .expected = "a number, or \"FROM/TO\""});
      return 0;
    }
    return static_cast<uint32_t>(fields.integer("realm", 0, 65535).value_or(0));
  }

  void read_route(TomlFields& fields) {
    RouteEntry route;
    fields.require("to", "\"0.0.0.0/0\"");
    route.dev = fields.text("dev").value_or("");
    const auto via = read_ip(fields, "via");
    const auto source = read_ip(fields, "src");
    std::optional<Family> family;
    if (via) family = via->family;
    if (source) family = source->family;
    const auto to = read_destination(fields, family);
    const auto type = read_type(fields);
    route.metric = static_cast<uint32_t>(fields.integer("metric", 0, kMost32).value_or(0));
    route.mtu = static_cast<uint32_t>(fields.integer("mtu", 0, kMost32).value_or(0));
    route.realm = read_realm(fields);
    route.table = read_table(fields).value_or(table_for(type.value_or(RouteType::Unicast)));
    if (fields.failed()) return;
    route.to = *to;
    route.type = *type;
    route.via = via.value_or(IpAddress{.family = to->address.family});
    route.source = source.value_or(IpAddress{.family = to->address.family});
    if (auto added = model_.add_route(std::move(route)); !added) fields.wrong("to", added.error());
  }

  // N or "VALUE/MASK".
  static std::optional<std::pair<uint32_t, uint32_t>> read_mark(TomlFields& fields) {
    const TomlValue* const value = fields.find("fwmark");
    if (value == nullptr) return std::nullopt;
    const auto* const text = std::get_if<std::string>(&value->data);
    if (text == nullptr) {
      const auto number = fields.integer("fwmark", 0, kMost32);
      return number ? std::optional(std::pair(static_cast<uint32_t>(*number), ~uint32_t{0})) : std::nullopt;
    }
    const size_t slash = text->find('/');
    std::pair<uint32_t, uint32_t> mark = {0, ~uint32_t{0}};
    const std::string_view whole = *text;
    const bool right = parse_whole(whole.substr(0, slash), mark.first) &&
                       (slash == std::string::npos || parse_whole(whole.substr(slash + 1), mark.second));
    if (right) return mark;
    fields.wrong("fwmark", {.what = fmt::format("fwmark = \"{}\"", *text), .expected = "a number, or \"VALUE/MASK\""});
    return std::nullopt;
  }

  // One less than that of the family's second rule, as `ip rule add` without a priority.
  uint32_t next_priority(std::optional<Family> family) const {
    const std::vector<uint32_t>& there = family == Family::Ipv6 ? priorities6_ : priorities4_;
    return there.size() < 2 || there[1] == 0 ? 0 : there[1] - 1;
  }

  void note_priority(const PolicyRule& rule) {
    for (auto* const there : {&priorities4_, &priorities6_}) {
      const Family family = there == &priorities4_ ? Family::Ipv4 : Family::Ipv6;
      if (rule.family.value_or(family) != family) continue;
      there->insert(std::ranges::upper_bound(*there, rule.priority), rule.priority);
    }
  }

  static std::optional<Family> read_family(TomlFields& fields) {
    const auto text = fields.text("family");
    if (!text) return std::nullopt;
    if (*text == "ipv4") return Family::Ipv4;
    if (*text == "ipv6") return Family::Ipv6;
    fields.wrong("family", {.what = fmt::format("there is no family \"{}\"", *text),
                            .expected = "\"ipv4\" or \"ipv6\"; without the key, both"});
    return std::nullopt;
  }

  void read_rule(TomlFields& fields) {
    PolicyRule rule;
    rule.family = read_family(fields);
    rule.from = read_selector(fields, "from");
    rule.to = read_selector(fields, "to");
    rule.iif = fields.text("iif").value_or("");
    rule.oif = fields.text("oif").value_or("");
    rule.fwmark = read_mark(fields);
    if (const auto tos = fields.integer("tos", 0, 255)) rule.tos = static_cast<uint8_t>(*tos);
    const auto type = read_type(fields);
    rule.type = type.value_or(RouteType::Unicast);
    rule.table = read_table(fields).value_or(0);
    const auto priority = fields.integer("priority", 0, kMost32);
    for (const auto* const selector : {&rule.from, &rule.to}) {
      if (*selector && !rule.family) rule.family = (*selector)->address.family;
    }
    rule.priority = priority ? static_cast<uint32_t>(*priority) : next_priority(rule.family);
    if (fields.failed()) return;
    for (const std::string_view key : {"iif", "oif"}) warn_if_unknown(fields, key);
    note_priority(rule);
    if (auto added = model_.add_rule(std::move(rule)); !added) fields.wrong("table", added.error());
  }

  static std::optional<TimeoutStates> read_tracked(TomlFields& fields) {
    fields.require("protocol", "\"udp\"");
    const auto text = fields.text("protocol");
    if (!text) return std::nullopt;
    const auto found = std::ranges::find(timeout_states(), *text, &TimeoutStates::protocol_name);
    if (found != timeout_states().end()) return *found;
    std::string names;
    for (const TimeoutStates& known : timeout_states()) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", known.protocol_name);
    }
    fields.wrong("protocol", {.what = fmt::format("\"{}\" is no protocol that has timeout policies", *text),
                              .expected = std::move(names)});
    return std::nullopt;
  }

  void read_timeout(TomlFields& fields) {
    TimeoutPolicy policy;
    fields.require("name", "\"quick\"");
    policy.name = fields.text("name").value_or("");
    policy.family = read_family(fields).value_or(Family::Ipv4);
    const auto protocol = read_tracked(fields);
    for (const std::string_view key : timeout_keys() | std::views::drop(3)) {
      const auto seconds = fields.integer(key, 0, kMost32);
      if (seconds) policy.seconds.emplace_back(key, static_cast<uint32_t>(*seconds));
    }
    if (fields.failed()) return;
    policy.protocol = protocol->protocol;
    if (auto added = model_.add_timeout_policy(std::move(policy)); !added) fields.wrong("name", added.error());
  }

  void warn_if_unknown(TomlFields& fields, std::string_view key) {
    const auto name = fields.text(key);
    if (!name || (*name == "lo" && key == "iif") || model_.find_interface(*name)) return;
    const TomlValue* const at = fields.find(key);
    warn(at->line, at->column, fmt::format("the model has no interface \"{}\": this rule never holds", *name));
  }

  void read_sysctls() {
    const TomlEntry* const entry = section("sysctl");
    if (entry == nullptr) return;
    if (const auto* const table = std::get_if<TomlTable>(&entry->value.data)) {
      read_sysctls_under("", *table);
    } else {
      not_so(entry->value, fmt::format("sysctl is {}", toml_kind(entry->value)), "[sysctl]");
    }
  }

  // Names may be written "net.ipv4.ip_forward" or, without quotes, as TOML's own nested keys.
  void read_sysctls_under(const std::string& prefix, const TomlTable& table) {
    for (const TomlEntry& entry : table) {
      const std::string name = prefix + entry.key;
      if (const auto* const below = std::get_if<TomlTable>(&entry.value.data)) {
        read_sysctls_under(name + ".", *below);
      } else if (const auto* const number = std::get_if<int64_t>(&entry.value.data)) {
        set_sysctl(entry, name, *number);
      } else if (const auto* const text = std::get_if<std::string>(&entry.value.data); text && name == kIcmp6Ratemask) {
        const auto bits = parse_bitmap(*text);
        bits ? set_sysctl(entry, name, *bits) : not_so(entry.value, bits.error().what, bits.error().expected);
      } else {
        not_so(entry.value, fmt::format("{} is {}", name, toml_kind(entry.value)), "a whole number");
      }
    }
  }

  void set_sysctl(const TomlEntry& entry, const std::string& name, int64_t value) {
    if (model_.set_sysctl(name, value)) return;
    std::vector<std::string_view> known;
    for (const SysctlDefault& sysctl : sysctl_defaults()) known.push_back(sysctl.name);
    const std::string_view near = nearest(name, known);
    warn(entry.line, entry.column,
         fmt::format("\"{}\" is no sysctl that has a meaning here{}", name,
                     near.empty() ? "" : fmt::format("; \"{}\" is one", near)));
  }

  std::string file_;
  std::vector<std::string>& warnings_;
  const TomlTable* document_ = nullptr;
  Errors errors_;
  HostModel model_;
  bool kernel_routes_ = true;
  std::vector<uint32_t> priorities4_ = {0, 32766, 32767};
  std::vector<uint32_t> priorities6_ = {0, 32766};
};

}  // namespace

Results<HostModel> read_host_model(std::string_view toml, std::string_view file, std::vector<std::string>& warnings) {
  const auto document = parse_toml(toml, file);
  if (!document) return std::unexpected(document.error());
  return Reader(file, warnings).read(*document);
}

}  // namespace sallyport
