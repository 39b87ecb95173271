// A host model as TOML, in the form of docs/host-model.md; what the reader would fill in by itself is left out.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/names.h"
#include "sallyport/host.h"
#include "sallyport/json_text.h"

namespace sallyport {
namespace {

// The number of the character of `bytes`, all of which are its UTF-8.
uint32_t character(std::string_view bytes) {
  if (bytes.size() == 1) return static_cast<unsigned char>(bytes[0]);
  uint32_t number = static_cast<unsigned char>(bytes[0]) & (0x7fu >> bytes.size());
  for (const char c : bytes.substr(1)) number = number << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  return number;
}

// The reader takes letters outside ASCII by their numbers only. Bytes that are no letter it refuses.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::string_view letter = text.substr(0, std::max(utf8_length(text), size_t{1}));
    const uint32_t number = character(letter);
    if (letter == "\"" || letter == "\\") {
      out += '\\';
      out += letter;
    } else if (utf8_length(letter) != 0 && (number < 0x20 || number >= 0x7f)) {
      out += number > 0xffff ? fmt::format("\\U{:08X}", number) : fmt::format("\\u{:04X}", number);
    } else {
      out += letter;
    }
    text.remove_prefix(letter.size());
  }
  return out + '"';
}

class Writer {
 public:
  explicit Writer(const HostModel& model) : model_(model) {}

  std::string write() {
    write_host();
    const auto last = static_cast<InterfaceId>(model_.interface_count());
    for (InterfaceId id = 1; id <= last; ++id) write_interface(model_.interface(id));
    for (InterfaceId id = 1; id <= last; ++id) {
      if (model_.pair_of(id) > id) write_pair(id);
    }
    for (const RouteEntry& route : model_.routes()) write_route(route);
    for (const PolicyRule& rule : model_.rules()) write_rule(rule);
    for (const TimeoutPolicy& policy : model_.timeout_policies()) write_timeout(policy);
    write_sysctls();
    return std::move(out_);
  }

 private:
  void heading(std::string_view text) { out_ += fmt::format("{}{}\n", out_.empty() ? "" : "\n", text); }
  void line(std::string_view key, std::string_view value) { out_ += fmt::format("{} = {}\n", key, value); }
  void number(std::string_view key, uint64_t value, uint64_t unless) {
    if (value != unless) line(key, fmt::format("{}", value));
  }
  void flag(std::string_view key, bool value, bool unless) {
    if (value != unless) line(key, value ? "true" : "false");
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) line(key, quoted(value));
  }
  void address(std::string_view key, const IpAddress& value) {
    if (!value.is_unspecified()) line(key, quoted(value.text()));
  }
  void type(RouteType value) {
    const auto* const found = std::ranges::find(kRouteTypeNames, value, &NamedRouteType::type);
    if (value != RouteType::Unicast && found != std::end(kRouteTypeNames)) text("type", found->name);
  }
  void table(uint32_t value) {
    const auto* const found = std::ranges::find(kTableNames, value, &NamedTable::id);
    line("table", found != std::end(kTableNames) ? quoted(found->name) : fmt::format("{}", value));
  }

  void write_host() {
    const bool spares = !model_.spared_by_nat().empty();
    if (!model_.answers() && model_.default_rules() && model_.kernel_routes() && !spares) return;
    heading("[host]");
    flag("answers", model_.answers(), false);
    flag("default_rules", model_.default_rules(), true);
    flag("kernel_routes", model_.kernel_routes(), true);
    std::string spared;
    for (const ListeningPorts& ports : model_.spared_by_nat()) {
      spared += (spared.empty() ? "" : ", ") + quoted(listening_ports_text(ports));
    }
    if (spares) line("spared_by_nat", fmt::format("[{}]", spared));
  }

  void write_interface(const Interface& interface) {
    heading("[[interface]]");
    text("name", interface.name_text());
    std::string addresses;
    for (const InterfaceAddress& own : interface.addresses) {
      addresses += fmt::format("{}\"{}/{}\"", addresses.empty() ? "" : ", ", own.address.text(), own.prefix_bits);
    }
    if (!addresses.empty()) line("address", fmt::format("[{}]", addresses));
    number("mtu", interface.mtu, interface.loopback ? 65536 : 65535);
    number("group", interface.group, 0);
    const auto& mac = interface.mac;
    if (mac != std::array<uint8_t, 6>{}) line("mac", fmt::format("\"{:02x}\"", fmt::join(mac, ":")));
    flag("loopback", interface.loopback, interface.name_text() == "lo");
    flag("point_to_point", interface.point_to_point, false);
  }

  void write_pair(InterfaceId id) {
    heading("[[pair]]");
    line("between", fmt::format("[{}, {}]", quoted(model_.interface(id).name_text()),
                                quoted(model_.interface(model_.pair_of(id)).name_text())));
    flag("bridge", model_.pair_is_bridge(id), false);
  }

  void write_route(const RouteEntry& route) {
    heading("[[route]]");
    line("to", fmt::format("\"{}\"", route.to.text()));
    type(route.type);
    address("via", route.via);
    text("dev", route.dev);
    address("src", route.source);
    number("metric", route.metric, 0);
    number("mtu", route.mtu, 0);
    if (route.realm > 65535) {
      line("realm", fmt::format("\"{}/{}\"", route.realm >> 16, route.realm & 65535));
    } else {
      number("realm", route.realm, 0);
    }
    if (route.table != table_for(route.type)) table(route.table);
  }

  void write_rule(const PolicyRule& rule) {
    heading("[[rule]]");
    line("priority", fmt::format("{}", rule.priority));
    if (rule.from) line("from", fmt::format("\"{}\"", rule.from->text()));
    if (rule.to) line("to", fmt::format("\"{}\"", rule.to->text()));
    text("iif", rule.iif);
    text("oif", rule.oif);
    if (rule.fwmark) line("fwmark", fmt::format("\"{:#x}/{:#x}\"", rule.fwmark->first, rule.fwmark->second));
    if (rule.tos) line("tos", fmt::format("{:#04x}", *rule.tos));
    type(rule.type);
    if (rule.table != 0) table(rule.table);
    const bool told_by_address = rule.from.has_value() || rule.to.has_value();
    if (rule.family && !told_by_address) text("family", *rule.family == Family::Ipv4 ? "ipv4" : "ipv6");
  }

  void write_timeout(const TimeoutPolicy& policy) {
    heading("[[timeout]]");
    text("name", policy.name);
    text("family", policy.family == Family::Ipv4 ? "ipv4" : "ipv6");
    text("protocol", std::ranges::find(timeout_states(), policy.protocol, &TimeoutStates::protocol)->protocol_name);
    for (const auto& [state, seconds] : policy.seconds) line(state, fmt::format("{}", seconds));
  }

  void write_sysctls() {
    if (model_.sysctls().empty()) return;
    heading("[sysctl]");
    for (const auto& [name, value] : model_.sysctls()) {
      line(quoted(name), name == kIcmp6Ratemask ? quoted(bitmap_text(value)) : fmt::format("{}", value));
    }
  }

  const HostModel& model_;
  std::string out_;
};

}  // namespace

std::string host_model_text(const HostModel& model) { return Writer(model).write(); }

}  // namespace sallyport
