// Whether a packet is as the words say, and if not, the first thing that differs, in words.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/bytes.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

using Bytes = std::span<const uint8_t>;

std::string protocol_text(uint8_t protocol) {
  constexpr std::pair<uint8_t, std::string_view> kNames[] = {{kTcp, "tcp"},   {kUdp, "udp"},     {kUdplite, "udplite"},
                                                             {kIcmp, "icmp"}, {kIcmp6, "icmp6"}, {kSctp, "sctp"},
                                                             {kGre, "gre"}};
  for (const auto& [number, name] : kNames) {
    if (number == protocol) return std::string(name);
  }
  return fmt::format("protocol {}", protocol);
}

std::string flags_text(uint8_t flags) {
  std::string out;
  const auto names = tcp_flag_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if ((flags >> i & 1) != 0) out += fmt::format("{}{}", out.empty() ? "" : " ", names[i]);
  }
  return out.empty() ? "none" : out;
}

class Matcher {
 public:
  Matcher(const PacketText& text, Bytes packet, Variables& variables, bool quoted)
      : text_(text), packet_(packet), variables_(variables), quoted_(quoted) {}

  std::string mismatch() {
    const auto layout = layout_of(packet_);
    if (!layout) return fmt::format("it is no IP packet ({} bytes)", packet_.size());
    layout_ = *layout;
    if (text_.kind == PacketText::Kind::Fragment) return fragment();
    const bool whole = !layout_.fragment || quoted_;
    if (!whole && !asks("mf")) return "it is a fragment";
    if (std::string differs = header(); !differs.empty()) return differs;
    if (std::string differs = fields(); !differs.empty()) return differs;
    if (std::string differs = transport(); !differs.empty()) return differs;
    return quoted_ ? std::string() : checksums();
  }

 private:
  bool asks(std::string_view name) const {
    return std::ranges::find(text_.fields, name, &Field::name) != text_.fields.end();
  }

  std::string differs(std::string_view what, uint64_t actual, const Number& asked) const {
    return fmt::format("{} is {}, expected {}", what, actual, text_of(asked, variables_));
  }

  std::string header() {
    if (text_.family && *text_.family != layout_.family) {
      return fmt::format("it is IPv{}", layout_.family == Family::Ipv4 ? 4 : 6);
    }
    if (text_.protocol_said && text_.protocol != layout_.protocol) {
      return fmt::format("it is {}, expected {}", protocol_text(layout_.protocol), protocol_text(text_.protocol));
    }
    if (!text_.has_ends) return {};
    const size_t size = address_bytes(layout_.family);
    const uint8_t* const addresses = packet_.data() + (layout_.family == Family::Ipv4 ? 12 : 8);
    if (std::string out = address("source", addresses, text_.source); !out.empty()) return out;
    if (std::string out = address("destination", addresses + size, text_.destination); !out.empty()) return out;
    if (!has_ports(layout_.protocol) || layout_.end < layout_.transport + 4) return {};
    const uint8_t* const ports = packet_.data() + layout_.transport;
    if (!holds(text_.source.port, load_be16(ports), 16, variables_)) {
      return differs("source port", load_be16(ports), text_.source.port);
    }
    if (!holds(text_.destination.port, load_be16(ports + 2), 16, variables_)) {
      return differs("destination port", load_be16(ports + 2), text_.destination.port);
    }
    return {};
  }

  std::string address(std::string_view what, const uint8_t* bytes, const End& asked) const {
    const IpAddress actual = IpAddress::from(layout_.family, bytes);
    if (!asked.address || *asked.address == actual) return {};
    return fmt::format("{} is {}, expected {}", what, actual.text(), asked.address->text());
  }

