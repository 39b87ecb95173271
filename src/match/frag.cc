// -m frag: the IPv6 fragment header (RFC 8200 4.5). Counterpart of net/ipv6/netfilter/ip6t_frag.c.
//
// --fraglen is read and saved, and means nothing: every fragment header has 8 bytes.

#include "match/ipv6_headers.h"
#include "match/matches.h"
#include "match/spi.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 8;
constexpr uint16_t kOffset = 0xfff8;
constexpr uint16_t kReserved = 0x0006;
constexpr uint16_t kMore = 0x0001;

struct FragTest {
  SpiTest identification = {};
  bool reserved_clear = false;
  bool first = false;
  bool more = false;
  bool last = false;
};

class FragMatch final : public Match {
 public:
  explicit FragMatch(const FragTest& test) : test_(test) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = ipv6_header_or_drop(packet, context, kFragment, kHeaderBytes);
    if (header == nullptr) return false;
    const uint16_t offset = load_be16(header + 2);
    return test_.identification.holds(load_be32(header + 4)) &&
           !(test_.reserved_clear && (header[1] != 0 || (offset & kReserved) != 0)) &&
           !(test_.first && (offset & kOffset) != 0) && !(test_.more && (offset & kMore) == 0) &&
           !(test_.last && (offset & kMore) != 0);
  }

 private:
  FragTest test_;
};

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (spec.name == "fragid") {
      save_spi(spec, value, rule, out);
    } else if (value.present) {
      print_option(spec, value, rule, out);
    }
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<FragMatch>(FragTest{.identification = spi_test(options["fragid"]),
                                              .reserved_clear = options.has("fragres"),
                                              .first = options.has("fragfirst"),
                                              .more = options.has("fragmore"),
                                              .last = options.has("fraglast")});
}

}  // namespace

MatchType frag_match() {
  return {
      .name = "frag",
      .families = Families::Ipv6Only,
      .options = {{.name = "fragid",
                   .kind = OptionKind::U32Range,
                   .invertible = true,
                   .summary = "the identification, or a range of them"},
                  {.name = "fraglen",
                   .kind = OptionKind::U32,
                   .invertible = true,
                   .summary = "read for old rules; means nothing"},
                  {.name = "fragres", .summary = "the reserved bits are zero"},
                  {.name = "fragfirst", .summary = "the fragment that begins the datagram"},
                  {.name = "fragmore", .group = 1, .summary = "more fragments follow"},
                  {.name = "fraglast", .group = 1, .summary = "the fragment that ends the datagram"}},
      .save = save,
      .create = create,
      .summary = "judges the fragment header",
  };
}

}  // namespace sallyport
