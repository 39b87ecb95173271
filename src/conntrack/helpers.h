// Every helper whose payload is read, one file each.
#pragma once

#include "sallyport/helper.h"

namespace sallyport {

bool look_at_ftp(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_tftp(Packet& packet, Connection& connection, const HelperContext& context);

}  // namespace sallyport