  std::string fields() {
    for (const Field& field : text_.fields) {
      const FieldPlace* const place = find_field(field.name, layout_.family, layout_.protocol);
      if (place == nullptr) return fmt::format("it has no {}", field.name);
      const uint32_t base = place->layer == Layer::Ip ? 0 : layout_.transport;
      if (base + (place->bit + place->bits + 7u) / 8 > layout_.end) {
        // A quotation may end before it.
        if (quoted_) continue;
        return fmt::format("it ends before its {}", field.name);
      }
      const uint64_t actual = read_bits(packet_.subspan(base), place->bit, place->bits);
      if (!holds(field.value, actual, place->bits, variables_)) return differs(field.name, actual, field.value);
    }
    return {};
  }

  std::string transport() {
    const uint32_t head = transport_header_bytes(packet_, layout_);
    const Bytes body = packet_.subspan(layout_.transport + head, layout_.end - layout_.transport - head);
    if (text_.tcp_flags || !text_.tcp_options.empty()) {
      if (head == 0) return quoted_ ? "" : "its TCP header is cut off";
      if (std::string out = tcp(head); !out.empty()) return out;
    }
    if (!text_.chunks.empty()) return chunks(body);
    if (text_.inner) return Matcher(*text_.inner, body, variables_, true).about();
    return text_.payload ? payload(body) : std::string();
  }

  std::string about() {
    std::string out = mismatch();
    return out.empty() ? out : fmt::format("of the packet that it quotes, {}", out);
  }

  std::string payload(Bytes body) const {
    const std::vector<uint8_t>& asked = *text_.payload;
    const size_t common = std::min(body.size(), asked.size());
    const auto [there, wanted] = std::ranges::mismatch(body.first(common), std::span(asked).first(common));
    if (there != body.begin() + static_cast<std::ptrdiff_t>(common)) {
      return fmt::format("byte {} of its payload is {:#04x}, expected {:#04x}", there - body.begin(), *there, *wanted);
    }
    if (body.size() == asked.size() || (quoted_ && body.size() < asked.size())) return {};
    return fmt::format("its payload has {} bytes, expected {}", body.size(), asked.size());
  }

  std::string tcp(uint32_t head) {
    const uint8_t flags = packet_[layout_.transport + 13];
    if (text_.tcp_flags && flags != *text_.tcp_flags) {
      return fmt::format("its flags are {}, expected {}", flags_text(flags), flags_text(*text_.tcp_flags));
    }
    for (const TcpOption& option : text_.tcp_options) {
      const Bytes value = option_value(packet_.subspan(layout_.transport + 20, head - 20), option.kind->kind);
      if (value.data() == nullptr) return fmt::format("it has no {}", option.kind->name);
      size_t at = 0;
      for (size_t i = 0; i < option.values.size(); ++i) {
        const uint8_t size = option.kind->sizes[i % option.kind->sizes.size()];
        if (at + size > value.size()) return fmt::format("its {} is too short", option.kind->name);
        const uint64_t actual = read_bits(value, static_cast<uint32_t>(at) * 8, size * 8u);
        if (!holds(option.values[i], actual, size * 8u, variables_)) {
          return differs(option.kind->name, actual, option.values[i]);
        }
        at += size;
      }
    }
    return {};
  }

  // Null where the option is not there.
  static Bytes option_value(Bytes options, uint8_t kind) {
    for (size_t at = 0; at < options.size();) {
      if (options[at] == 0) break;
      if (options[at] == 1) {
        ++at;
        continue;
      }
      if (at + 2 > options.size()) break;
      const size_t size = options[at + 1];
      if (size < 2 || at + size > options.size()) break;
      if (options[at] == kind) return options.subspan(at + 2, size - 2);
      at += size;
    }
    return {};
  }

  std::string chunks(Bytes body) {
    for (const Chunk& chunk : text_.chunks) {
      if (body.size() < 4) return fmt::format("it has no {}", chunk.kind->name);
      const size_t length = std::max<size_t>(load_be16(&body[2]), 4);
      if (body[0] != chunk.kind->type) {
        return fmt::format("it has a chunk of type {}, expected {}", body[0], chunk.kind->name);
      }
      if (chunk.kind->has_tag && body.size() >= 8 && !holds(chunk.tag, load_be32(&body[4]), 32, variables_)) {
        return differs("initiate tag", load_be32(&body[4]), chunk.tag);
      }
      if (chunk.kind->type == 0 && text_.payload && length >= 16 && length <= body.size()) {
        if (std::string out = payload(body.subspan(16, length - 16)); !out.empty()) return out;
      }
      body = body.subspan(std::min(body.size(), (length + 3) / 4 * 4));
    }
    return body.empty() ? std::string() : "it has more chunks than expected";
  }

