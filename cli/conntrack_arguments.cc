// conntrack(8)'s command line, read from one table of options.

#include "conntrack_arguments.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

namespace sallyport::cli {
namespace {

using Command = ConntrackCommand;

enum class Takes : uint8_t { Nothing, Value, MaybeValue };

// Which commands know an option, a letter each: L, G, D, U, F, E.
struct OptionName {
  std::string_view name;
  char letter;  // 0: none
  Takes takes;
  std::string_view commands;
};

constexpr OptionName kOptions[] = {
    {"src", 's', Takes::Value, "LGDUE"},          {"orig-src", 0, Takes::Value, "LGDUE"},
    {"dst", 'd', Takes::Value, "LGDUE"},          {"orig-dst", 0, Takes::Value, "LGDUE"},
    {"reply-src", 'r', Takes::Value, "LGDUE"},    {"reply-dst", 'q', Takes::Value, "LGDUE"},
    {"proto", 'p', Takes::Value, "LGDUE"},        {"protonum", 0, Takes::Value, "LGDUE"},
    {"family", 'f', Takes::Value, "LDUFE"},       {"timeout", 't', Takes::Value, "DU"},
    {"status", 'u', Takes::Value, "LDUE"},        {"mark", 'm', Takes::Value, "LDUE"},
    {"secmark", 'c', Takes::Value, "LE"},         {"id", 'i', Takes::Value, "GDU"},
    {"zone", 'w', Takes::Value, "LDE"},           {"orig-zone", 0, Takes::Value, "LDE"},
    {"reply-zone", 0, Takes::Value, "LDE"},       {"src-nat", 'n', Takes::MaybeValue, "LDUE"},
    {"dst-nat", 'g', Takes::MaybeValue, "LDUE"},  {"any-nat", 'j', Takes::MaybeValue, "LE"},
    {"mask-src", 0, Takes::Value, "LDUE"},        {"mask-dst", 0, Takes::Value, "LDUE"},
    {"label", 'l', Takes::Value, "LGDUE"},        {"output", 'o', Takes::Value, "LGDUFE"},
    {"event-mask", 'e', Takes::Value, "E"},       {"sport", 0, Takes::Value, "LGDUE"},
    {"orig-port-src", 0, Takes::Value, "LGDUE"},  {"dport", 0, Takes::Value, "LGDUE"},
    {"orig-port-dst", 0, Takes::Value, "LGDUE"},  {"reply-port-src", 0, Takes::Value, "LGDUE"},
    {"reply-port-dst", 0, Takes::Value, "LGDUE"}, {"srckey", 0, Takes::Value, "LGDUE"},
    {"orig-key-src", 0, Takes::Value, "LGDUE"},   {"dstkey", 0, Takes::Value, "LGDUE"},
    {"orig-key-dst", 0, Takes::Value, "LGDUE"},   {"reply-key-src", 0, Takes::Value, "LGDUE"},
    {"reply-key-dst", 0, Takes::Value, "LGDUE"},  {"icmp-type", 0, Takes::Value, "LGDUE"},
    {"icmp-code", 0, Takes::Value, "LGDUE"},      {"icmp-id", 0, Takes::Value, "LGDUE"},
    {"icmpv6-type", 0, Takes::Value, "LGDUE"},    {"icmpv6-code", 0, Takes::Value, "LGDUE"},
    {"icmpv6-id", 0, Takes::Value, "LGDUE"},      {"state", 0, Takes::Value, "LGDUE"},
    {"from", 0, Takes::Value, "LGDUFECS"},
};

struct CommandName {
  std::string_view name;
  char letter;
  Command command;
};

constexpr CommandName kCommands[] = {
    {"dump", 'L', Command::List},     {"get", 'G', Command::Get},     {"delete", 'D', Command::Delete},
    {"update", 'U', Command::Update}, {"flush", 'F', Command::Flush}, {"event", 'E', Command::Events},
    {"counter", 'C', Command::Count}, {"stats", 'S', Command::Stats}, {"help", 'h', Command::Help},
};

// What conntrack(8) takes and a listing cannot serve.
constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
    {"-I", "entries are made by packets or by conntrack(8)"},
    {"--create", "entries are made by packets or by conntrack(8)"},
    {"-A", "entries are made by packets or by conntrack(8)"},
    {"--add", "entries are made by packets or by conntrack(8)"},
    {"-R", "--from FILE reads a listing"},
    {"--load-file", "--from FILE reads a listing"},
    {"-z", "counters of a file cannot be set to zero"},
    {"--zero", "counters of a file cannot be set to zero"},
    {"-b", "there is no socket whose buffer could be set"},
    {"--buffer-size", "there is no socket whose buffer could be set"},
    {"--label-add", "a listing has the names of labels, not their numbers"},
    {"--label-del", "a listing has the names of labels, not their numbers"},
    {"--tuple-src", "expectations are not listed"},
    {"--tuple-dst", "expectations are not listed"},
};

char letter_of(Command command) {
  for (const CommandName& known : kCommands) {
    if (known.command == command) return known.letter;
  }
  return 0;
}

// Decimal, 0x hexadecimal or 0 octal, as strtoul takes it; the whole of `text`.
Result<uint32_t> number(std::string_view option, std::string_view text, uint64_t most) {
  const int base = text.starts_with("0x") || text.starts_with("0X") ? 16 : text.size() > 1 && text[0] == '0' ? 8 : 10;
  const std::string_view digits = base == 16 ? text.substr(2) : text;
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size() || value > most)
    return fail(fmt::format("--{}: \"{}\" is no such number", option, text), fmt::format("0 to {}", most));
  return static_cast<uint32_t>(value);
}

