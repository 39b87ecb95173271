// SipHash, under its former name.
#pragma once

#include "sallyport/siphash.h"
