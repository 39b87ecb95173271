// A foreign program: every public header, a few calls into the library, and a rule of its own reading.

#include <sallyport/address.h>
#include <sallyport/registry.h>

#include <cstdio>

int main() {
  const auto address = sallyport::parse_address("192.0.2.1");
  if (!address || address->text() != "192.0.2.1") {
    std::puts("the library cannot read an address");
    return 1;
  }
  if (sallyport::builtin_registry().match("ttl", sallyport::Family::Ipv4) == nullptr) {
    std::puts("the library does not know -m ttl");
    return 1;
  }
  std::puts("the installed library works");
  return 0;
}