  std::string fragment() {
    const uint32_t header = layout_.transport;
    const uint32_t begin = layout_.fragment_begin, end = begin + layout_.end - header;
    if (!layout_.fragment) return "it is no fragment";
    if (begin != text_.fragment_begin || end != text_.fragment_end) {
      return fmt::format("it holds {}:{}, expected {}:{}", begin, end, text_.fragment_begin, text_.fragment_end);
    }
    const auto whole = make_packet(*text_.inner, variables_);
    const auto layout = whole ? layout_of(*whole) : std::nullopt;
    if (!layout) return {};
    const Bytes all = Bytes(*whole).subspan(layout->family == Family::Ipv4 ? layout->transport : 40);
    if (end > all.size()) return fmt::format("the whole has only {} bytes", all.size());
    if (layout_.more_fragments != (end < all.size())) return "its flag \"more fragments\" is wrong";
    if (!std::ranges::equal(packet_.subspan(header, end - begin), all.subspan(begin, end - begin))) {
      return "it does not hold that piece of the whole";
    }
    const size_t first = layout->family == Family::Ipv4 ? 12 : 8, size = address_bytes(layout->family) * 2;
    const bool same_ends = std::ranges::equal(packet_.subspan(first, size), Bytes(*whole).subspan(first, size));
    return same_ends ? checksums() : "it goes from and to other addresses";
  }

  std::string checksums() const {
    if (layout_.family == Family::Ipv4 && header_checksum_right(packet_) == text_.bad_header_checksum) {
      return text_.bad_header_checksum ? "its header checksum is right" : "its header checksum is wrong";
    }
    if (transport_checksum_right(packet_, layout_) == text_.bad_checksum) {
      return text_.bad_checksum ? "its transport checksum is right" : "its transport checksum is wrong";
    }
    return {};
  }

  const PacketText& text_;
  Bytes packet_;
  Variables& variables_;
  bool quoted_;
  Layout layout_;
};

// The TTL may have been lowered once, and IPv4's header checksum with it.
std::string differs_from_original(Bytes packet, Bytes came_in) {
  if (packet.size() != came_in.size())
    return fmt::format("it has {} bytes, came in with {}", packet.size(), came_in.size());
  if (packet.size() < 20) return std::ranges::equal(packet, came_in) ? "" : "it was changed";
  const bool ipv4 = packet[0] >> 4 == 4;
  const size_t ttl = ipv4 ? 8 : 7;
  for (size_t i = 0; i < packet.size(); ++i) {
    const bool may_differ = i == ttl ? came_in[i] - packet[i] == 1 : ipv4 && (i == 10 || i == 11);
    if (packet[i] != came_in[i] && !may_differ) {
      return fmt::format("byte {} is {:#04x}, came in as {:#04x}", i, packet[i], came_in[i]);
    }
  }
  return !ipv4 || header_checksum_right(packet) ? "" : "its header checksum is wrong";
}

}  // namespace

std::string mismatch(const PacketText& text, Bytes packet, Bytes came_in, Variables& variables) {
  switch (text.kind) {
    case PacketText::Kind::Any:
      return {};
    case PacketText::Kind::Same:
      return differs_from_original(packet, came_in);
    case PacketText::Kind::Raw:
      return std::ranges::equal(packet, *text.payload) ? "" : "its bytes differ";
    default:
      break;
  }
  Variables tried = variables;
  std::string differs = Matcher(text, packet, tried, false).mismatch();
  if (differs.empty()) variables = std::move(tried);
  return differs;
}

}  // namespace sallyport::scenario
