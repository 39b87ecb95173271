// Looks into the kernel's walk without changing it: netfilter hooks before the first table of OUTPUT and behind
// the last ones of INPUT and POSTROUTING report every packet; NFLOG's packets come by the same socket, so their order
// is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/observed.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

// The NFLOG groups that rules may use.
constexpr uint16_t kLogGroups = 4;

// Lives in the network namespace in which it was made. The hook at INPUT drops what it has reported: what the machine
// itself would answer is not asked for.
class NfObserver {
 public:
  static Result<std::unique_ptr<NfObserver>> open();
  ~NfObserver();
  NfObserver(const NfObserver&) = delete;
  NfObserver& operator=(const NfObserver&) = delete;

  // Appends what was reported since.
  void read(std::vector<Seen>& journal);

 private:
  explicit NfObserver(int socket) : socket_(socket) {}
  Result<void> transact(std::span<const uint8_t> messages, size_t answers);
  Result<void> install_hooks();
  Result<void> listen_to(uint16_t group);

  int socket_;
  std::vector<uint8_t> buffer_;
};

}  // namespace sallyport::kernel
