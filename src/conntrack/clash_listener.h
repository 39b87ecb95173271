// Who is told where connection tracking drops a packet for the sake of another connection.
#pragma once

#include "sallyport/hook.h"
#include "sallyport/packet.h"

namespace sallyport {

class ClashListener {
 public:
  virtual ~ClashListener() = default;
  // The packet, which was to begin a connection, is dropped: the answers to it would be taken for those of another,
  // which asks something else.
  virtual void dropped(const Packet& packet, const HookContext& context) = 0;
};

}  // namespace sallyport
