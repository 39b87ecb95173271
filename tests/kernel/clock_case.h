// Rules that ask the clock: what the kernel says of a packet depends on when it came, so each answer is kept with that
// time. The engine is given its time, and must then say the same; nothing is compared up to a tolerance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/draw.h"
#include "kernel/lockstep.h"
#include "kernel/namespace_referee.h"
#include "kernel/recording.h"

namespace sallyport::kernel {

// The clock that a match reads, in its own steps.
class KernelClock {
 public:
  enum class Kind : uint8_t {
    Ticks,    // jiffies, which -m limit counts in; of 1/250 s
    Seconds,  // of the day, which -m time looks at
  };
  // An error says what is missing here.
  static Result<KernelClock> open(Kind kind);
  KernelClock(KernelClock&& other) noexcept;
  ~KernelClock();
  KernelClock& operator=(KernelClock&&) = delete;

  int64_t now() const;
  void wait_until(int64_t step) const;
  // The step that the engine is to take for 0 where a case begins at `first`: ticks count from no date.
  int64_t zero(int64_t first) const;
  // The middle of the step so long after that.
  Timestamp time_of(int64_t step) const;

 private:
  explicit KernelClock(Kind kind) : kind_(kind) {}

  Kind kind_;
  int timer_list_ = -1;
};

// So many packets, after so many steps of the clock without any.
struct Burst {
  int64_t pause = 0;
  uint32_t packets = 0;
};

// How hashlimit's tables forget, in steps. The kernel's worker comes a little later each time: at about that time no
// packet passes, and nothing expires.
struct Collection {
  int64_t each = 0;  // 0: not while the case lasts
  int64_t expiry = 0;
};

struct ClockCase {
  KernelClock::Kind kind = KernelClock::Kind::Ticks;
  Family family = Family::Ipv4;
  std::string rules = {};  // each logs with its own number as the prefix
  std::vector<Burst> bursts = {};
  std::vector<Input> packets = {};  // taken in turn
  Collection collection = {};
};

ClockCase random_limit_case(Draw& draw);
ClockCase random_recent_case(Draw& draw);
ClockCase random_hashlimit_case(Draw& draw);
// Of dates and hours around `now`, seconds since 1970.
ClockCase random_time_case(Draw& draw, int64_t now);

// A step may end while a packet passes. Then the times are chosen at which the engine agrees, if there are such.
struct ClockOutcome {
  Recording recording = {};
  std::string difference = {};  // empty: none
  size_t unsure = 0;            // packets with more than one possible time
};
Result<ClockOutcome> run_clock_case(const ClockCase& test, const KernelClock& clock, NamespaceReferee& referee);

}  // namespace sallyport::kernel
