// Words to a PacketText.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sallyport/nearest.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

constexpr uint32_t kMostBytes = 65535;
// "about" and "of" in one another.
constexpr int kDeepest = 4;

struct ProtocolWord {
  std::string_view word;
  uint8_t protocol;
  std::optional<Family> family;
};
constexpr ProtocolWord kProtocols[] = {
    {"tcp", kTcp, {}},
    {"udp", kUdp, {}},
    {"udplite", kUdplite, {}},
    {"icmp", kIcmp, Family::Ipv4},
    {"icmp6", kIcmp6, Family::Ipv6},
    {"sctp", kSctp, {}},
    {"gre", kGre, {}},
};
constexpr std::string_view kKinds =
    "a packet: tcp, udp, udplite, icmp, icmp6, sctp, gre, ip, frag, raw, same, or * for any";

std::optional<std::vector<uint8_t>> bytes_of_hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  if (text.size() % 2 != 0) return {};
  for (size_t at = 0; at < text.size(); at += 2) {
    uint8_t byte = 0;
    const auto [end, problem] = std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    if (problem != std::errc() || end != text.data() + at + 2) return {};
    bytes.push_back(byte);
  }
  return bytes;
}

class Reader {
 public:
  Reader(Words& words, int depth) : words_(words), depth_(depth) {}

  Result<PacketText> read() {
    const Word first = words_.peek();
    if (first.quoted || done()) return words_.wrong(std::string(kKinds));
    words_.take();
    if (first.text == "*") {
      packet_.kind = PacketText::Kind::Any;
    } else if (first.text == "same") {
      packet_.kind = PacketText::Kind::Same;
    } else if (first.text == "raw") {
      packet_.kind = PacketText::Kind::Raw;
      if (auto read = read_hex(); !read) return std::unexpected(read.error());
    } else if (first.text == "frag") {
      if (auto read = read_fragment(); !read) return std::unexpected(read.error());
    } else if (auto read = read_whole(first); !read) {
      return std::unexpected(read.error());
    }
    if (!done()) return words_.wrong("the end of the packet");
    return std::move(packet_);
  }

 private:
  bool done() const {
    const Word& next = words_.peek();
    return words_.at_end() || (!next.quoted && (next.text == ")" || next.text == "=>"));
  }

  Result<uint32_t> small(uint32_t most) {
    const Word& word = words_.take();
    auto number = read_number(word, most);
    if (!number) return std::unexpected(number.error());
    if (number->kind != Number::Kind::Fixed) {
      return Words::wrong(word, "here the number must stand itself", fmt::format("a number from 0 to {}", most));
    }
    return static_cast<uint32_t>(number->value);
  }

  Result<void> append(const Word& word, const std::vector<uint8_t>& more) {
    std::vector<uint8_t>& payload = packet_.payload ? *packet_.payload : packet_.payload.emplace();
    if (payload.size() + more.size() > kMostBytes) {
      return Words::wrong(word, "the packet is too large", fmt::format("at most {} bytes", kMostBytes));
    }
    payload.insert(payload.end(), more.begin(), more.end());
    return {};
  }

  Result<void> read_hex() {
    const Word word = words_.take();
    const auto bytes = bytes_of_hex(word.text);
    if (!bytes || word.text.empty()) {
      return Words::wrong(word, fmt::format("\"{}\" is not hexadecimal", word.text), "pairs of hex digits: 450000ff");
    }
    return append(word, *bytes);
  }

  // Letters that show where in the payload they stand.
  Result<void> read_length() {
    const Word word = words_.peek();
    const auto length = small(kMostBytes);
    if (!length) return std::unexpected(length.error());
    std::vector<uint8_t> letters(*length);
    for (size_t i = 0; i < letters.size(); ++i) letters[i] = static_cast<uint8_t>('a' + i % 26);
    return append(word, letters);
  }

  Result<std::shared_ptr<const PacketText>> read_inner() {
    const Word where = words_.peek();
    if (!words_.accept("(")) return words_.wrong("( and a packet");
    if (depth_ == kDeepest) return Words::wrong(where, "packets in packets too deep", "fewer");
    auto inner = Reader(words_, depth_ + 1).read();
    if (!inner) return std::unexpected(inner.error());
    if (!words_.accept(")")) return words_.wrong(")");
    return std::make_shared<const PacketText>(std::move(*inner));
  }

