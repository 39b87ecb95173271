#include "unit/target/one_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/builtins.h"
#include "wire/checksum.h"

namespace sallyport::test {
namespace {

void must(bool done, std::string_view what) {
  if (done) return;
  ADD_FAILURE() << what;
  std::abort();
}

}  // namespace

HostModel two_networks() {
  HostModel host;
  const auto add = [&](std::string_view name, uint32_t mtu, std::string_view v4, std::string_view v6) {
    Interface interface;
    std::copy(name.begin(), name.end(), interface.name.begin());
    interface.mtu = mtu;
    interface.mac = {2, 0, 0, 0, 0, 0x0a};
    interface.addresses = {{*parse_address(v4), 16}, {*parse_address(v6), 64}};
    must(host.add_interface(interface).has_value(), name);
  };
  add("ta", 1400, "10.1.0.1", "fd01::1");
  add("tb", 1300, "10.2.0.1", "fd02::1");
  host.finish();
  return host;
}

OneRule::OneRule(Family family, std::string_view table, Hook chain, std::string_view rule)
    : host_(two_networks()), hook_(chain) {
  const std::string text = fmt::format("*{}\n-A {} {}\nCOMMIT\n", table, hook_name(chain), rule);
  auto ruleset = read_ruleset(text, "rule", family, builtin_registry());
  must(ruleset.has_value(), ruleset ? "" : ruleset.error()[0].text());
  ruleset_ = std::move(*ruleset);
  auto compiled = LinearTable::compile(ruleset_.tables[0], family, "rule", {});
  must(compiled.has_value(), compiled ? "" : compiled.error()[0].text());
  table_ = std::move(*compiled);
}

Verdict OneRule::run(Packet& packet) {
  answers.clear();
  lines.clear();
  records.clear();
  HookContext context;
  context.hook = hook_;
  if (hook_ != Hook::Output) packet.in = kTa;
  if (hook_ != Hook::Prerouting && hook_ != Hook::Input) packet.out = kTb;
  context.in = packet.in;
  context.out = packet.out;
  context.router = &host_;
  context.output = this;
  context.log = this;
  return table_->walk(packet, context);
}

void OneRule::send(Packet&& packet, const Packet&) {
  if (packet.source().is_unspecified()) {
    const IpAddress source = host_.route({.destination = packet.destination()}).preferred_source;
    std::ranges::copy(source.view(), packet.data() + (packet.source_bytes() - packet.data()));
    set_header_checksum(packet);
    set_transport_checksum(packet);
  }
  answers.push_back(std::move(packet));
}

bool OneRule::reroute(Packet&) { return true; }

bool OneRule::may_send_error(const Packet&, uint8_t) { return errors_allowed; }

void OneRule::line(uint8_t level, std::string_view text) { lines.push_back(fmt::format("<{}>{}", level, text)); }

void OneRule::packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet&, const HookContext&) {
  records.push_back({group, std::string(prefix), copy_bytes});
}

}  // namespace sallyport::test
