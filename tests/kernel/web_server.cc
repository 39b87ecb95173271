// A namespace, a TUN device, nginx.

#include "kernel/web_server.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "kernel/tool.h"

namespace sallyport::kernel {
namespace {

std::unexpected<Error> failed(std::string_view what) { return fail(fmt::format("{}: {}", what, std::strerror(errno))); }

constexpr std::string_view kConfiguration = R"(
daemon off;
master_process off;
pid {0}/nginx.pid;
error_log {0}/error.log crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  keepalive_timeout 0;
  server {{
    listen {1}:80;
    location / {{
      default_type text/plain;
      return 200 "[$request_uri][$uri]\n";
    }}
  }}
}}
)";

}  // namespace

Result<std::unique_ptr<WebServer>> WebServer::start(std::string_view rules) {
  std::unique_ptr<WebServer> server(new WebServer);
  if (unshare(CLONE_NEWNET) != 0) return failed("no network namespace");
  std::string folder = (std::filesystem::temp_directory_path() / "sallyport-web-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return failed("no temporary folder");
  server->folder_ = folder;
  if (auto done = server->furnish(rules); !done) return std::unexpected(done.error());
  if (auto done = server->run_nginx(); !done) return std::unexpected(done.error());
  return server;
}

WebServer::~WebServer() {
  if (nginx_ > 0) {
    kill(nginx_, SIGTERM);
    waitpid(nginx_, nullptr, 0);
  }
  if (device_ >= 0) close(device_);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<void> WebServer::furnish(std::string_view rules) {
  device_ = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device_ < 0) return failed("/dev/net/tun");
  ifreq request = {};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "web");
  if (ioctl(device_, TUNSETIFF, &request) != 0) return failed("TUNSETIFF");
  std::ofstream("/proc/sys/net/ipv6/conf/web/disable_ipv6") << "1";
  setenv("XTABLES_LOCKFILE", (folder_ + "/xtables.lock").c_str(), 1);
  const std::string commands = fmt::format("link set lo up\naddress add {}/24 dev web\nlink set web up\n", kAddress);
  if (const ToolResult result = run_tool({"ip", "-batch", "-"}, commands); result.status != 0) {
    return fail(fmt::format("ip: {}", result.err));
  }
  if (const ToolResult result = run_tool({"iptables-legacy-restore", "-c"}, rules); result.status != 0) {
    return fail(fmt::format("iptables-legacy-restore: {}", result.err));
  }
  return {};
}

Result<void> WebServer::run_nginx() {
  if (run_tool({"nginx", "-v"}).status != 0) return fail("nginx is not installed");
  const std::string file = folder_ + "/nginx.conf";
  std::ofstream(file) << fmt::format(kConfiguration, folder_, kAddress);
  if (const ToolResult tried = run_tool({"nginx", "-t", "-q", "-p", folder_, "-c", file}); tried.status != 0) {
    return fail(fmt::format("nginx: {}", tried.err));
  }
  nginx_ = fork();
  if (nginx_ < 0) return failed("fork");
  if (nginx_ == 0) {
    execlp("nginx", "nginx", "-p", folder_.c_str(), "-c", file.c_str(), nullptr);
    _exit(127);
  }
  return {};
}

void WebServer::send(std::span<const uint8_t> packet) {
  // What the kernel refuses to take is a packet that it drops.
  const ssize_t written = write(device_, packet.data(), packet.size());
  static_cast<void>(written);
}

std::vector<uint8_t> WebServer::receive(int patience_ms) {
  std::vector<uint8_t> packet(65536);
  ssize_t size = read(device_, packet.data(), packet.size());
  if (size < 0) {
    pollfd waiting = {.fd = device_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, patience_ms) > 0) size = read(device_, packet.data(), packet.size());
  }
  packet.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return packet;
}

std::string WebServer::counters() const { return run_tool({"iptables-legacy-save", "-c", "-t", "filter"}).out; }

}  // namespace sallyport::kernel
