// Files, sockets, the system's log.

#include "event/line_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sallyport {
namespace {

constexpr int kPatienceMs = 1000;

Error system_error(const char* what, const std::string& name) {
  return {.what = what + std::generic_category().message(errno), .expected = {}, .file = name};
}

// Closes with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ > STDERR_FILENO) close(number_);
  }
  int operator*() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

size_t lines_in(std::string_view text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

// Waits until the reader takes something; false: there is no more time to.
bool becomes_ready(int descriptor, const std::atomic<bool>& hurry) {
  pollfd ready = {.fd = descriptor, .events = POLLOUT, .revents = 0};
  return poll(&ready, 1, kPatienceMs) != 0 || !hurry.load(std::memory_order_acquire);
}

class FileSink final : public LineSink {
 public:
  FileSink(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  static Descriptor open_file(const std::string& path, int more_flags) {
    if (path == "-") return Descriptor(STDOUT_FILENO);
    return Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | more_flags, 0640));
  }

  size_t write(std::string_view lines, const std::atomic<bool>& hurry) override {
    if (broken_line_ && put("\n", hurry) == 1) broken_line_ = false;
    if (broken_line_) return 0;
    const size_t done = put(lines, hurry);
    broken_line_ = done != 0 && lines[done - 1] != '\n';
    return lines_in(lines.substr(0, done));
  }

  void reopen() override {
    if (path_ == "-") return;
    Descriptor fresh = open_file(path_, 0);
    if (fresh.open()) {
      descriptor_ = std::move(fresh);
    } else {
      keep(system_error("cannot open again: ", path_));
    }
  }

 private:
  size_t put(std::string_view bytes, const std::atomic<bool>& hurry) {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t written = ::write(*descriptor_, bytes.data() + done, bytes.size() - done);
      if (written > 0) {
        done += static_cast<size_t>(written);
      } else if (written < 0 && errno == EAGAIN) {
        if (!becomes_ready(*descriptor_, hurry)) break;
      } else if (written == 0 || errno != EINTR) {
        keep(system_error("cannot write events: ", path_));
        break;
      }
    }
    return done;
  }

  Descriptor descriptor_;
  std::string path_;
  bool broken_line_ = false;
};

// Connects to a UNIX socket of the type; not open where that fails, and errno says why.
Descriptor connect_to(const std::string& path, int type) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return Descriptor();
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return socket;
  if (connect(*socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Descriptor();
  return socket;
}

// Sends as the other side takes it. A connection that broke is tried anew with each write.
class SocketSink final : public LineSink {
 public:
  SocketSink(std::string path, std::string prefix) : path_(std::move(path)), prefix_(std::move(prefix)) {}

  bool connect_now() {
    socket_ = connect_to(path_, SOCK_STREAM);
    datagrams_ = !socket_.open() && errno == EPROTOTYPE;
    if (datagrams_) socket_ = connect_to(path_, SOCK_DGRAM);
    return socket_.open();
  }

  size_t write(std::string_view lines, const std::atomic<bool>& hurry) override {
    if (!socket_.open() && !connect_now()) return 0;
    size_t given = 0;
    while (!lines.empty()) {
      const std::string_view piece = next_piece(lines);
      const ssize_t sent = send(*socket_, piece.data(), piece.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        const size_t gone = datagrams_ ? lines.find('\n') + 1 : static_cast<size_t>(sent);
        given += lines_in(lines.substr(0, gone));
        in_line_ = gone != 0 && lines[gone - 1] != '\n';
        lines.remove_prefix(gone);
      } else if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
        if (!becomes_ready(*socket_, hurry)) return give_up(given);
      } else {
        keep(system_error("cannot send events: ", path_));
        return give_up(given);
      }
    }
    return given;
  }

 private:
  // Half a line has gone, or nobody is there any more: the next one who listens begins with a whole line.
  size_t give_up(size_t given) {
    if (in_line_ || failure() != nullptr) socket_ = Descriptor();
    in_line_ = false;
    return given;
  }
  // A datagram holds one line, without its end, behind the prefix.
  std::string_view next_piece(std::string_view lines) {
    if (!datagrams_) return lines;
    line_.assign(prefix_).append(lines.substr(0, lines.find('\n')));
    return line_;
  }

  std::string path_;
  std::string prefix_;
  Descriptor socket_;
  bool datagrams_ = false;
  bool in_line_ = false;
  std::string line_;
};

Result<std::unique_ptr<LineSink>> open_socket(const std::string& path, const std::string& prefix) {
  auto sink = std::make_unique<SocketSink>(path, prefix);
  if (!sink->connect_now()) {
    Error error = system_error("cannot send events: ", path);
    error.expected = "the path of a UNIX socket that somebody listens on";
    return std::unexpected(std::move(error));
  }
  return sink;
}

}  // namespace

void LineSink::keep(Error error) {
  if (!failed_) error_ = std::move(error);
  failed_ = true;
}

Result<std::unique_ptr<LineSink>> LineSink::open(const std::string& to, bool truncate) {
  if (to.starts_with("unix:")) return open_socket(to.substr(5), "");
  if (to == "syslog" || to.starts_with("syslog:")) {
    constexpr int kDaemonInfo = 3 << 3 | 6;  // RFC 5424
    const std::string path = to == "syslog" ? "/dev/log" : to.substr(7);
    return open_socket(path, fmt::format("<{}>sallyport[{}]: ", kDaemonInfo, getpid()));
  }
  Descriptor file = FileSink::open_file(to, truncate ? O_TRUNC : 0);
  if (!file.open()) return std::unexpected(system_error("cannot write events: ", to));
  return std::make_unique<FileSink>(std::move(file), to);
}

}  // namespace sallyport
