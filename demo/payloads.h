// What is said inside the packets of the demo's capture: HTTP, TLS, SSH, DNS and NetBIOS messages that decode.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frames.h"
#include "sallyport/random.h"

namespace demo {

Bytes http_request(std::string_view host, std::string_view path, std::string_view agent);
// A page of filler text, about `body_bytes` long.
Bytes http_response(std::string_view status, size_t body_bytes, sallyport::Random& random);

Bytes tls_client_hello(std::string_view host, sallyport::Random& random);
Bytes tls_server_hello(sallyport::Random& random);
// Application data records: `bytes` of it in all, which nobody can read.
Bytes tls_data(size_t bytes, sallyport::Random& random);

// One message of an SSH handshake, in its packet frame (RFC 4253).
Bytes ssh_key_exchange_init(sallyport::Random& random);
Bytes ssh_key_exchange(bool reply, sallyport::Random& random);
Bytes ssh_new_keys(sallyport::Random& random);
Bytes ssh_encrypted(size_t bytes, sallyport::Random& random);

// A question for the A or AAAA record of `name`; with `answer` the reply that holds that address.
Bytes dns_message(uint16_t id, std::string_view name, bool aaaa, const std::optional<sallyport::IpAddress>& answer);
// "Who is WORKGROUP?", as Windows shouts it at its neighbours (RFC 1002).
Bytes netbios_name_query(uint16_t id);

}  // namespace demo
