// What -m icmp and -m icmp6 share: type and code, as text and in the packet.

#include "match/icmp_type.h"

#include <fmt/format.h>

#include "match/number_text.h"
#include "match/transport.h"

namespace sallyport {
namespace {

// The whole fixed header must be there, although only its first two bytes are looked at.
constexpr uint32_t kHeaderBytes = 8;

class IcmpMatch final : public Match {
 public:
  IcmpMatch(bool any_type, uint8_t type, uint8_t low_code, uint8_t high_code, bool inverted)
      : any_type_(any_type), type_(type), low_code_(low_code), high_code_(high_code), inverted_(inverted) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    if (header == nullptr) return false;
    const bool same = any_type_ || (header[0] == type_ && header[1] >= low_code_ && header[1] <= high_code_);
    return same != inverted_;
  }

 private:
  bool any_type_;
  uint8_t type_;
  uint8_t low_code_;
  uint8_t high_code_;
  bool inverted_;
};

struct ByteRange {
  uint8_t low = 0;
  uint8_t high = 0;
};

// "N" or "N:N".
std::optional<ByteRange> take_range(std::string_view& text) {
  const auto low = take_number(text);
  if (!low || *low > 255) return std::nullopt;
  auto high = low;
  if (text.starts_with(':')) {
    text.remove_prefix(1);
    high = take_number(text);
    if (!high || *high > 255) return std::nullopt;
  }
  return ByteRange{static_cast<uint8_t>(*low), static_cast<uint8_t>(*high)};
}

Result<void> parse_numeric(std::string_view text, OptionValue& value) {
  std::string_view rest = text;
  const auto type = take_range(rest);
  if (!type) {
    return fail(fmt::format("unknown ICMP type \"{}\"", text), "a name, or TYPE or TYPE/CODE as numbers from 0 to 255");
  }
  ByteRange codes{0, 255};
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    const auto given = take_range(rest);
    if (!given) return fail(fmt::format("unknown ICMP code in \"{}\"", text), "TYPE/CODE, CODE from 0 to 255");
    codes = *given;
  }
  if (!rest.empty()) return fail(fmt::format("unexpected \"{}\" in \"{}\"", rest, text), "TYPE or TYPE/CODE");
  if (type->low != type->high) return fail(fmt::format("\"{}\" is a range of types", text), "one type");
  value.number = type->low;
  value.list = {{codes.low, codes.high}};
  return {};
}

}  // namespace

Result<void> parse_icmp_type(std::span<const IcmpTypeName> names, std::string_view text, OptionValue& value) {
  const IcmpTypeName* found = nullptr;
  for (const IcmpTypeName& name : names) {
    if (name.name.size() < text.size() || !same_word(name.name.substr(0, text.size()), text)) continue;
    if (found != nullptr) {
      return fail(fmt::format("\"{}\" begins more than one ICMP type", text),
                  fmt::format("{} or {}", found->name, name.name));
    }
    found = &name;
  }
  if (found == nullptr) return parse_numeric(text, value);
  value.number = found->type;
  value.list = {{found->low_code, found->high_code}};
  return {};
}

void print_icmp_type(const OptionValue& value, std::string& out) {
  out += fmt::format(" {}", value.number);
  const auto [low, high] = value.list.front();
  if (low != 0 || high != 255) out += fmt::format("/{}", low);
}

Result<std::unique_ptr<Match>> make_icmp_match(const OptionValue& value, bool any_type) {
  const auto [low, high] = value.list.front();
  return std::make_unique<IcmpMatch>(any_type, static_cast<uint8_t>(value.number), static_cast<uint8_t>(low),
                                     static_cast<uint8_t>(high), value.inverted);
}

}  // namespace sallyport
