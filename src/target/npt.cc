// -j SNPT and -j DNPT: give an IPv6 source or destination another prefix, and change 16 more bits so that no checksum
// changes; nothing is remembered. Counterpart of net/ipv6/netfilter/ip6t_NPT.c; RFC 6296.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/option_pieces.h"
#include "target/targets.h"
#include "wire/build.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr uint32_t kSourcePlace = 8, kDestinationPlace = 24;
constexpr int kLongestPrefix = 64;

// One's complement sum of a prefix.
uint16_t sum_of(const IpAddress& prefix) { return static_cast<uint16_t>(~checksum(prefix.bytes)); }

class PrefixTarget final : public Target {
 public:
  PrefixTarget(uint32_t place, const AddressMask& from, const IpAddress& to, int bits)
      : place_(place), from_(from), to_(to), mask_(prefix_mask(Family::Ipv6, static_cast<uint8_t>(bits))), bits_(bits) {
    // What the address loses by the new prefix it gets back in the word below.
    adjustment_ =
        static_cast<uint16_t>(~checksum_finish(uint32_t{sum_of(from.address)} + static_cast<uint16_t>(~sum_of(to))));
  }

  Action apply(Packet& packet, HookContext& context) override {
    if (!translate(packet.data() + place_)) {
      refuse(packet, context);
      return Action::drop();
    }
    translate_quoted(packet);
    packet.flow_hashed = false;
    return Action::go_on();
  }

 private:
  bool translate(uint8_t* address) const {
    for (size_t i = 0; i < 16; ++i) {
      address[i] = static_cast<uint8_t>((address[i] & ~mask_.bytes[i]) | to_.bytes[i]);
    }
    uint8_t* const word = adjusted_word(address);
    if (word == nullptr) return false;
    const auto sum = static_cast<uint16_t>(~checksum_finish(uint32_t{load_be16(word)} + adjustment_));
    store_be16(word, sum == 0xffff ? uint16_t{0} : sum);
    return true;
  }

  // The packet that an error quotes went the other way, so there the other end is translated.
  void translate_quoted(Packet& packet) const {
    constexpr uint32_t kIpHeader = 40, kIcmpHeader = 8, kQuoted = kIpHeader + kIcmpHeader, kNextHeaderPlace = 6;
    constexpr uint8_t kFirstError = 1, kLastError = 4;
    uint8_t* const bytes = packet.at(0, kQuoted + kIpHeader);
    if (bytes == nullptr || bytes[kNextHeaderPlace] != kIcmp6) return;
    if (bytes[kIpHeader] < kFirstError || bytes[kIpHeader] > kLastError) return;
    uint8_t* const address = bytes + kQuoted + (place_ == kSourcePlace ? kDestinationPlace : kSourcePlace);
    if (from_.contains(IpAddress::from(Family::Ipv6, address))) static_cast<void>(translate(address));
  }

  // The first word behind the prefix that is not all ones, which in this sum would be another zero.
  uint8_t* adjusted_word(uint8_t* address) const {
    if (bits_ <= 48) return address + 6;
    for (uint32_t at = 8; at < 16; at += 2) {
      if (load_be16(address + at) != 0xffff) return address + at;
    }
    return nullptr;
  }

  void refuse(const Packet& packet, HookContext& context) const {
    constexpr uint8_t kParameterProblem = 4, kErroneousField = 0;
    if (!may_answer_with_icmp_error(packet) || !context.output->may_send_error(packet, kParameterProblem)) return;
    context.output->send(build_icmp_error(packet, kParameterProblem, kErroneousField, place_), packet);
  }

  uint32_t place_;
  AddressMask from_;
  IpAddress to_;
  IpAddress mask_;
  int bits_;
  uint16_t adjustment_ = 0;
};

Result<void> parse_prefix(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto prefix = parse_host_mask(rule.family, text);
  if (!prefix) return std::unexpected(prefix.error());
  const int bits = prefix_length(prefix->mask);
  if (bits < 0 || bits > kLongestPrefix || (prefix->address & prefix->mask) != prefix->address) {
    return fail(fmt::format("the prefix `{}' cannot be translated", text),
                "PREFIX/BITS, up to 64, no bit set behind it");
  }
  value.address = prefix->address;
  value.number = static_cast<uint64_t>(bits);
  return {};
}

// ip6tables-save leaves ::/0 out, although it is not read without.
void save(const Options& options, const RuleContext&, std::string& out) {
  for (size_t i = 0; i < options.values().size(); ++i) {
    const OptionValue& prefix = options.values()[i];
    if (prefix.address.is_unspecified() && prefix.number == 0) continue;
    out += fmt::format(" --{} {}/{}", options.specs()[i].name, prefix.address.text(), prefix.number);
  }
}

Result<std::unique_ptr<Target>> create_at(uint32_t place, const Options& options) {
  const OptionValue &from = options["src-pfx"], &to = options["dst-pfx"];
  const auto bits = static_cast<int>(std::max(from.number, to.number));
  return std::make_unique<PrefixTarget>(
      place, AddressMask{from.address, prefix_mask(Family::Ipv6, static_cast<uint8_t>(from.number))}, to.address, bits);
}
Result<std::unique_ptr<Target>> create_snpt(const Options& options, const RuleContext&) {
  return create_at(kSourcePlace, options);
}
Result<std::unique_ptr<Target>> create_dnpt(const Options& options, const RuleContext&) {
  return create_at(kDestinationPlace, options);
}

constexpr OptionSpec prefix_option(std::string_view name) {
  return {.name = name, .kind = OptionKind::Custom, .required = true, .hint = "PREFIX/BITS", .parse = parse_prefix};
}

}  // namespace

TargetType snpt_target() {
  return {
      .name = "SNPT",
      .families = Families::Ipv6Only,
      .options = {prefix_option("src-pfx"), prefix_option("dst-pfx")},
      .tables = {"mangle"},
      .hooks = hook_bit(Hook::Input) | hook_bit(Hook::Postrouting),
      .save = save,
      .create = create_snpt,
      .summary = "gives the source another prefix, without memory",
  };
}

TargetType dnpt_target() {
  return {
      .name = "DNPT",
      .families = Families::Ipv6Only,
      .options = {prefix_option("src-pfx"), prefix_option("dst-pfx")},
      .tables = {"mangle"},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Output),
      .save = save,
      .create = create_dnpt,
      .summary = "gives the destination another prefix, without memory",
  };
}

}  // namespace sallyport
