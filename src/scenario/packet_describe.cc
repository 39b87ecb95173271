// A packet in the words of the scenario language. What has no words is left out, but that is said.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/bytes.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

using Bytes = std::span<const uint8_t>;

std::string hex_of(Bytes bytes) {
  std::string out;
  for (const uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::string quoted(Bytes bytes) {
  std::string out = "\"";
  for (const uint8_t byte : bytes) {
    if (byte == '"' || byte == '\\') {
      out += fmt::format("\\{}", static_cast<char>(byte));
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += static_cast<char>(byte);
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  return out + "\"";
}

class Describer {
 public:
  Describer(Bytes packet, const Layout& layout) : packet_(packet), layout_(layout) {}

  std::string describe() {
    if (layout_.fragment && layout_.fragment_begin != 0) {
      out_ = "ip";
      add_ends();
      out_ += fmt::format(" proto {}", layout_.protocol);
    } else {
      add_transport();
    }
    add_ip_fields();
    if (layout_.fragment) add_fragment();
    if (layout_.family == Family::Ipv4 && !header_checksum_right(packet_)) out_ += " badipsum";
    if (!transport_checksum_right(packet_, layout_)) out_ += " badsum";
    return std::move(out_);
  }

 private:
  Bytes transport() const { return packet_.subspan(layout_.transport, layout_.end - layout_.transport); }

  void add_ends() {
    const size_t size = address_bytes(layout_.family);
    const uint8_t* const addresses = packet_.data() + (layout_.family == Family::Ipv4 ? 12 : 8);
    const bool ports = has_ports(layout_.protocol) && layout_.fragment_begin == 0 && transport().size() >= 4;
    const auto end = [&](size_t which) {
      std::string address = IpAddress::from(layout_.family, addresses + which * size).text();
      if (!ports) return address;
      const uint16_t port = load_be16(&transport()[which * 2]);
      return layout_.family == Family::Ipv4 ? fmt::format("{}:{}", address, port)
                                            : fmt::format("[{}]:{}", address, port);
    };
    out_ += fmt::format(" {} > {}", end(0), end(1));
  }

  void add_field(std::string_view name, uint64_t usual) {
    const FieldPlace* const place = find_field(name, layout_.family, layout_.protocol);
    if (place == nullptr) return;
    const uint32_t base = place->layer == Layer::Ip ? 0 : layout_.transport;
    if (base + (place->bit + place->bits + 7u) / 8 > layout_.end) return;
    const uint64_t value = read_bits(packet_.subspan(base), place->bit, place->bits);
    if (value == usual) return;
    out_ += place->flag ? fmt::format(" {}", name) : fmt::format(" {} {}", name, value);
  }

  void add_ip_fields() {
    add_field("ttl", 64);
    add_field("tos", 0);
    if (!layout_.fragment) add_field("ipid", 0);
    add_field("df", 0);
    add_field("flow", 0);
    if (layout_.family == Family::Ipv4 && layout_.transport > 20) {
      out_ += " ipopt " + hex_of(packet_.subspan(20, layout_.transport - 20));
    }
  }

  void add_fragment() {
    const uint32_t begin = layout_.fragment_begin;
    out_ = fmt::format("frag {}:{} id {} of ({}){}", begin, begin + layout_.end - layout_.transport,
                       layout_.fragment_id, out_, layout_.more_fragments ? "" : " the last");
  }

  void add_transport() {
    const uint32_t head = transport_header_bytes(packet_, layout_);
    const Bytes body = transport().subspan(head);
    const bool plain = head == 0;
    const uint8_t protocol = layout_.protocol;
    if (plain) {
      out_ = "ip";
      add_ends();
      out_ += fmt::format(" proto {}", protocol);
      if (!body.empty()) out_ += " hex " + hex_of(body);
      return;
    }
    if (protocol == kTcp) return add_tcp(head, body);
    if (protocol == kIcmp || protocol == kIcmp6) return add_icmp(body);
    if (protocol == kSctp) return add_sctp(body);
    out_ = protocol == kUdp ? "udp" : protocol == kUdplite ? "udplite" : "gre";
    add_ends();
    if (protocol == kUdplite) add_field("cov", 0);
    if (protocol == kUdp && load_be16(&transport()[6]) == 0) out_ += " sum 0";
    if (protocol == kGre && head == 8) add_field("call", ~uint64_t{0});
    add_payload(body);
  }

  void add_payload(Bytes body) {
    constexpr size_t kShown = 200;
    if (!body.empty()) out_ += " " + quoted(body.first(std::min(body.size(), kShown)));
    if (body.size() > kShown) out_ += fmt::format(" and {} bytes more", body.size() - kShown);
  }

  void add_tcp(uint32_t head, Bytes body) {
    out_ = "tcp";
    add_ends();
    const uint8_t flags = transport()[13];
    const auto names = tcp_flag_names();
    constexpr size_t kAckBit = 4;
    for (size_t i = 0; i < names.size(); ++i) {
      if (i != kAckBit && (flags >> i & 1) != 0) out_ += fmt::format(" {}", names[i]);
    }
    if (flags == 0) out_ += " none";
    add_field("seq", ~uint64_t{0});
    const uint32_t ack = load_be32(&transport()[8]);
    const bool has_ack = (flags >> kAckBit & 1) != 0;
    if (has_ack) out_ += fmt::format(" ack {}", ack);
    if (!has_ack && ack != 0) out_ += fmt::format(" acknr {}", ack);
    add_field("win", 65535);
    add_field("urgp", 0);
    add_tcp_options(transport().subspan(20, head - 20));
    add_payload(body);
  }

  void add_tcp_options(Bytes options) {
    for (size_t at = 0; at + 1 < options.size() && options[at] != 0;) {
      const size_t size = options[at] == 1 ? 1 : options[at + 1];
      if (size == 0 || at + size > options.size()) return;
      const auto kind = std::ranges::find(tcp_option_kinds(), options[at], &TcpOptionKind::kind);
      if (kind != tcp_option_kinds().end() && size >= 2) add_tcp_option(*kind, options.subspan(at + 2, size - 2));
      at += size;
    }
  }

  void add_tcp_option(const TcpOptionKind& kind, Bytes value) {
    out_ += fmt::format(" {}", kind.name);
    size_t number = 0;
    for (size_t at = 0; !kind.sizes.empty() && at + kind.sizes[number % kind.sizes.size()] <= value.size(); ++number) {
      const uint8_t size = kind.sizes[number % kind.sizes.size()];
      const std::string_view separator = kind.name != "sack" || number == 0 ? " " : number % 2 == 1 ? ":" : ",";
      out_ += fmt::format("{}{}", separator, read_bits(value, static_cast<uint32_t>(at) * 8, size * 8u));
      at += size;
    }
  }

  void add_icmp(Bytes body) {
    out_ = layout_.family == Family::Ipv4 ? "icmp" : "icmp6";
    const uint8_t type = transport()[0], code = transport()[1];
    const auto known = std::ranges::find_if(icmp_kinds(), [&](const IcmpKind& kind) {
      return kind.family == layout_.family && kind.type == type && kind.code == code;
    });
    if (known == icmp_kinds().end()) {
      out_ += fmt::format(" type {} code {}", type, code);
    } else {
      out_ += fmt::format(" {}", known->word);
      if (!known->detail.empty()) out_ += fmt::format(" {}", known->detail);
    }
    add_ends();
    const bool error =
        layout_.family == Family::Ipv4 ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12 : type < 128;
    if (!error) {
      add_field("id", ~uint64_t{0});
      add_field("seq", ~uint64_t{0});
      add_payload(body);
      return;
    }
    const bool too_big = layout_.family == Family::Ipv4 ? type == 3 && code == 4 : type == 2;
    add_field(too_big ? "mtu" : "rest", 0);
    out_ += layout_of(body) ? fmt::format(" about ({})", describe_quoted(body)) : " hex " + hex_of(body);
  }

  // A quotation's checksum is the sender's business.
  static std::string describe_quoted(Bytes body) {
    Layout layout = *layout_of(body);
    layout.said_length = layout.end + 1;
    return Describer(body, layout).describe();
  }

  void add_sctp(Bytes body) {
    out_ = "sctp";
    add_ends();
    add_field("vtag", ~uint64_t{0});
    while (body.size() >= 4) {
      const size_t length = std::max<size_t>(load_be16(&body[2]), 4);
      const auto kind = std::ranges::find(chunk_kinds(), body[0], &ChunkKind::type);
      out_ += kind == chunk_kinds().end() ? fmt::format(" chunk {}", body[0]) : fmt::format(" {}", kind->name);
      if (kind != chunk_kinds().end() && kind->has_tag && body.size() >= 8)
        out_ += fmt::format(" {}", load_be32(&body[4]));
      if (body[0] == 0 && length > 16 && length <= body.size()) add_payload(body.subspan(16, length - 16));
      body = body.subspan(std::min(body.size(), (length + 3) / 4 * 4));
    }
  }

  Bytes packet_;
  Layout layout_;
  std::string out_;
};

}  // namespace

std::string describe(Bytes packet) {
  const auto layout = layout_of(packet);
  if (!layout) return "raw " + hex_of(packet);
  return Describer(packet, *layout).describe();
}

}  // namespace sallyport::scenario
