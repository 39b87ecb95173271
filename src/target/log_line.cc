// One log line: "PREFIXIN=... OUT=... MAC=... SRC=...". Counterpart: net/netfilter/nf_log_syslog.c.
//
// The link header is printed as the kernel sees it on the interface that the frame came by: VLAN tags are taken off
// first, a cooked capture is turned back into the Ethernet header that it stands for as far as that is known, and
// interfaces without link-layer addresses have none.

#include "target/log_line.h"

#include <array>
#include <optional>

#include "sallyport/host.h"

namespace sallyport {
namespace {

using EthernetHeader = std::array<uint8_t, 14>;

// Linux' ARPHRD numbers (linux/if_arp.h), which cooked captures carry.
constexpr uint16_t kArpEthernet = 1;
constexpr uint16_t kArpLoopback = 772;

// A file may give an interface or a prefix any bytes: none of them may steer a terminal or begin a line.
void add_shown(DumpLine& line, std::string_view text) {
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && static_cast<uint8_t>(text[plain]) >= 0x20 && text[plain] != 0x7f) ++plain;
    line.add(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    line.add("\\x{:02x}", static_cast<uint8_t>(text[0]));
    text.remove_prefix(1);
  }
}

std::string_view interface_name(const HookContext& context, InterfaceId id) {
  return id == kNoInterface || context.router == nullptr ? "" : context.router->interface(id).name_text();
}

// To which station a frame of a cooked capture went: the header says only what kind of address it was.
void fill_destination(EthernetHeader& header, const Packet& packet, const HookContext& context) {
  if (packet.type == PacketType::Broadcast) {
    for (int i = 0; i < 6; ++i) header[i] = 0xff;
  } else if (packet.type == PacketType::Multicast) {
    const uint8_t* const group = packet.destination_bytes();
    if (packet.family == Family::Ipv4) {
      const uint8_t station[] = {0x01, 0x00, 0x5e, static_cast<uint8_t>(group[1] & 0x7f), group[2], group[3]};
      std::memcpy(header.data(), station, sizeof station);
    } else {
      header[0] = header[1] = 0x33;
      std::memcpy(header.data() + 2, group + 12, 4);
    }
  } else if (context.router != nullptr) {
    std::memcpy(header.data(), context.router->interface(context.in).mac.data(), 6);
  }
}

// The header that the kernel would have had before the packet, and whether the interface is an Ethernet one.
struct LinkView {
  EthernetHeader header = {};
  bool ethernet = false;
};

std::optional<LinkView> link_view(const Packet& packet, const HookContext& context) {
  const auto link = packet.link_header();
  LinkView view;
  const bool cooked = link.size() == 16, cooked2 = link.size() == 20;
  if (cooked || cooked2) {
    const uint16_t hardware = load_be16(link.data() + (cooked ? 2 : 8));
    if (hardware != kArpEthernet && hardware != kArpLoopback) return std::nullopt;
    view.ethernet = hardware == kArpEthernet;
    if (view.ethernet) fill_destination(view.header, packet, context);
    std::memcpy(view.header.data() + 6, link.data() + (cooked ? 6 : 12), 6);
    std::memcpy(view.header.data() + 12, packet.family == Family::Ipv4 ? "\x08\x00" : "\x86\xdd", 2);
    return view;
  }
  if (link.size() < view.header.size()) return std::nullopt;
  view.ethernet = true;
  std::memcpy(view.header.data(), link.data(), 12);
  std::memcpy(view.header.data() + 12, link.data() + link.size() - 2, 2);
  return view;
}

void add_link_header(DumpLine& line, const Packet& packet, const HookContext& context, uint8_t flags) {
  const auto view = link_view(packet, context);
  if (view && view->ethernet && (flags & kDumpMacDecode)) {
    const uint8_t* const header = view->header.data();
    line.add("MACSRC=");
    line.add_hex(header + 6, 6, false, ':');
    line.add(" MACDST=");
    line.add_hex(header, 6, false, ':');
    line.add(" MACPROTO=");
    line.add_hex(header + 12, 2, false);
  } else {
    line.add("MAC=");
    if (view) line.add_hex(view->header.data(), static_cast<uint32_t>(view->header.size()), false, ':');
  }
  line.add(" ");
}

}  // namespace

void log_packet(LogSink& log, uint8_t level, std::string_view prefix, uint8_t flags, const Packet& packet,
                const HookContext& context) {
  DumpLine line;
  add_shown(line, prefix);
  line.add("IN=");
  add_shown(line, interface_name(context, context.in));
  line.add(" OUT=");
  add_shown(line, interface_name(context, context.out));
  line.add(" ");
  if (context.in != kNoInterface) add_link_header(line, packet, context, flags);
  dump_packet(line, packet, flags);
  log.line(level, line.text());
}

}  // namespace sallyport
