// SIP messages and the session descriptions in them, as text: where a header's value stands and what it says.
//
// Reads as the kernel reads, so that what one believes the other does: a header may go on in the next line, have a
// short name, stand several times or hold several values; what is no address is passed over, what is one but wrong is
// an error.
#pragma once

#include <cstdint>
#include <optional>

#include "conntrack/helper_text.h"
#include "sallyport/address.h"

namespace sallyport {

// A part of the message.
struct SipPart {
  size_t offset = 0;
  size_t length = 0;
  size_t end() const { return offset + length; }
};

enum class SipHeader : uint8_t { CSeq, Contact, Expires, ContentLength, From, To, ViaUdp, ViaTcp };
enum class SdpLine : uint8_t { Version, Connection, Media, Owner };

// What a look for something came to.
enum class SipFound : uint8_t { No, Yes, Wrong };

// An address with its port, 5060 where it says none.
struct SipUri {
  IpAddress address = {};
  uint16_t port = 0;
  SipPart part = {};  // the address and the port
};

// A decimal number that fits 32 bits, and its digits; none where there is none or it does not fit.
struct SipNumber {
  uint32_t value = 0;
  size_t digits = 0;
};
std::optional<SipNumber> read_sip_number(PayloadText text, size_t at);

class SipMessage {
 public:
  SipMessage(PayloadText text, Family family) : text_(text), family_(family) {}

  PayloadText text() const { return text_; }
  // The first such header behind `from`. Wrong: it holds no such value; `part` begins where its value does.
  SipFound header(SipHeader which, size_t from, SipPart& part) const;
  // The address that a request goes to. No: it names none.
  SipFound request_uri(SipUri& uri) const;
  // The number that it holds; nothing where there is none.
  std::optional<uint32_t> header_number(SipHeader which) const;

  // Goes through the addresses of all such headers.
  class Uris {
   public:
    Uris(const SipMessage& message, SipHeader which) : message_(message), which_(which) {}
    SipFound next(SipUri& uri);

   private:
    bool next_part(SipPart& part);
    const SipMessage& message_;
    SipHeader which_;
    size_t at_ = 0;
    bool within_ = false;  // a header that may hold more
  };

  // Parameters of a value that ends at `from`, up to the next value.
  SipFound number_parameter(size_t from, std::string_view name, uint32_t& value, SipPart* part = nullptr) const;
  std::optional<SipPart> parameter(size_t from, std::string_view name) const;
  // False: there is none. `bracketed`: an IPv6 address must stand in brackets.
  bool address_parameter(size_t from, std::string_view name, bool bracketed, SipPart& part, IpAddress& address) const;

  // A line of the session description behind `from`, before the next medium where `within_medium`.
  SipFound sdp_line(SdpLine which, size_t from, bool within_medium, SipPart& part) const;
  std::optional<IpAddress> sdp_address(size_t from) const;

 private:
  friend class Uris;
  std::optional<size_t> follow(size_t at, size_t limit) const;
  std::optional<size_t> skip_blanks(size_t at) const;
  std::optional<size_t> search(size_t from, size_t limit, std::string_view wanted) const;
  std::optional<size_t> line_behind(size_t& at) const;
  SipFound value_at(SipHeader which, size_t at, SipPart& part) const;
  size_t measure(SipHeader which, size_t at, size_t& shift) const;
  size_t measure_uri(size_t at, size_t& shift) const;
  size_t value_limit(size_t from) const;
  bool read_address(size_t at, bool bracketed, IpAddress& address, size_t& end) const;
  size_t measure_place(size_t at) const;
  bool read_port(size_t at, uint16_t& port, size_t& end) const;
  size_t digits(size_t at) const;

  PayloadText text_;
  Family family_;
};

}  // namespace sallyport
