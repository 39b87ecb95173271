// Application messages of the demo's capture. RFC 9110 (HTTP), 8446 (TLS), 4253 (SSH), 1035 (DNS), 1002 (NetBIOS).

#include "payloads.h"

#include <algorithm>

namespace demo {
namespace {

using sallyport::Random;

constexpr std::string_view kWords[] = {"harbour", "lantern", "winter", "letter", "garden",  "bridge",
                                       "morning", "silver",  "window", "river",  "orchard", "paper"};

Bytes noise(size_t count, Random& random) {
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<uint8_t>(random.next32()); });
  return bytes;
}

Bytes from_text(std::string_view text) { return Bytes(text.begin(), text.end()); }

// Length, padding to a multiple of eight, message.
Bytes ssh_packet(const Bytes& message, Random& random) {
  const size_t padding = 4 + (8 - (5 + message.size() + 4) % 8) % 8;
  Writer packet;
  packet.u32(static_cast<uint32_t>(1 + message.size() + padding)).u8(static_cast<unsigned>(padding)).bytes(message);
  return packet.bytes(noise(padding, random)).take();
}

void ssh_string(Writer& writer, std::span<const uint8_t> bytes) {
  writer.u32(static_cast<uint32_t>(bytes.size())).bytes(bytes);
}

void tls_handshake(Writer& record, unsigned type, std::span<const uint8_t> body) {
  record.u8(22).u16(0x0303).u16(static_cast<unsigned>(body.size() + 4));
  record.u8(type).u24(static_cast<unsigned>(body.size())).bytes(body);
}

void dns_name(Writer& message, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    message.u8(static_cast<unsigned>(label.size())).text(label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  message.u8(0);
}

}  // namespace

Bytes http_request(std::string_view host, std::string_view path, std::string_view agent) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\nUser-Agent: ").append(agent);
  return from_text(text.append("\r\nAccept: text/html,*/*;q=0.8\r\nConnection: close\r\n\r\n"));
}

Bytes http_response(std::string_view status, size_t body_bytes, Random& random) {
  std::string body = "<html><body><p>";
  while (body.size() < body_bytes) {
    body.append(kWords[random.below(std::size(kWords))]).append(random.below(12) == 0 ? ".</p>\n<p>" : " ");
  }
  body.append("</p></body></html>\n");
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nServer: example\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: ");
  return from_text(text.append(std::to_string(body.size())).append("\r\n\r\n").append(body));
}

Bytes tls_client_hello(std::string_view host, Random& random) {
  Writer names;  // the server_name extension
  names.u16(static_cast<unsigned>(host.size() + 3)).u8(0).u16(static_cast<unsigned>(host.size())).text(host);
  Writer hello;
  hello.u16(0x0303).bytes(noise(32, random)).u8(0);
  hello.u16(4).u16(0xc02f).u16(0xc030);  // two suites: ECDHE-RSA with AES-GCM
  hello.u8(1).u8(0);                     // no compression
  hello.u16(static_cast<unsigned>(names.size() + 4))
      .u16(0)
      .u16(static_cast<unsigned>(names.size()))
      .bytes(names.view());
  Writer record;
  tls_handshake(record, 1, hello.view());
  return record.take();
}

Bytes tls_server_hello(Random& random) {
  Writer hello;
  hello.u16(0x0303).bytes(noise(32, random)).u8(32).bytes(noise(32, random)).u16(0xc02f).u8(0);
  Writer record;
  tls_handshake(record, 2, hello.view());
  record.u8(20).u16(0x0303).u16(1).u8(1);  // change cipher spec
  return record.bytes(tls_data(40, random)).take();
}

Bytes tls_data(size_t bytes, Random& random) {
  constexpr size_t kRecordBytes = 16384;
  Writer records;
  while (bytes > 0) {
    const size_t part = std::min(bytes, kRecordBytes);
    records.u8(23).u16(0x0303).u16(static_cast<unsigned>(part)).bytes(noise(part, random));
    bytes -= part;
  }
  return records.take();
}

Bytes ssh_key_exchange_init(Random& random) {
  constexpr std::string_view kLists[] = {
      "curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
      "hmac-sha2-256",     "none",        "none",       "",           ""};
  Writer message;
  message.u8(20).bytes(noise(16, random));
  for (const std::string_view list : kLists) {
    ssh_string(message, from_text(list));
  }
  return ssh_packet(message.u8(0).u32(0).take(), random);
}

Bytes ssh_key_exchange(bool reply, Random& random) {
  Writer message;
  message.u8(reply ? 31 : 30);
  if (reply) {
    Writer key;
    ssh_string(key, from_text("ssh-ed25519"));
    ssh_string(key, noise(32, random));
    ssh_string(message, key.view());
  }
  ssh_string(message, noise(32, random));
  if (reply) {
    Writer signature;
    ssh_string(signature, from_text("ssh-ed25519"));
    ssh_string(signature, noise(64, random));
    ssh_string(message, signature.view());
  }
  return ssh_packet(message.take(), random);
}

Bytes ssh_new_keys(Random& random) { return ssh_packet({21}, random); }

Bytes ssh_encrypted(size_t bytes, Random& random) { return noise(bytes, random); }

Bytes dns_message(uint16_t id, std::string_view name, bool aaaa, const std::optional<sallyport::IpAddress>& answer) {
  const unsigned type = aaaa ? 28 : 1;
  Writer message;
  message.u16(id).u16(answer ? 0x8180 : 0x0100).u16(1).u16(answer ? 1 : 0).u16(0).u16(0);
  dns_name(message, name);
  message.u16(type).u16(1);
  if (answer) {
    message.u16(0xc00c).u16(type).u16(1).u32(300);  // the name of the question, for five minutes
    message.u16(static_cast<unsigned>(answer->view().size())).bytes(answer->view());
  }
  return message.take();
}

Bytes netbios_name_query(uint16_t id) {
  std::string name = "WORKGROUP";
  name.resize(16, ' ');
  Writer message;
  message.u16(id).u16(0x0110).u16(1).u16(0).u16(0).u16(0).u8(32);
  for (const char letter : name) {  // each half of a byte as a letter from A
    message.u8('A' + (static_cast<unsigned char>(letter) >> 4)).u8('A' + (static_cast<unsigned char>(letter) & 15));
  }
  return message.u8(0).u16(32).u16(1).take();
}

}  // namespace demo