  // "frag 0:1480 id 7 of (PACKET)"
  Result<void> read_fragment() {
    packet_.kind = PacketText::Kind::Fragment;
    const Word range = words_.take();
    const size_t colon = range.text.find(':');
    const auto part = [&](std::string_view text) {
      return read_number({.text = std::string(text), .column = range.column}, kMostBytes);
    };
    const std::string_view text = range.text;
    const auto begin = part(text.substr(0, colon));
    const auto end = part(colon == std::string::npos ? std::string_view() : text.substr(colon + 1));
    const bool right = begin && end && begin->kind == Number::Kind::Fixed && end->kind == Number::Kind::Fixed &&
                       begin->value % 8 == 0 && begin->value < end->value;
    if (!right) {
      return Words::wrong(range, fmt::format("\"{}\" is not a piece of a packet", range.text),
                          "BEGIN:END, the bytes behind the IP header that it holds; BEGIN a multiple of 8");
    }
    packet_.fragment_begin = static_cast<uint32_t>(begin->value);
    packet_.fragment_end = static_cast<uint32_t>(end->value);
    if (words_.accept("id")) {
      const auto id = small(0xffffffff);
      if (!id) return std::unexpected(id.error());
      packet_.fragment_id = *id;
    }
    if (!words_.accept("of")) return words_.wrong("of (PACKET)");
    auto inner = read_inner();
    if (!inner) return std::unexpected(inner.error());
    packet_.inner = std::move(*inner);
    packet_.family = packet_.inner->family;
    return {};
  }

  Result<void> read_whole(const Word& first) {
    const auto known = std::ranges::find(kProtocols, first.text, &ProtocolWord::word);
    if (known != std::end(kProtocols)) {
      packet_.protocol = known->protocol;
      packet_.family = known->family;
      packet_.protocol_said = true;
    } else if (first.text != "ip") {
      return Words::wrong(first, fmt::format("\"{}\" is no packet", first.text), std::string(kKinds));
    }
    if (is_icmp()) {
      if (auto read = read_icmp_kind(); !read) return read;
    }
    while (!done()) {
      if (auto read = read_item(); !read) return read;
    }
    return {};
  }

  bool is_icmp() const { return packet_.protocol_said && (packet_.protocol == kIcmp || packet_.protocol == kIcmp6); }

  // "unreach port"; nothing of the kind is said where another word stands.
  Result<void> read_icmp_kind() {
    const auto is_word = [&](const IcmpKind& kind) {
      return kind.family == packet_.family && kind.word == words_.peek().text;
    };
    const auto first = std::ranges::find_if(icmp_kinds(), is_word);
    if (words_.peek().quoted || first == icmp_kinds().end()) return {};
    const Word word = words_.peek();
    const auto detailed = std::ranges::find_if(icmp_kinds(), [&](const IcmpKind& kind) {
      return is_word(kind) && !kind.detail.empty() && kind.detail == words_.peek(1).text;
    });
    words_.take();
    packet_.fields.push_back({"type", Number::fixed(first->type)});
    if (detailed != icmp_kinds().end()) {
      words_.take();
      packet_.fields.push_back({"code", Number::fixed(detailed->code)});
    } else if (first->detail.empty()) {
      packet_.fields.push_back({"code", Number::fixed(first->code)});
    }
    return {};
  }

  Result<void> read_item() {
    const Word& next = words_.peek();
    if (next.quoted) {
      const Word text = words_.take();
      return append(text, {text.text.begin(), text.text.end()});
    }
    if (!words_.peek(1).quoted && words_.peek(1).text == ">") return read_ends();
    if (packet_.protocol_said && packet_.protocol == kTcp) {
      if (const auto read = read_tcp_word()) return *read;
    }
    if (packet_.protocol_said && packet_.protocol == kSctp) {
      if (const auto read = read_chunk()) return *read;
    }
    if (const auto read = read_common_word()) return *read;
    return read_field();
  }

