// Every target that the engine has, one file each; src/engine/builtins.cc registers them.
#pragma once

#include "sallyport/target.h"

namespace sallyport {

// The verdicts that need no module: ACCEPT, DROP, RETURN.
TargetType accept_target();
TargetType drop_target();
TargetType return_target();
TargetType mark_target();

}  // namespace sallyport