struct ProtocolNumber {
  std::string_view name;
  uint8_t number;
};
constexpr ProtocolNumber kProtocols[] = {{"tcp", 6},   {"udp", 17}, {"udplite", 136}, {"sctp", 132},
                                         {"dccp", 33}, {"icmp", 1}, {"icmpv6", 58},   {"gre", 47}};

Result<uint8_t> protocol_number(const std::string& text) {
  const auto same = [&](std::string_view name) {
    return std::ranges::equal(name, text,
                              [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  };
  for (const auto& [name, number] : kProtocols) {
    if (same(name)) return number;
  }
  if (const protoent* const known = getprotobyname(text.c_str())) return static_cast<uint8_t>(known->p_proto);
  const auto value = number("proto", text, 255);
  if (!value)
    return fail(fmt::format("--proto: \"{}\" is no protocol", text),
                "tcp, udp, udplite, sctp, dccp, icmp, icmpv6, gre, a name of /etc/protocols, or a number to 255");
  return static_cast<uint8_t>(*value);
}

std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  while (true) {
    const size_t at = text.find(separator);
    found.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return found;
    text.remove_prefix(at + 1);
  }
}

class Reader {
 public:
  explicit Reader(std::span<const std::string> words) : words_(words) {}

  Result<ConntrackArguments> read();
  // Without a command: only what filters.
  Result<ConnectionFilter> read_filter() {
    out_.command = Command::List;
    auto all = read();
    if (!all) return std::unexpected(all.error());
    return all->filter;
  }

 private:
  Result<void> read_word();
  Result<void> read_option(std::string_view name, std::string_view given, std::optional<std::string> value);
  Result<void> read_command(Command command, std::string_view attached);
  Result<void> set(std::string_view name, const std::string& value);
  Result<void> set_tuple_option(std::string_view name, const std::string& value);
  Result<void> set_other_option(std::string_view name, const std::string& value);
  Result<void> set_address(std::string_view name, const std::string& value);
  Result<void> set_translation(std::string_view name, const std::string& value);
  Result<void> set_status(const std::string& value);
  Result<void> set_mark(const std::string& value);
  Result<void> set_output(const std::string& value);
  Result<void> set_events(const std::string& value);
  Result<void> set_family(Family family);
  Result<void> finish();
  Result<void> finish_masks();
  Result<void> finish_protocol();
  Result<void> finish_get() const;

  std::span<const std::string> words_;
  size_t at_ = 0;
  ConntrackArguments out_ = {};
  std::vector<const OptionName*> given_ = {};
  std::string state_ = {};
  std::optional<IpAddress> source_mask_ = {};
  std::optional<IpAddress> destination_mask_ = {};
};

Result<ConntrackArguments> Reader::read() {
  while (at_ < words_.size()) {
    if (auto done = read_word(); !done) return std::unexpected(done.error());
  }
  if (auto done = finish(); !done) return std::unexpected(done.error());
  return std::move(out_);
}

Result<void> Reader::read_word() {
  const std::string& word = words_[at_++];
  for (const auto& [name, why] : kRefused) {
    if (word == name) return fail(fmt::format("{} is not done here: {}", name, why));
  }
  if (word.size() < 2 || word[0] != '-')
    return fail(fmt::format("\"{}\" is no option", word),
                "conntrack(8)'s options; sallyport conntrack --help has them");
  if (word[1] != '-') {
    const char letter = word[1];
    const std::string attached = word.substr(2);
    for (const CommandName& known : kCommands) {
      if (known.letter == letter) return read_command(known.command, attached);
    }
    for (const OptionName& known : kOptions) {
      if (known.letter == letter)
        return read_option(known.name, word.substr(0, 2), attached.empty() ? std::nullopt : std::optional(attached));
    }
    return fail(fmt::format("{} is not known", word), "conntrack(8)'s options; sallyport conntrack --help has them");
  }
  const size_t sign = word.find('=');
  const std::string name = word.substr(2, sign == std::string::npos ? sign : sign - 2);
  std::optional<std::string> value;
  if (sign != std::string::npos) value = word.substr(sign + 1);
  for (const CommandName& known : kCommands) {
    if (known.name == name) return read_command(known.command, value.value_or(""));
  }
  return read_option(name, word, std::move(value));
}

Result<void> Reader::read_command(Command command, std::string_view attached) {
  if (out_.command != Command::None && command != Command::Help)
    return fail("two commands", "one of -L -G -D -U -F -E -C -S");
  out_.command = command;
  std::string table(attached);
  if (table.empty() && at_ < words_.size() && !words_[at_].starts_with('-') && command != Command::Help)
    table = words_[at_++];
  if (table.empty() || std::string_view("conntrack").starts_with(table)) return {};
  return fail(fmt::format("the table \"{}\" is not listed", table), "conntrack, or nothing, which is the same");
}

Result<void> Reader::read_option(std::string_view name, std::string_view given, std::optional<std::string> value) {
  const OptionName* option = nullptr;
  for (const OptionName& known : kOptions) {
    if (known.name == name) option = &known;
  }
  // A beginning that fits one option only is as good, as with any getopt_long.
  for (size_t i = 0, fits = 0; option == nullptr && i < std::size(kOptions) && name.size() > 1; ++i) {
    if (!kOptions[i].name.starts_with(name)) continue;
    fits =
        static_cast<size_t>(std::ranges::count_if(kOptions, [&](const auto& o) { return o.name.starts_with(name); }));
    if (fits == 1) option = &kOptions[i];
  }
  if (option == nullptr)
    return fail(fmt::format("{} is not known", given), "conntrack(8)'s options; sallyport conntrack --help has them");
  if (!value && option->takes == Takes::Value) {
    if (at_ == words_.size()) return fail(fmt::format("{} needs a value", given));
    value = words_[at_++];
  }
  if (!value && option->takes == Takes::MaybeValue && at_ < words_.size() && !words_[at_].starts_with('-'))
    value = words_[at_++];
  given_.push_back(option);
  return set(option->name, value.value_or(""));
}

Result<void> Reader::set_family(Family family) {
  if (out_.filter.family && *out_.filter.family != family)
    return fail("addresses or families that exclude each other", "one family");
  out_.filter.family = family;
  return {};
}

Result<void> Reader::set_address(std::string_view name, const std::string& value) {
  const bool mask_allowed = name == "src" || name == "dst";
  const bool is_mask = name.starts_with("mask-");
  const Family family = value.find(':') == std::string::npos ? Family::Ipv4 : Family::Ipv6;
  auto parsed = parse_address_mask(family, value);
  if (!parsed) {
    parsed.error().what = fmt::format("--{}: {}", name, parsed.error().what);
    return std::unexpected(parsed.error());
  }
  if (!mask_allowed && value.find('/') != std::string::npos)
    return fail(fmt::format("--{} takes no mask", name), "an address");
  if (auto done = set_family(family); !done) return done;
  if (name == "src") out_.filter.source = *parsed;
  if (name == "dst") out_.filter.destination = *parsed;
  if (name == "reply-src") out_.filter.reply_source = parsed->address;
  if (name == "reply-dst") out_.filter.reply_destination = parsed->address;
  if (is_mask) (name == "mask-src" ? source_mask_ : destination_mask_) = parsed->address;
  return {};
}

// ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or nothing.
Result<void> Reader::set_translation(std::string_view name, const std::string& value) {
  TranslationFilter filter{.wanted = true};
  std::string address = value;
  const size_t bracket = value.find(']');
  const size_t colon = value.rfind(':');
  const bool v6_port = value.starts_with('[') && bracket != std::string::npos && colon == bracket + 1;
  const bool v4_port = colon != std::string::npos && value.find(':') == colon;
  if (v6_port || v4_port) {
    const auto port = number(name, value.substr(colon + 1), 65535);
    if (!port) return std::unexpected(port.error());
    filter.port = static_cast<uint16_t>(*port);
    address = v6_port ? value.substr(1, bracket - 1) : value.substr(0, colon);
  }
  if (!value.empty()) {
    const auto parsed = parse_address(address);
    if (!parsed)
      return fail(fmt::format("--{}: \"{}\" is no address", name, value), "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT");
    filter.address = *parsed;
    if (auto done = set_family(parsed->family); !done) return done;
  }
  (name == "src-nat"   ? out_.filter.source_nat
   : name == "dst-nat" ? out_.filter.destination_nat
                       : out_.filter.any_nat) = filter;
  return {};
}

Result<void> Reader::set_status(const std::string& value) {
  constexpr std::pair<std::string_view, uint32_t> kWords[] = {{"ASSURED", ConnectionRecord::Assured},
                                                              {"SEEN_REPLY", ConnectionRecord::SeenReply},
                                                              {"UNSET", 0},
                                                              {"FIXED_TIMEOUT", ConnectionRecord::FixedTimeout},
                                                              {"EXPECTED", ConnectionRecord::Expected},
                                                              {"OFFLOAD", ConnectionRecord::Offload},
                                                              {"HW_OFFLOAD", ConnectionRecord::HardwareOffload}};
  uint32_t set = 0, clear = 0;
  for (std::string_view word : pieces(value, ',')) {
    const bool negated = word.starts_with('!');
    if (negated) word.remove_prefix(1);
    if (!negated && word == "UNREPLIED") {
      clear |= ConnectionRecord::SeenReply;
      continue;
    }
    const auto found = std::ranges::find_if(kWords, [&](const auto& known) { return known.first == word; });
    if (found == std::end(kWords))
      return fail(fmt::format("--status: \"{}\" is no status", word),
                  "ASSURED, SEEN_REPLY, UNREPLIED, FIXED_TIMEOUT, EXPECTED, OFFLOAD or HW_OFFLOAD, with ! before it "
                  "for its absence");
    (negated ? clear : set) |= found->second;
  }
  out_.filter.status_set = set;
  out_.filter.status_clear = clear;
  return {};
}

Result<void> Reader::set_mark(const std::string& value) {
  const size_t slash = value.find('/');
  const auto mark = number("mark", value.substr(0, slash), 0xffffffff);
  if (!mark) return std::unexpected(mark.error());
  MaskedNumber wanted{.value = *mark};
  if (slash != std::string::npos) {
    const auto mask = number("mark", value.substr(slash + 1), 0xffffffff);
    if (!mask) return std::unexpected(mask.error());
    wanted.mask = *mask;
  }
  out_.filter.mark = wanted;
  return {};
}

Result<void> Reader::set_output(const std::string& value) {
  out_.style_given = true;
  auto done = parse_style(value, out_.style);
  if (!done) done.error().what = "--output: " + done.error().what;
  return done;
}

Result<void> Reader::set_events(const std::string& value) {
  out_.wants_new = out_.wants_update = out_.wants_destroy = false;
  for (const std::string_view word : pieces(value, ',')) {
    const bool all = word == "ALL";
    if (!all && word != "NEW" && word != "UPDATES" && word != "DESTROY")
      return fail(fmt::format("--event-mask: \"{}\" is no event", word), "ALL, NEW, UPDATES or DESTROY");
    out_.wants_new |= all || word == "NEW";
    out_.wants_update |= all || word == "UPDATES";
    out_.wants_destroy |= all || word == "DESTROY";
  }
  return {};
}

Result<void> Reader::set(std::string_view name, const std::string& value) {
  constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {{"orig-src", "src"},
                                                                         {"orig-dst", "dst"},
                                                                         {"protonum", "proto"},
                                                                         {"orig-port-src", "sport"},
                                                                         {"orig-port-dst", "dport"},
                                                                         {"srckey", "sport"},
                                                                         {"orig-key-src", "sport"},
                                                                         {"dstkey", "dport"},
                                                                         {"orig-key-dst", "dport"},
                                                                         {"reply-key-src", "reply-port-src"},
                                                                         {"reply-key-dst", "reply-port-dst"},
                                                                         {"icmpv6-type", "icmp-type"},
                                                                         {"icmpv6-code", "icmp-code"},
                                                                         {"icmpv6-id", "icmp-id"}};
  for (const auto& [other, meant] : kSynonyms) {
    if (name == other) name = meant;
  }
  if (name == "src" || name == "dst" || name == "reply-src" || name == "reply-dst" || name.starts_with("mask-"))
    return set_address(name, value);
  if (name.ends_with("-nat")) return set_translation(name, value);
  if (name.find("port") != std::string_view::npos || name.starts_with("icmp-")) return set_tuple_option(name, value);
  return set_other_option(name, value);
}

Result<void> Reader::set_tuple_option(std::string_view name, const std::string& value) {
  const bool byte = name == "icmp-type" || name == "icmp-code";
  const auto parsed = number(name, value, byte ? 255 : 65535);
  if (!parsed) return std::unexpected(parsed.error());
  const auto wide = static_cast<uint16_t>(*parsed);
  ConnectionFilter& filter = out_.filter;
  if (name == "sport") filter.source_id = wide;
  if (name == "dport") filter.destination_id = wide;
  if (name == "reply-port-src") filter.reply_source_id = wide;
  if (name == "reply-port-dst") filter.reply_destination_id = wide;
  if (name == "icmp-type") filter.icmp_type = static_cast<uint8_t>(wide);
  if (name == "icmp-code") filter.icmp_code = static_cast<uint8_t>(wide);
  if (name == "icmp-id") filter.icmp_id = wide;
  return {};
}

Result<void> Reader::set_other_option(std::string_view name, const std::string& value) {
  ConnectionFilter& filter = out_.filter;
  if (name == "status") return set_status(value);
  if (name == "mark") return set_mark(value);
  if (name == "output") return set_output(value);
  if (name == "event-mask") return set_events(value);
  if (name == "from") {
    out_.from = value;
    return {};
  }
  if (name == "state") {
    state_ = value;
    return {};
  }
  if (name == "label") {
    for (const std::string_view label : pieces(value, ',')) filter.labels.emplace_back(label);
    return {};
  }
  if (name == "family") {
    if (value != "ipv4" && value != "ipv6")
      return fail(fmt::format("--family: \"{}\" is no family", value), "ipv4 or ipv6");
    return set_family(value == "ipv4" ? Family::Ipv4 : Family::Ipv6);
  }
  if (name == "proto") {
    const auto protocol = protocol_number(value);
    if (!protocol) return std::unexpected(protocol.error());
    filter.protocol = *protocol;
    return {};
  }
  const bool zone = name.find("zone") != std::string_view::npos;
  const auto parsed = number(name, value, zone ? 65535 : 0xffffffff);
  if (!parsed) return std::unexpected(parsed.error());
  if (name == "zone") filter.zone = static_cast<uint16_t>(*parsed);
  if (name == "orig-zone") filter.original_zone = static_cast<uint16_t>(*parsed);
  if (name == "reply-zone") filter.reply_zone = static_cast<uint16_t>(*parsed);
  if (name == "secmark") filter.security_mark = *parsed;
  if (name == "id") filter.id = *parsed;
  if (name == "timeout") filter.timeout_s = *parsed;
  return {};
}

Result<void> Reader::finish_masks() {
  const auto put = [](std::optional<AddressMask>& under, const std::optional<IpAddress>& mask,
                      std::string_view name) -> Result<void> {
    if (!mask) return {};
    if (!under) return fail(fmt::format("--mask-{0} without --{0}", name), fmt::format("--{} ADDRESS beside it", name));
    under->mask = *mask;
    under->address = under->address & *mask;
    return {};
  };
  if (auto done = put(out_.filter.source, source_mask_, "src"); !done) return done;
  return put(out_.filter.destination, destination_mask_, "dst");
}

// What only some protocols have needs one of them.
Result<void> Reader::finish_protocol() {
  ConnectionFilter& filter = out_.filter;
  const std::optional<uint8_t> protocol = filter.protocol;
  const auto is_one_of = [&](std::initializer_list<uint8_t> those) {
    return protocol && std::ranges::find(those, *protocol) != those.end();
  };
  for (const OptionName* option : given_) {
    const std::string_view name = option->name;
    const bool port = name == "sport" || name == "dport" || name.find("-port-") != std::string_view::npos;
    const bool key = name.find("key") != std::string_view::npos;
    if ((port && !is_one_of({6, 17, 136, 132, 33})) || (key && !is_one_of({47})) ||
        (name.starts_with("icmp-") && !is_one_of({1})) || (name.starts_with("icmpv6-") && !is_one_of({58})) ||
        (name == "state" && !is_one_of({6, 132, 33})))
      return fail(fmt::format("--{} needs a protocol that has it", name),
                  key                           ? "-p gre beside it"
                  : name.starts_with("icmp-")   ? "-p icmp beside it"
                  : name.starts_with("icmpv6-") ? "-p icmpv6 beside it"
                  : name == "state"             ? "-p tcp, sctp or dccp beside it"
                                                : "-p tcp, udp, udplite, sctp or dccp beside it");
  }
  if (state_.empty()) return {};
  filter.state = listed_state(*protocol, state_);
  if (*filter.state == ListedState::Absent)
    return fail(fmt::format("--state: \"{}\" is no state of that protocol", state_), "such as ESTABLISHED");
  return {};
}

Result<void> Reader::finish_get() const {
  const ConnectionFilter& filter = out_.filter;
  if (!filter.protocol) return fail("-G needs a protocol", "-p PROTOCOL");
  if (!(filter.source && filter.destination) && !(filter.reply_source && filter.reply_destination))
    return fail("-G needs both addresses of a direction", "--src and --dst, or --reply-src and --reply-dst");
  return {};
}

Result<void> Reader::finish() {
  if (out_.command == Command::Help) return {};
  if (out_.command == Command::None)
    return fail("no command", "one of -L -G -D -U -F -E -C -S; --help says what they do");
  const char letter = letter_of(out_.command);
  for (const OptionName* option : given_) {
    if (option->commands.find(letter) == std::string_view::npos)
      return fail(fmt::format("--{} is not for -{}", option->name, letter));
  }
  ConnectionFilter& filter = out_.filter;
  if (filter.any_nat.wanted && (filter.source_nat.wanted || filter.destination_nat.wanted))
    return fail("--any-nat with --src-nat or --dst-nat", "one of them");
  if (auto done = finish_masks(); !done) return done;
  if (auto done = finish_protocol(); !done) return done;
  if (out_.command == Command::Get) return finish_get();
  if (out_.command != Command::Update) return {};
  // With -U these say what to change, not what to choose.
  if (filter.status_clear != 0) return fail("-U --status: no status can be taken away", "words without !");
  out_.change = {
      .timeout_s = filter.timeout_s, .mark = filter.mark, .state = filter.state, .status_set = filter.status_set};
  filter.timeout_s.reset();
  filter.mark.reset();
  filter.state.reset();
  filter.status_set = 0;
  return {};
}

}  // namespace

