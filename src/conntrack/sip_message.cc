// SIP messages as text. Counterpart of the ct_sip_*() functions in net/netfilter/nf_conntrack_sip.c; RFC 3261, RFC
// 4566.

#include "conntrack/sip_message.h"

#include <string_view>

namespace sallyport {
namespace {

constexpr uint16_t kSipPort = 5060, kLeastPort = 1024;
constexpr size_t kMostPortDigits = 5;

struct HeaderName {
  std::string_view name;
  std::string_view compact;
  std::string_view before;  // what stands in the value before what is looked for
};
// By SipHeader.
constexpr HeaderName kHeaders[] = {
    {"CSeq", "", ""},      {"Contact", "m", "sip:"}, {"Expires", "", ""},  {"Content-Length", "l", ""},
    {"From", "f", "sip:"}, {"To", "t", "sip:"},      {"Via", "v", "UDP "}, {"Via", "v", "TCP "}};
// By SdpLine.
constexpr std::string_view kSdpLines[] = {"v=", "c=", "m=", "o="};

// Four numbers up to 255 and whatever is no part of them behind. Where it ends; 0: no address.
size_t read_ipv4(PayloadText text, uint8_t* bytes) {
  size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    const size_t begin = at;
    uint32_t number = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      number = number * 10 + (text[at] - '0');
      if (number > 255) return 0;
    }
    if (at == begin) return 0;
    bytes[i] = static_cast<uint8_t>(number);
    const bool dot = at < text.size() && text[at] == '.';
    if (i < 3 && !dot) return 0;
    if (i < 3) ++at;
  }
  // A dot or a hex digit could belong to it.
  return at < text.size() && (text[at] == '.' || is_hex(text[at])) ? 0 : at;
}

size_t read_ipv6(PayloadText text, uint8_t* bytes) {
  size_t length = 0;
  while (length < text.size() && (is_hex(text[length]) || text[length] == ':' || text[length] == '.')) ++length;
  return read_ipv6_text(text.first(length), bytes) ? length : 0;
}

bool is_end_of_line(uint8_t letter) { return letter == '\r' || letter == '\n'; }
bool is_blank(uint8_t letter) { return letter == ' ' || letter == '\t'; }

}  // namespace

std::optional<SipNumber> read_sip_number(PayloadText text, size_t at) {
  constexpr size_t kMostDigits = 11;
  SipNumber number;
  uint64_t value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    value = value * 10 + (text[at] - '0');
    if (++number.digits > kMostDigits || value > UINT32_MAX) return std::nullopt;
  }
  number.value = static_cast<uint32_t>(value);
  return number.digits != 0 ? std::optional(number) : std::nullopt;
}

// Behind the end of a line at `at`: the first letter of the next one where it goes on with the same header.
std::optional<size_t> SipMessage::follow(size_t at, size_t limit) const {
  if (++at >= limit) return std::nullopt;
  if (text_[at - 1] == '\r' && text_[at] == '\n') ++at;
  if (at >= limit) return std::nullopt;
  if (!is_blank(text_[at])) return std::nullopt;
  while (at < limit && is_blank(text_[at])) ++at;
  return at;
}

std::optional<size_t> SipMessage::skip_blanks(size_t at) const {
  while (at < text_.size() && is_blank(text_[at])) ++at;
  if (at < text_.size() && is_end_of_line(text_[at])) return follow(at, text_.size());
  return at;
}

// In a header's value; what follows a line's end is skipped with its first letter.
std::optional<size_t> SipMessage::search(size_t from, size_t limit, std::string_view wanted) const {
  if (limit < wanted.size()) return std::nullopt;
  limit -= wanted.size();
  for (size_t at = from; at < limit; ++at) {
    if (is_end_of_line(text_[at])) {
      const auto next = follow(at, limit);
      if (!next) return std::nullopt;
      at = *next;
      continue;
    }
    if (begins_with_word(text_.subspan(at), wanted)) return at;
  }
  return std::nullopt;
}

// The beginning of the line behind the next end of one; `at` goes along.
std::optional<size_t> SipMessage::line_behind(size_t& at) const {
  for (; at < text_.size(); ++at) {
    if (!is_end_of_line(text_[at])) continue;
    if (++at >= text_.size()) return std::nullopt;
    if (text_[at - 1] == '\r' && text_[at] == '\n') ++at;
    if (at >= text_.size()) return std::nullopt;
    return at;
  }
  return std::nullopt;
}

size_t SipMessage::digits(size_t at) const {
  size_t count = 0;
  while (at + count < text_.size() && is_digit(text_[at + count])) ++count;
  return count;
}

