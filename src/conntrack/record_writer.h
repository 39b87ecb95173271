// What the writers of connections share.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "sallyport/connection_text.h"

namespace sallyport {

template <class Number>
void append_number(Number value, std::string& out) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// " NAME=VALUE", say: `name` is whatever goes before the number.
template <class Number>
void append_number(std::string_view name, Number value, std::string& out) {
  out += name;
  append_number(value, out);
}

// "0x10".
void append_key(uint16_t key, std::string& out);
// Dotted quad, or the C library's short form of an IPv6 address.
void append_address(const IpAddress& address, std::string& out);
// Text of a stranger, with what could move a cursor made visible.
void append_text(std::string_view text, std::string& out);
// The same with XML's own signs written as entities.
void append_xml_text(std::string_view text, std::string& out);

void write_xml(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out);
void write_save(const ConnectionRecord& record, std::string& out);
void write_json(const ConnectionRecord& record, const ConnectionStyle& style, std::string& out);

}  // namespace sallyport
