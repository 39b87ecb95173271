// SIGHUP noted in a flag: all that a signal handler may do.

#include "hangup.h"

#include <csignal>

namespace sallyport::cli {
namespace {

volatile std::sig_atomic_t asked_for = 0;
void note(int) { asked_for = 1; }

}  // namespace

Hangup::Hangup() { std::signal(SIGHUP, note); }
Hangup::~Hangup() { std::signal(SIGHUP, SIG_DFL); }

bool Hangup::asked() {
  const bool asked = asked_for != 0;
  asked_for = 0;
  return asked;
}

}  // namespace sallyport::cli
