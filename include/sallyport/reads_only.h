// Marks matches that a rule walk may leave out where what stands behind them in the rule does not hold.
#pragma once

namespace sallyport {

// Beside Match: it remembers and changes nothing, and asks for a packet to be dropped only where the transport header
// is not all there: TCP's with its options, 8 bytes of any other's. So for one packet it may be asked twice, or not at
// all. Without effect on a module's match, which is guarded.
class ReadsOnly {
 public:
  virtual ~ReadsOnly() = default;
};

}  // namespace sallyport
