// Ports that the machine listens on and NAT leaves to it ([host] spared_by_nat), and how they are written. No
// counterpart in the kernel.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "host/names.h"
#include "host/state.h"

namespace sallyport {
namespace {

struct PortProtocol {
  std::string_view name = {};
  uint8_t protocol = 0;
};
// Whose ports NAT may change.
constexpr PortProtocol kPortProtocols[] = {{"tcp", kTcp}, {"udp", kUdp}, {"udplite", kUdplite}, {"sctp", kSctp}};
constexpr std::string_view kKnownProtocols = "tcp, udp, udplite or sctp";

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc{} && end == text.data() + text.size() && port != 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

Result<ListeningPorts> parse_listening_ports(std::string_view text) {
  const size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  const auto* const protocol = std::ranges::find(kPortProtocols, word, &PortProtocol::name);
  if (protocol == std::end(kPortProtocols)) {
    return fail(fmt::format("\"{}\" is no protocol with ports", word), std::string(kKnownProtocols));
  }
  const std::string_view range = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
  const size_t dash = range.find('-');
  const auto low = parse_port(range.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_port(range.substr(dash + 1));
  if (!low || !high) {
    return fail(fmt::format("\"{}\" names no port of 1 to 65535", text),
                fmt::format("\"{} PORT\" or \"{} LOW-HIGH\"", word, word));
  }
  return ListeningPorts{protocol->protocol, *low, *high};
}

std::string listening_ports_text(const ListeningPorts& ports) {
  const auto* const protocol = std::ranges::find(kPortProtocols, ports.protocol, &PortProtocol::protocol);
  return ports.low == ports.high ? fmt::format("{} {}", protocol->name, ports.low)
                                 : fmt::format("{} {}-{}", protocol->name, ports.low, ports.high);
}

Result<void> HostModel::spare_from_nat(ListeningPorts ports) {
  const auto* const protocol = std::ranges::find(kPortProtocols, ports.protocol, &PortProtocol::protocol);
  if (protocol == std::end(kPortProtocols)) {
    return fail(fmt::format("protocol {} has no ports that NAT could take", ports.protocol),
                std::string(kKnownProtocols));
  }
  if (ports.low == 0) return fail("there is no port 0", "1 to 65535");
  if (ports.low > ports.high) {
    const ListeningPorts turned = {ports.protocol, ports.high, ports.low};
    return fail(fmt::format("\"{}\" ends before it begins", listening_ports_text(ports)),
                fmt::format("\"{}\"", listening_ports_text(turned)));
  }
  if (std::ranges::find(state_->spared_by_nat, ports) != state_->spared_by_nat.end()) {
    return fail(fmt::format("\"{}\" is there twice", listening_ports_text(ports)), "each once");
  }
  state_->spared_by_nat.push_back(ports);
  return {};
}

const std::vector<ListeningPorts>& HostModel::spared_by_nat() const { return state_->spared_by_nat; }

}  // namespace sallyport
