// SIP through NAT. Counterpart of net/netfilter/nf_nat_sip.c; RFC 3261, RFC 3581, RFC 4566.

#include "conntrack/sip_writing.h"

#include <arpa/inet.h>

#include <charconv>

#include "wire/checksum.h"

namespace sallyport {
namespace {

// The longest that is written: an IPv6 address in brackets and a port.
class Written {
 public:
  void add(std::string_view text) {
    std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
  }
  void add(const IpAddress& address) {
    char buffer[INET6_ADDRSTRLEN] = {};
    inet_ntop(address.family == Family::Ipv4 ? AF_INET : AF_INET6, address.bytes.data(), buffer, sizeof buffer);
    add(std::string_view(buffer));
  }
  void add_bracketed(const IpAddress& address) {
    if (address.family == Family::Ipv4) return add(address);
    add("[");
    add(address);
    add("]");
  }
  void add(uint32_t number) {
    char* const begin = text_.data() + size_;
    size_ = static_cast<size_t>(std::to_chars(begin, text_.data() + text_.size(), number).ptr - text_.data());
  }
  operator std::string_view() const { return {text_.data(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  std::array<char, INET6_ADDRSTRLEN + sizeof "[]:65535"> text_ = {};
  size_t size_ = 0;
};

constexpr std::string_view kAnswer = "SIP/2.0";

}  // namespace

SipWriting::SipWriting(Packet& packet, Connection& connection, const HelperContext& context, SipPart part)
    : packet_(packet),
      connection_(connection),
      context_(context),
      part_(part),
      own_(connection.tuple(context.direction)),
      other_(connection.tuple(opposite(context.direction))),
      message_({}, connection.family) {
  read();
}

void SipWriting::read() {
  const PayloadText payload = packet_.protocol == kTcp ? tcp_payload(packet_) : udp_payload(packet_);
  message_ = SipMessage(payload.subspan(part_.offset, part_.length), connection_.family);
}

bool SipWriting::replace(SipPart part, std::string_view text) {
  const PayloadPart in_payload = {static_cast<uint32_t>(part_.offset + part.offset),
                                  static_cast<uint32_t>(part.length)};
  if (!context_.nat->write(packet_, in_payload, text)) return false;
  part_.length = part_.length - part.length + text.size();
  read();
  return true;
}

bool SipWriting::write_place(SipPart part, const IpAddress& address, uint16_t port) {
  Written written;
  written.add_bracketed(address);
  written.add(":");
  written.add(uint32_t{port});
  return replace(part, written);
}

bool SipWriting::write_address(SipPart part, const IpAddress& address, bool bracketed) {
  Written written;
  bracketed ? written.add_bracketed(address) : written.add(address);
  return replace(part, written);
}

bool SipWriting::write_number(SipPart part, uint32_t number) {
  Written written;
  written.add(number);
  return replace(part, written);
}

// From the session description's beginning to the message's end.
bool SipWriting::write_content_length() {
  SipPart version, length;
  if (message_.sdp_line(SdpLine::Version, 0, false, version) != SipFound::Yes) return false;
  if (message_.header(SipHeader::ContentLength, 0, length) != SipFound::Yes) return false;
  constexpr size_t kBeforeVersion = 2;  // "v="
  return write_number(length, static_cast<uint32_t>(part_.length - version.offset + kBeforeVersion));
}

bool SipWriting::write_medium_port(SipPart part, uint16_t port) {
  return write_number(part, port) && write_content_length();
}

bool SipWriting::write_medium_address(size_t from, const IpAddress& address) {
  SipPart part;
  if (message_.sdp_line(SdpLine::Connection, from, true, part) != SipFound::Yes) return false;
  return write_address(part, address, false) && write_content_length();
}

// The owner's address must be there; the connection's may stand with every medium instead.
bool SipWriting::write_session_addresses(size_t from, const IpAddress& address) {
  SipPart part;
  if (message_.sdp_line(SdpLine::Owner, from, true, part) != SipFound::Yes) return false;
  if (!write_address(part, address, false)) return false;
  const SipFound connection = message_.sdp_line(SdpLine::Connection, from, true, part);
  if (connection == SipFound::Yes && !write_address(part, address, false)) return false;
  return write_content_length();
}

// One of the connection's own ends, as the other side knows it; any other stays.
bool SipWriting::map(const SipUri& uri, uint16_t forced_port) {
  IpAddress address;
  uint16_t port = 0;
  if (uri.address == own_.source_address() && uri.port == own_.source_id) {
    address = other_.destination_address();
    port = other_.destination_id;
  } else if (uri.address == own_.destination_address() && uri.port == own_.destination_id) {
    address = other_.source_address();
    port = forced_port != 0 ? forced_port : other_.source_id;
  } else {
    return true;
  }
  if (address == uri.address && port == uri.port) return true;
  return write_place(uri.part, address, port);
}

// The topmost, where it names this connection's end that the request came from, and what stands behind it.
bool SipWriting::write_via(bool request, uint16_t forced_port) {
  SipUri via;
  const SipHeader which = connection_.protocol == kTcp ? SipHeader::ViaTcp : SipHeader::ViaUdp;
  if (SipMessage::Uris(message_, which).next(via) != SipFound::Yes) return true;
  const IpAddress asked_from = request ? own_.source_address() : own_.destination_address();
  const uint16_t asked_from_port = request ? own_.source_id : own_.destination_id;
  if (via.address != asked_from || via.port != asked_from_port) return true;
  const size_t before = part_.length;
  if (!map(via, forced_port)) return false;
  const size_t behind = via.part.end() + part_.length - before;
  // Where answers are wanted, where the request was seen to come from, and from which port.
  SipPart part;
  IpAddress address;
  if (message_.address_parameter(behind, "maddr=", true, part, address) && address == own_.source_address() &&
      address != other_.destination_address() && !write_address(part, other_.destination_address(), true)) {
    return false;
  }
  if (message_.address_parameter(behind, "received=", false, part, address) && address == own_.destination_address() &&
      address != other_.source_address() && !write_address(part, other_.source_address(), false)) {
    return false;
  }
  uint32_t port = 0;
  const bool right = message_.number_parameter(behind, "rport=", port, &part) == SipFound::Yes &&
                     port == own_.destination_id && port != other_.source_id;
  return !right || write_number(part, other_.source_id);
}

bool SipWriting::write_contacts(uint16_t forced_port) {
  SipMessage::Uris contacts(message_, SipHeader::Contact);
  SipUri contact;
  while (contacts.next(contact) == SipFound::Yes) {
    if (!map(contact, forced_port)) return false;
  }
  return true;
}

bool SipWriting::write_header(SipHeader which, uint16_t forced_port) {
  SipUri uri;
  return SipMessage::Uris(message_, which).next(uri) != SipFound::Yes || map(uri, forced_port);
}

bool SipWriting::write_headers(uint16_t forced_port) {
  const bool request = !begins_with_word(message_.text(), kAnswer);
  SipUri uri;
  if (request && message_.request_uri(uri) == SipFound::Yes && !map(uri, forced_port)) return false;
  if (!write_via(request, forced_port) || !write_contacts(forced_port) || !write_header(SipHeader::From, forced_port) ||
      !write_header(SipHeader::To, forced_port)) {
    return false;
  }
  // Some telephones send from another port than they listen on.
  if (context_.direction == Direction::Reply && forced_port != 0 && connection_.protocol == kUdp) {
    constexpr uint32_t kDestinationPort = 2, kHeader = 8;
    if (uint8_t* const header = packet_.transport(kHeader); header != nullptr) {
      store_be16(header + kDestinationPort, forced_port);
      return context_.nat->write(packet_, {}, {});
    }
  }
  return true;
}

}  // namespace sallyport
