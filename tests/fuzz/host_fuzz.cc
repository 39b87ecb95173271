// Host models: any text is a model or a list of errors that say where; a model answers questions and writes itself
// down.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sallyport/host.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  std::vector<std::string> warnings;
  auto model = read_host_model({reinterpret_cast<const char*>(data), size}, "fuzz", warnings);
  if (!model) {
    if (model.error().empty()) std::abort();
    for (const Error& error : model.error()) {
      if (error.what.empty()) std::abort();
    }
    return 0;
  }
  for (const uint32_t address : {0x0a000001u, 0xc0000201u, 0xe0000001u, 0xffffffffu, 0u}) {
    (void)model->route({.destination = IpAddress::v4(address)});
    (void)model->address_type(IpAddress::v4(address), kNoInterface);
  }
  const std::string text = host_model_text(*model);
  if (!read_host_model(text, "written", warnings)) std::abort();
  return 0;
}
