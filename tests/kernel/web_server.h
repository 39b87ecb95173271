// nginx on this machine's kernel, in a network namespace of its own, behind a TUN device whose other end is the test's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/result.h"

namespace sallyport::kernel {

// It answers every request with "[TARGET][PATH]": the target as it was sent, the path as nginx understood it.
class WebServer {
 public:
  static constexpr std::string_view kAddress = "10.9.0.1", kClient = "10.9.0.2";

  // Moves this process into a new namespace for good. `rules` are iptables'. An error says what is missing here.
  static Result<std::unique_ptr<WebServer>> start(std::string_view rules);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  void send(std::span<const uint8_t> packet);
  // The next packet that the kernel sent; empty: none within `patience_ms`.
  std::vector<uint8_t> receive(int patience_ms);
  // iptables-save -c.
  std::string counters() const;

 private:
  WebServer() = default;
  Result<void> furnish(std::string_view rules);
  Result<void> run_nginx();

  int device_ = -1;
  pid_t nginx_ = -1;
  std::string folder_;
};

}  // namespace sallyport::kernel