  Result<End> read_end() {
    const Word& word = words_.take();
    const std::string expected = "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; * stands for any";
    End end;
    std::string_view address = word.text;
    std::string_view port;
    const bool bracketed = address.starts_with('[');
    const size_t close = address.find(']');
    const size_t colon = address.rfind(':');
    const bool ipv6 = !bracketed && std::ranges::count(address, ':') > 1;
    if (bracketed) {
      if (close == std::string_view::npos || (close + 1 < address.size() && address[close + 1] != ':')) {
        return Words::wrong(word, fmt::format("\"{}\" is no end of a packet's way", word.text), expected);
      }
      port = close + 1 < address.size() ? address.substr(close + 2) : std::string_view("*");
      address = address.substr(1, close - 1);
    } else if (colon != std::string_view::npos && !ipv6) {
      port = address.substr(colon + 1);
      address = address.substr(0, colon);
    } else {
      port = "*";
    }
    if (address != "*") {
      auto parsed = parse_address(bracketed ? Family::Ipv6 : ipv6 ? Family::Ipv6 : Family::Ipv4, address);
      if (!parsed) return Words::wrong(word, parsed.error().what, expected);
      end.address = *parsed;
      if (packet_.family && *packet_.family != parsed->family) {
        return Words::wrong(word, "the address is of the other family", "addresses of one family");
      }
      packet_.family = parsed->family;
    }
    auto number = read_number({.text = std::string(port), .column = word.column}, 65535);
    if (!number) return std::unexpected(number.error());
    end.port = *number;
    return end;
  }

  Result<void> read_ends() {
    auto source = read_end();
    if (!source) return std::unexpected(source.error());
    words_.take();
    if (done()) return words_.wrong("ADDRESS behind >");
    auto destination = read_end();
    if (!destination) return std::unexpected(destination.error());
    packet_.has_ends = true;
    packet_.source = *source;
    packet_.destination = *destination;
    return {};
  }

  static bool begins_number(const Word& word) {
    return !word.quoted && !word.text.empty() &&
           (word.text[0] == '$' || word.text == "*" || (word.text[0] >= '0' && word.text[0] <= '9'));
  }

  std::optional<Result<void>> read_tcp_word() {
    const std::string name = words_.peek().text;
    const auto flags = tcp_flag_names();
    if (name == "none") {
      words_.take();
      packet_.tcp_flags = packet_.tcp_flags.value_or(0);
      return Result<void>{};
    }
    if (const auto flag = std::ranges::find(flags, name); flag != flags.end()) {
      words_.take();
      packet_.tcp_flags = static_cast<uint8_t>(packet_.tcp_flags.value_or(0) | 1u << (flag - flags.begin()));
      if (name != "ack" || !begins_number(words_.peek())) return Result<void>{};
      return read_value("acknr", 0xffffffff);
    }
    const auto option = std::ranges::find(tcp_option_kinds(), std::string_view(name), &TcpOptionKind::name);
    if (option == tcp_option_kinds().end()) return {};
    words_.take();
    return name == "sack" ? read_sack(*option) : read_option(*option);
  }

  Result<void> read_option(const TcpOptionKind& kind) {
    TcpOption option = {.kind = &kind};
    for (const uint8_t size : kind.sizes) {
      auto value = read_number(words_.take(), (uint64_t{1} << (size * 8)) - 1);
      if (!value) return std::unexpected(value.error());
      option.values.push_back(std::move(*value));
    }
    packet_.tcp_options.push_back(std::move(option));
    return {};
  }

