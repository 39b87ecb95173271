// Every match that the engine has, one file each; src/engine/builtins.cc registers them.
#pragma once

#include "sallyport/match.h"

namespace sallyport {

MatchType ttl_match();

}  // namespace sallyport
