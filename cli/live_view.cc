// The terminal as a page: the alternate screen, no cursor, keys as they are pressed.

#include "live_view.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace sallyport::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// For the moment in which a signal ends the program.
termios terminal_before;
void restore_and_end(int signal) {
  static_cast<void>(!write(STDOUT_FILENO, kLeave.data(), kLeave.size()));
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  _exit(128 + signal);
}

// From the first corner, each line cut to the width and the rest of it cleared.
std::string page(std::string_view text, winsize size) {
  std::string out = "\x1b[H";
  for (unsigned row = 0; row < size.ws_row && !text.empty(); ++row) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (row != 0) out += "\r\n";
    out += text.substr(0, std::min<size_t>(end, size.ws_col));
    out += "\x1b[K";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\x1b[J";
}

}  // namespace

bool LiveView::possible() { return isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0; }

LiveView::LiveView() {
  tcgetattr(STDIN_FILENO, &before_);
  terminal_before = before_;
  for (const int number : {SIGTERM, SIGHUP, SIGQUIT}) signal(number, restore_and_end);
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  put(kEnter);
}

LiveView::~LiveView() {
  put(kLeave);
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

bool LiveView::show(std::string_view text, std::chrono::milliseconds lasts) const {
  constexpr unsigned short kUsualRows = 24, kUsualColumns = 80;
  winsize size = {};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  if (size.ws_row == 0) size.ws_row = kUsualRows;
  if (size.ws_col == 0) size.ws_col = kUsualColumns;
  put(page(text, size));
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&input, 1, static_cast<int>(lasts.count())) <= 0) return true;
  constexpr char kControlC = 3, kControlD = 4;
  char key = 0;
  return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != kControlC && key != kControlD;
}

}  // namespace sallyport::cli
