// Names of the hooks.

#include "sallyport/hook.h"

namespace sallyport {

std::string_view hook_name(Hook hook) {
  constexpr std::string_view kNames[kHooks] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
  return kNames[static_cast<size_t>(hook)];
}

}  // namespace sallyport
