// From words to bytes.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/bytes.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kUsualTtl = 64;
constexpr uint16_t kUsualWindow = 65535;
constexpr uint32_t kMostBytes = 65535;

void append(Bytes& bytes, std::span<const uint8_t> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
void append_number(Bytes& bytes, unsigned size, uint64_t value) {
  for (unsigned i = size; i-- > 0;) bytes.push_back(static_cast<uint8_t>(value >> (i * 8)));
}

class Maker {
 public:
  // One that is quoted keeps its length: "cut" is left to whoever quotes it.
  Maker(const PacketText& text, const Variables& variables, bool quoted)
      : text_(text), variables_(variables), quoted_(quoted) {}

  Result<Bytes> make() {
    switch (text_.kind) {
      case PacketText::Kind::Any:
      case PacketText::Kind::Same:
        return fail("* and \"same\" can be looked for, not sent", "a packet in full");
      case PacketText::Kind::Raw:
        return text_.payload.value_or(Bytes{});
      case PacketText::Kind::Fragment:
        return make_fragment();
      case PacketText::Kind::Whole:
        break;
    }
    if (!text_.has_ends || !text_.source.address || !text_.destination.address) {
      return fail("the packet does not say from where to where", "ADDRESS > ADDRESS");
    }
    if (!text_.protocol_said) return fail("the packet has no protocol", "proto NUMBER");
    if (auto done = make_transport(); !done) return std::unexpected(done.error());
    if (auto done = put_header_in_front(); !done) return std::unexpected(done.error());
    if (auto done = write_fields(Layer::Transport); !done) return std::unexpected(done.error());
    finish();
    return std::move(bytes_);
  }

 private:
  // The first failure among the numbers of a packet ends its making; until then zero stands in.
  uint64_t number(const Number& asked) {
    auto value = value_of(asked, variables_);
    if (value) return *value;
    if (!failure_) failure_ = value.error();
    return 0;
  }
  Result<void> result() const {
    if (failure_) return std::unexpected(*failure_);
    return {};
  }

  Result<Bytes> make_fragment() {
    auto whole = make_packet(*text_.inner, variables_);
    if (!whole) return whole;
    const auto layout = layout_of(*whole);
    if (!layout) return fail("there is no IP packet to take a piece of", "a whole packet");
    const uint32_t fixed = layout->family == Family::Ipv4 ? layout->transport : 40;
    const std::span<const uint8_t> payload = std::span(*whole).subspan(fixed);
    if (text_.fragment_end > payload.size()) {
      return fail(fmt::format("the packet has only {} bytes behind its IP header", payload.size()),
                  "a piece inside it");
    }
    const bool more = text_.fragment_end < payload.size();
    Bytes piece(whole->begin(), whole->begin() + fixed);
    if (layout->family == Family::Ipv4) {
      store_be16(&piece[4], static_cast<uint16_t>(text_.fragment_id));
      const uint32_t keep = load_be16(&piece[6]) & 0xc000u;
      store_be16(&piece[6], static_cast<uint16_t>(keep | (more ? 0x2000 : 0) | text_.fragment_begin / 8));
    } else {
      append_number(piece, 1, std::exchange(piece[6], kFragment));
      append_number(piece, 1, 0);
      append_number(piece, 2, text_.fragment_begin | (more ? 1 : 0));
      append_number(piece, 4, text_.fragment_id);
    }
    append(piece, payload.subspan(text_.fragment_begin, text_.fragment_end - text_.fragment_begin));
    write_length(piece, layout->family);
    return piece;
  }

  static void write_length(Bytes& bytes, Family family) {
    if (family == Family::Ipv6) {
      store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
    } else {
      store_be16(&bytes[2], static_cast<uint16_t>(bytes.size()));
      fill_header_checksum(bytes);
    }
  }

  Result<void> make_transport() {
    if (has_ports(text_.protocol)) {
      if (text_.source.port.kind == Number::Kind::Any || text_.destination.port.kind == Number::Kind::Any) {
        return fail("the packet does not say its ports", "ADDRESS:PORT > ADDRESS:PORT");
      }
      append_number(bytes_, 2, number(text_.source.port));
      append_number(bytes_, 2, number(text_.destination.port));
    }
    switch (text_.protocol) {
      case kTcp:
        make_tcp();
        break;
      case kUdp:
        append_number(bytes_, 2, 8 + payload().size());
        append_number(bytes_, 2, 0);
        break;
      case kUdplite:
        append_number(bytes_, 4, 0);
        break;
      case kIcmp:
      case kIcmp6:
        append_number(bytes_, 4, 0);
        append_number(bytes_, 4, 0);
        break;
      case kSctp:
        append_number(bytes_, 4, 0);
        append_number(bytes_, 4, 0);
        make_chunks();
        break;
      case kGre:
        make_gre();
        break;
      default:
        break;
    }
    if (text_.protocol != kSctp || text_.chunks.empty()) append(bytes_, payload());
    if (text_.inner) {
      auto quoted = Maker(*text_.inner, variables_, true).make();
      if (!quoted) return std::unexpected(quoted.error());
      const size_t room = text_.inner->cut ? std::min<size_t>(quoted_bytes(*quoted), quoted->size()) : quoted->size();
      append(bytes_, std::span(*quoted).first(room));
    }
    return result();
  }

  // What "cut" leaves of a quoted packet, whose header goes on telling the whole length.
  size_t quoted_bytes(const Bytes& quoted) const {
    const auto layout = layout_of(quoted);
    return layout ? layout->transport + *text_.inner->cut : quoted.size();
  }

  std::span<const uint8_t> payload() const {
    if (text_.payload) return *text_.payload;
    return {};
  }

  void make_tcp() {
    Bytes options;
    for (const TcpOption& option : text_.tcp_options) {
      const std::vector<uint8_t>& sizes = option.kind->sizes;
      const size_t head = options.size();
      append_number(options, 2, uint64_t{option.kind->kind} << 8);
      for (size_t i = 0; i < option.values.size(); ++i) {
        append_number(options, sizes[i % sizes.size()], number(option.values[i]));
      }
      options[head + 1] = static_cast<uint8_t>(options.size() - head);
    }
    constexpr size_t kMostOptions = 40;
    options.resize((options.size() + 3) / 4 * 4, 1);
    if (options.size() > kMostOptions) {
      failure_ = Error{.what = "the TCP options do not fit", .expected = "at most 40 bytes of them"};
      return;
    }
    append_number(bytes_, 4, 0);
    append_number(bytes_, 4, 0);
    append_number(bytes_, 1, (5 + options.size() / 4) << 4);
    append_number(bytes_, 1, text_.tcp_flags.value_or(0));
    append_number(bytes_, 2, kUsualWindow);
    append_number(bytes_, 4, 0);
    append(bytes_, options);
  }

  void make_chunks() {
    for (const Chunk& chunk : text_.chunks) {
      const bool with_payload = chunk.kind->type == 0;
      const size_t head = bytes_.size();
      append_number(bytes_, 1, chunk.kind->type);
      // A data chunk here holds the whole message: its first and last piece.
      append_number(bytes_, 1, with_payload ? 3 : chunk.flags);
      append_number(bytes_, 2, 4u + chunk.kind->contents + (with_payload ? payload().size() : 0));
      bytes_.resize(bytes_.size() + chunk.kind->contents);
      if (chunk.kind->has_tag) {
        const uint64_t tag = number(chunk.tag);
        write_bits(bytes_, static_cast<uint32_t>(head + 4) * 8, 32, tag);
        write_bits(bytes_, static_cast<uint32_t>(head + 8) * 8, 32, kUsualWindow);
        write_bits(bytes_, static_cast<uint32_t>(head + 12) * 8, 32, 0x10001);  // a stream each way
      }
      if (with_payload) append(bytes_, payload());
      bytes_.resize((bytes_.size() + 3) / 4 * 4);
    }
  }

  // With a call it is PPTP's version 1 (RFC 2637), else version 0 without any option.
  void make_gre() {
    const bool pptp = std::ranges::find(text_.fields, "call", &Field::name) != text_.fields.end();
    append_number(bytes_, 2, pptp ? 0x2001 : 0);
    append_number(bytes_, 2, pptp ? 0x880b : 0x0800);
    if (pptp) append_number(bytes_, 4, uint64_t{payload().size()} << 16);
  }

  Result<void> put_header_in_front() {
    const Family family = *text_.family;
    Bytes header(family == Family::Ipv4 ? 20 : 40);
    if (family == Family::Ipv4) {
      header[0] = static_cast<uint8_t>(0x45 + text_.ip_options.size() / 4);
      header[8] = kUsualTtl;
      header[9] = text_.protocol;
      std::ranges::copy(text_.source.address->view(), header.begin() + 12);
      std::ranges::copy(text_.destination.address->view(), header.begin() + 16);
      append(header, text_.ip_options);
    } else {
      header[0] = 0x60;
      header[6] = text_.protocol;
      header[7] = kUsualTtl;
      std::ranges::copy(text_.source.address->view(), header.begin() + 8);
      std::ranges::copy(text_.destination.address->view(), header.begin() + 24);
    }
    bytes_.insert(bytes_.begin(), header.begin(), header.end());
    if (bytes_.size() > kMostBytes) return fail("the packet is too large", fmt::format("at most {} bytes", kMostBytes));
    write_length(bytes_, family);
    return write_fields(Layer::Ip);
  }

  Result<void> write_fields(Layer layer) {
    const auto layout = layout_of(bytes_);
    for (const Field& field : text_.fields) {
      const FieldPlace* const place = find_field(field.name, *text_.family, text_.protocol);
      if (place == nullptr) {
        return fail(
            fmt::format("an {} packet has no \"{}\"", *text_.family == Family::Ipv4 ? "IPv4" : "IPv6", field.name));
      }
      if (place->layer != layer) continue;
      const uint32_t base = layer == Layer::Ip || !layout ? 0 : layout->transport;
      if (base + (place->bit + place->bits + 7u) / 8 > bytes_.size()) continue;
      write_bits(std::span(bytes_).subspan(base), place->bit, place->bits, number(field.value));
    }
    return result();
  }

  bool states(std::string_view name) const {
    return std::ranges::find(text_.fields, name, &Field::name) != text_.fields.end();
  }

  void finish() {
    const auto layout = layout_of(bytes_);
    const bool stated = text_.protocol == kUdp && states("sum");
    if (layout && !stated) fill_transport_checksum(bytes_, *layout);
    if (text_.bad_checksum && layout) spoil_transport_checksum(*layout);
    if (text_.cut && layout) cut(*layout);
    if (*text_.family != Family::Ipv4) return;
    fill_header_checksum(bytes_);
    if (text_.bad_header_checksum) bytes_[11] ^= 1;
  }

  void spoil_transport_checksum(const Layout& layout) {
    const uint32_t at = layout.transport + (text_.protocol == kTcp      ? 17
                                            : text_.protocol == kSctp   ? 11
                                            : has_ports(text_.protocol) ? 7
                                                                        : 3);
    if (at >= bytes_.size()) return;
    const bool would_be_none = bytes_[at - 1] == 0 && bytes_[at] == 1;
    bytes_[at] ^= would_be_none ? 2 : 1;
  }

  // The packet itself ends earlier, and its header says so.
  void cut(const Layout& layout) {
    if (quoted_) return;
    bytes_.resize(std::min<size_t>(bytes_.size(), layout.transport + *text_.cut));
    write_length(bytes_, *text_.family);
  }

  const PacketText& text_;
  const Variables& variables_;
  Bytes bytes_;
  std::optional<Error> failure_;
  bool quoted_;
};

}  // namespace

Result<std::vector<uint8_t>> make_packet(const PacketText& text, const Variables& variables) {
  return Maker(text, variables, false).make();
}

}  // namespace sallyport::scenario