  // "sack 1:2,5:9"
  Result<void> read_sack(const TcpOptionKind& kind) {
    TcpOption option = {.kind = &kind};
    const Word& word = words_.take();
    std::string_view rest = word.text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of(":,"), rest.size());
      auto edge = read_number({.text = std::string(rest.substr(0, end)), .column = word.column}, 0xffffffff);
      if (!edge) return std::unexpected(edge.error());
      option.values.push_back(std::move(*edge));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    constexpr size_t kMostEdges = 8;
    if (option.values.empty() || option.values.size() % 2 != 0 || option.values.size() > kMostEdges) {
      return Words::wrong(word, fmt::format("\"{}\" are no blocks", word.text),
                          "LEFT:RIGHT, up to four, between commas");
    }
    packet_.tcp_options.push_back(std::move(option));
    return {};
  }

  std::optional<Result<void>> read_chunk() {
    const auto kind = std::ranges::find(chunk_kinds(), std::string_view(words_.peek().text), &ChunkKind::name);
    if (kind == chunk_kinds().end()) return {};
    words_.take();
    Chunk chunk = {.kind = &*kind, .tag = Number::fixed(1)};
    if (kind->has_tag && begins_number(words_.peek())) {
      auto tag = read_number(words_.take(), 0xffffffff);
      if (!tag) return std::unexpected(tag.error());
      chunk.tag = std::move(*tag);
    }
    if (words_.accept("flags")) {
      auto flags = small(255);
      if (!flags) return std::unexpected(flags.error());
      chunk.flags = static_cast<uint8_t>(*flags);
    }
    packet_.chunks.push_back(std::move(chunk));
    return Result<void>{};
  }

  std::optional<Result<void>> read_common_word() {
    if (words_.accept("hex")) return read_hex();
    if (words_.accept("len")) return read_length();
    if (words_.accept("badsum")) return mark(packet_.bad_checksum);
    if (words_.accept("badipsum")) return mark(packet_.bad_header_checksum);
    if (words_.accept("ipopt")) return read_ip_options();
    if (!packet_.protocol_said && words_.accept("proto")) return read_protocol();
    if (words_.accept("cut")) {
      auto cut = small(kMostBytes);
      if (!cut) return std::unexpected(cut.error());
      packet_.cut = *cut;
      return Result<void>{};
    }
    if (is_icmp() && words_.accept("about")) {
      auto inner = read_inner();
      if (!inner) return std::unexpected(inner.error());
      packet_.inner = std::move(*inner);
      return Result<void>{};
    }
    return {};
  }

  static Result<void> mark(bool& flag) {
    flag = true;
    return {};
  }

  Result<void> read_protocol() {
    auto protocol = small(255);
    if (!protocol) return std::unexpected(protocol.error());
    packet_.protocol = static_cast<uint8_t>(*protocol);
    packet_.protocol_said = true;
    protocol_is_number_ = true;
    return {};
  }

  Result<void> read_ip_options() {
    const Word& word = words_.take();
    constexpr size_t kMost = 40;
    const auto bytes = bytes_of_hex(word.text);
    if (!bytes || bytes->empty() || bytes->size() > kMost || bytes->size() % 4 != 0) {
      return Words::wrong(word, fmt::format("\"{}\" are no IP options", word.text),
                          "hex digits, a multiple of four bytes, at most 40");
    }
    packet_.ip_options = *bytes;
    return {};
  }

  Result<void> read_value(std::string_view name, uint64_t most) {
    auto value = read_number(words_.take(), most);
    if (!value) return std::unexpected(value.error());
    packet_.fields.push_back({name, std::move(*value)});
    return {};
  }

  bool has_field(const FieldPlace& place) const {
    if (place.layer == Layer::Ip) return !packet_.family || *packet_.family == place.family;
    return packet_.protocol_said && !protocol_is_number_ && packet_.protocol == place.protocol;
  }

  Result<void> read_field() {
    const Word word = words_.peek();
    const auto place = std::ranges::find_if(
        all_fields(), [&](const FieldPlace& candidate) { return has_field(candidate) && candidate.name == word.text; });
    if (place == all_fields().end()) return unknown_word(word);
    words_.take();
    if (place->flag && !begins_number(words_.peek())) {
      packet_.fields.push_back({place->name, Number::fixed(1)});
      return {};
    }
    return read_value(place->name, (uint64_t{1} << place->bits) - 1);
  }

  std::unexpected<Error> unknown_word(const Word& word) const {
    std::vector<std::string_view> known = {"hex", "len", "badsum", "badipsum", "ipopt", "cut"};
    for (const FieldPlace& place : all_fields()) {
      if (has_field(place)) known.push_back(place.name);
    }
    if (is_icmp()) {
      known.push_back("about");
      for (const IcmpKind& kind : icmp_kinds()) {
        if (kind.family == packet_.family) known.push_back(kind.word);
      }
    }
    if (packet_.protocol == kTcp) {
      for (const std::string_view flag : tcp_flag_names()) known.push_back(flag);
      for (const TcpOptionKind& kind : tcp_option_kinds()) known.push_back(kind.name);
    }
    if (packet_.protocol == kSctp) {
      for (const ChunkKind& kind : chunk_kinds()) known.push_back(kind.name);
    }
    if (!packet_.protocol_said) known.push_back("proto");
    const std::string_view near = nearest(word.text, known);
    std::ranges::sort(known);
    const auto [first, last] = std::ranges::unique(known);
    known.erase(first, last);
    return Words::wrong(word, fmt::format("this packet has no \"{}\"", word.text),
                        near.empty()
                            ? fmt::format("ADDRESS > ADDRESS, \"payload\", or one of: {}", fmt::join(known, ", "))
                            : fmt::format("{}?", near));
  }

  Words& words_;
  int depth_;
  PacketText packet_;
  bool protocol_is_number_ = false;
};

}  // namespace

Result<PacketText> read_packet(Words& words) { return Reader(words, 0).read(); }

}  // namespace sallyport::scenario