Result<void> parse_style(std::string_view text, ConnectionStyle& style) {
  constexpr std::pair<std::string_view, ConnectionForm> kForms[] = {
      {"xml", ConnectionForm::Xml},
      {"save", ConnectionForm::Save},
      {"json", ConnectionForm::Json},
      {"nf_conntrack", ConnectionForm::NfConntrack},
      {"ip_conntrack", ConnectionForm::IpConntrack},
      {"conntrack", ConnectionForm::Conntrack},
  };
  constexpr std::pair<std::string_view, bool ConnectionStyle::*> kAdded[] = {
      {"extended", &ConnectionStyle::extended},
      {"id", &ConnectionStyle::id},
      {"labels", &ConnectionStyle::labels},
      {"timestamp", &ConnectionStyle::timestamp},
      {"ktimestamp", &ConnectionStyle::kernel_timestamp},
  };
  for (const std::string_view word : pieces(text, ',')) {
    const auto form = std::ranges::find(kForms, word, [](const auto& known) { return known.first; });
    const auto added = std::ranges::find(kAdded, word, [](const auto& known) { return known.first; });
    if (form != std::end(kForms)) {
      style.form = form->second;
    } else if (added != std::end(kAdded)) {
      style.*added->second = true;
    } else if (word != "userspace") {
      return fail(
          fmt::format("\"{}\" is no format", word),
          "conntrack, extended, xml, save, json, nf_conntrack, ip_conntrack, id, labels, timestamp, ktimestamp");
    }
  }
  const bool alone = style.form != ConnectionForm::Conntrack && style.form != ConnectionForm::Xml;
  ConnectionStyle plain;
  plain.form = style.form;
  if (alone && style.form != ConnectionForm::Json && !(style == plain))
    return fail("save, nf_conntrack and ip_conntrack stand alone", "no other format beside them");
  return {};
}

Result<ConntrackArguments> parse_conntrack_arguments(std::span<const std::string> words) {
  return Reader(words).read();
}

Result<ConnectionFilter> parse_filter_text(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : pieces(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return Reader(words).read_filter();
}

}  // namespace sallyport::cli
