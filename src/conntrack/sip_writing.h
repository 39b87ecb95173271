// One SIP message of a packet, which is written anew piece by piece where its connection is mapped.
#pragma once

#include <cstdint>
#include <string_view>

#include "conntrack/sip_message.h"
#include "sallyport/helper.h"

namespace sallyport {

// What one side says of itself and of the other becomes what the other side knows: addresses in the request, in Via,
// Contact, From and To, in the session description, and the lengths that follow. Counterpart of
// net/netfilter/nf_nat_sip.c. Each function that writes answers whether it could; else the packet is to be dropped.
class SipWriting {
 public:
  // The message is `part` of the packet's payload. All outlive this.
  SipWriting(Packet& packet, Connection& connection, const HelperContext& context, SipPart part);

  // As it reads by now; valid until something is written.
  const SipMessage& message() const { return message_; }
  bool is_mapped() const { return context_.nat != nullptr; }
  size_t length() const { return part_.length; }

  bool replace(SipPart part, std::string_view text);
  // An address with its port.
  bool write_place(SipPart part, const IpAddress& address, uint16_t port);
  // In the session description, whose length the message tells: a medium's port; its address, in the first such line
  // behind `from`; the session's own addresses.
  bool write_medium_port(SipPart part, uint16_t port);
  bool write_medium_address(size_t from, const IpAddress& address);
  bool write_session_addresses(size_t from, const IpAddress& address);

  // The request's address and the headers. `forced_port`: where the first sender listens, which is not where it sends
  // from; 0: it is.
  bool write_headers(uint16_t forced_port);

 private:
  bool write_address(SipPart part, const IpAddress& address, bool bracketed);
  bool write_number(SipPart part, uint32_t number);
  bool write_content_length();
  bool write_via(bool request, uint16_t forced_port);
  bool write_contacts(uint16_t forced_port);
  bool write_header(SipHeader which, uint16_t forced_port);
  bool map(const SipUri& uri, uint16_t forced_port);
  void read();

  Packet& packet_;
  Connection& connection_;
  const HelperContext& context_;
  SipPart part_;
  Tuple own_;  // in the packet's direction
  Tuple other_;
  SipMessage message_;
};

}  // namespace sallyport