bool SipMessage::read_address(size_t at, bool bracketed, IpAddress& address, size_t& end) const {
  uint8_t bytes[16] = {};
  if (family_ == Family::Ipv4) {
    const size_t length = read_ipv4(text_.subspan(std::min(at, text_.size())), bytes);
    end = at + length;
    address = IpAddress::from(family_, bytes);
    return length != 0;
  }
  if (at < text_.size() && text_[at] == '[') {
    ++at;
  } else if (bracketed) {
    return false;
  }
  const size_t length = read_ipv6(text_.subspan(std::min(at, text_.size())), bytes);
  if (length == 0) return false;
  end = at + length;
  address = IpAddress::from(family_, bytes);
  if (end < text_.size() && text_[end] == ']') {
    ++end;
  } else if (bracketed) {
    return false;
  }
  return true;
}

// Behind an address. Something must stand behind it, or it could be cut off.
bool SipMessage::read_port(size_t at, uint16_t& port, size_t& end) const {
  if (at >= text_.size()) return false;
  port = kSipPort;
  end = at;
  if (text_[at] != ':') return true;
  uint32_t value = 0;
  size_t count = 0;
  for (++at; at < text_.size() && is_digit(text_[at]); ++at) {
    value = value * 10 + (text_[at] - '0');
    if (++count > kMostPortDigits) return false;
  }
  if (count == 0 || at >= text_.size() || value < kLeastPort || value > UINT16_MAX) return false;
  port = static_cast<uint16_t>(value);
  end = at;
  return true;
}

// An address with its port, if it has one. 0: none.
size_t SipMessage::measure_place(size_t at) const {
  IpAddress address;
  uint16_t port = 0;
  size_t end = 0;
  return read_address(at, true, address, end) && read_port(end, port, end) ? end - at : 0;
}

// The address of a URI behind its user, if it names one; `shift` is how far behind. 0: none.
size_t SipMessage::measure_uri(size_t at, size_t& shift) const {
  size_t host = at;
  while (host < text_.size() && text_[host] != '@' && !is_end_of_line(text_[host])) ++host;
  host = host < text_.size() && text_[host] == '@' ? host + 1 : at;
  shift = host - at;
  return measure_place(host);
}

size_t SipMessage::measure(SipHeader which, size_t at, size_t& shift) const {
  switch (which) {
    case SipHeader::Contact:
    case SipHeader::From:
    case SipHeader::To:
      return measure_uri(at, shift);
    case SipHeader::ViaUdp:
    case SipHeader::ViaTcp:
      return measure_place(at);
    default:
      return digits(at);
  }
}

SipFound SipMessage::request_uri(SipUri& uri) const {
  constexpr std::string_view kScheme = "sip:";
  size_t at = 0;
  while (at < text_.size() && is_letter(text_[at])) ++at;
  if (at == 0) return SipFound::No;
  ++at;
  if (at >= text_.size()) return SipFound::No;
  for (; at + kScheme.size() < text_.size(); ++at) {
    if (is_end_of_line(text_[at])) return SipFound::Wrong;
    if (!begins_with_word(text_.subspan(at), kScheme)) continue;
    at += kScheme.size();
    break;
  }
  size_t shift = 0;
  const size_t length = measure_uri(at, shift);
  if (length == 0) return SipFound::No;
  uri.part = {at + shift, length};
  size_t end = 0;
  const bool right = read_address(uri.part.offset, true, uri.address, end) && read_port(end, uri.port, end);
  return right ? SipFound::Yes : SipFound::Wrong;
}

SipFound SipMessage::value_at(SipHeader which, size_t at, SipPart& part) const {
  part = {.offset = at};
  const std::string_view before = kHeaders[static_cast<size_t>(which)].before;
  if (!before.empty()) {
    const auto found = search(at, text_.size(), before);
    if (!found) return SipFound::Wrong;
    at = *found + before.size();
  }
  size_t shift = 0;
  part.length = measure(which, at, shift);
  if (part.length == 0) return SipFound::Wrong;
  part.offset = at + shift;
  return SipFound::Yes;
}

SipFound SipMessage::header(SipHeader which, size_t from, SipPart& part) const {
  const HeaderName& wanted = kHeaders[static_cast<size_t>(which)];
  for (size_t at = from; line_behind(at); ++at) {
    if (is_blank(text_[at])) continue;
    const PayloadText line = text_.subspan(at);
    const size_t compact = wanted.compact.size();
    if (begins_with_word(line, wanted.name)) {
      at += wanted.name.size();
    } else if (compact != 0 && line.size() > compact && begins_with_word(line, wanted.compact) &&
               !is_letter(line[compact])) {
      at += compact;
    } else {
      continue;
    }
    auto next = skip_blanks(at);
    if (!next || *next >= text_.size() || text_[*next] != ':' || *next + 1 >= text_.size()) return SipFound::No;
    next = skip_blanks(*next + 1);
    return next ? value_at(which, *next, part) : SipFound::No;
  }
  return SipFound::No;
}

std::optional<uint32_t> SipMessage::header_number(SipHeader which) const {
  SipPart part;
  if (header(which, 0, part) != SipFound::Yes) return std::nullopt;
  const auto number = read_sip_number(text_, part.offset);
  return number ? std::optional(number->value) : std::nullopt;
}

