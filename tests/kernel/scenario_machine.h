// A real kernel under a scenario: a network namespace of its own, with a TUN device for each interface.
#pragma once

#include <memory>

#include "sallyport/result.h"
#include "scenario/machine.h"

namespace sallyport::kernel {

// Moves this process into a new namespace for good, and furnishes it. With `reports_state`, rules of its own in front
// of mangle's tell what each packet is to its connection. An error says what is missing here, or that the kernel
// refuses the rules.
Result<std::unique_ptr<scenario::Machine>> make_kernel_machine(const scenario::Setup& setup, bool reports_state);

// Whether namespaces, TUN and netfilter are to be had; else what is missing.
Result<void> kernel_is_there();

}  // namespace sallyport::kernel
