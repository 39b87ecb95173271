// -m udp: ports of UDP (RFC 768). Counterpart of net/netfilter/xt_tcpudp.c. A header that is cut off drops the packet.

#include "match/matches.h"
#include "match/ports.h"
#include "match/transport.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 8;

class UdpMatch final : public Match, public ReadsOnly {
 public:
  UdpMatch(const PortTest& source, const PortTest& destination) : source_(source), destination_(destination) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    return header != nullptr && source_.holds(load_be16(header)) && destination_.holds(load_be16(header + 2));
  }

 private:
  PortTest source_;
  PortTest destination_;
};

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionValue& value = options.values()[i];
    if (value.present && !is_every_port(value)) print_option(options.specs()[i], value, rule, out);
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<UdpMatch>(port_test(options["sport"]), port_test(options["dport"]));
}

}  // namespace

MatchType udp_match() {
  return {
      .name = "udp",
      .options = {source_port_option(parse_resolved_ports), destination_port_option(parse_resolved_ports)},
      .implied = true,
      .protocols = {kUdp},
      .save = save,
      .create = create,
      .summary = "judges the ports of UDP",
  };
}

}  // namespace sallyport