// The next value of the header that we are in, or of the next such header.
bool SipMessage::Uris::next_part(SipPart& part) {
  const std::string_view before = kHeaders[static_cast<size_t>(which_)].before;
  const size_t size = message_.text_.size();
  while (within_) {
    const auto comma = message_.search(at_, size, ",");
    const auto found = comma ? message_.search(*comma, size, before) : std::nullopt;
    if (!found) break;
    const size_t value = *found + before.size();
    size_t shift = 0;
    part.length = message_.measure(which_, value, shift);
    part.offset = value + (part.length != 0 ? shift : 0);
    if (part.length != 0) return true;
    at_ = part.offset;
  }
  within_ = false;
  for (;;) {
    const SipFound found = message_.header(which_, at_, part);
    if (found == SipFound::No) return false;
    if (found == SipFound::Yes) break;
    at_ = part.offset;
  }
  within_ = true;
  return true;
}

SipFound SipMessage::Uris::next(SipUri& uri) {
  SipPart part;
  if (!next_part(part)) return SipFound::No;
  size_t end = 0;
  if (!message_.read_address(part.offset, true, uri.address, end)) return SipFound::Wrong;
  if (!message_.read_port(end, uri.port, end)) return SipFound::Wrong;
  uri.part = part;
  at_ = end;
  return SipFound::Yes;
}

size_t SipMessage::value_limit(size_t from) const { return search(from, text_.size(), ",").value_or(text_.size()); }

SipFound SipMessage::number_parameter(size_t from, std::string_view name, uint32_t& value, SipPart* part) const {
  const size_t limit = value_limit(from);
  const auto found = search(from, limit, name);
  if (!found) return SipFound::No;
  const auto number = read_sip_number(text_.first(limit), *found + name.size());
  if (!number) {
    value = 0;
    return SipFound::Wrong;
  }
  value = number->value;
  if (part != nullptr) *part = {*found + name.size(), number->digits};
  return SipFound::Yes;
}

bool SipMessage::address_parameter(size_t from, std::string_view name, bool bracketed, SipPart& part,
                                   IpAddress& address) const {
  const size_t limit = value_limit(from);
  const auto found = search(from, limit, name);
  if (!found) return false;
  const size_t begin = *found + name.size();
  size_t end = begin;
  if (!SipMessage(text_.first(limit), family_).read_address(begin, bracketed, address, end)) return false;
  part = {begin, end - begin};
  return true;
}

std::optional<SipPart> SipMessage::parameter(size_t from, std::string_view name) const {
  const size_t limit = value_limit(from);
  const auto found = search(from, limit, name);
  if (!found) return std::nullopt;
  const size_t begin = *found + name.size();
  return SipPart{begin, search(begin, limit, ";").value_or(limit) - begin};
}

SipFound SipMessage::sdp_line(SdpLine which, size_t from, bool within_medium, SipPart& part) const {
  const std::string_view wanted = kSdpLines[static_cast<size_t>(which)];
  for (size_t at = from; line_behind(at); ++at) {
    const PayloadText line = text_.subspan(at);
    if (within_medium && begins_with_word(line, kSdpLines[static_cast<size_t>(SdpLine::Media)])) return SipFound::No;
    if (!begins_with_word(line, wanted)) continue;
    at += wanted.size();
    part = {.offset = at};
    if (which == SdpLine::Connection || which == SdpLine::Owner) {
      const std::string_view before = family_ == Family::Ipv4 ? "IN IP4 " : "IN IP6 ";
      while (at + before.size() < text_.size() && !is_end_of_line(text_[at]) &&
             !begins_with(text_.subspan(at), before)) {
        ++at;
      }
      if (at + before.size() >= text_.size() || is_end_of_line(text_[at])) return SipFound::Wrong;
      part.offset = at + before.size();
      IpAddress address;
      size_t end = part.offset;
      if (!read_address(part.offset, false, address, end)) return SipFound::Wrong;
      part.length = end - part.offset;
    } else if (which == SdpLine::Media) {
      size_t type = 0;
      while (at + type < text_.size() && is_letter(text_[at + type])) ++type;
      if (at + type >= text_.size() || text_[at + type] != ' ') return SipFound::Wrong;
      part.length = type + 1 + digits(at + type + 1);
    } else {
      part.length = digits(at);
    }
    return part.length != 0 ? SipFound::Yes : SipFound::Wrong;
  }
  return SipFound::No;
}

std::optional<IpAddress> SipMessage::sdp_address(size_t from) const {
  SipPart part;
  if (sdp_line(SdpLine::Connection, from, true, part) != SipFound::Yes) return std::nullopt;
  IpAddress address;
  size_t end = 0;
  return read_address(part.offset, false, address, end) ? std::optional(address) : std::nullopt;
}

}  // namespace sallyport
