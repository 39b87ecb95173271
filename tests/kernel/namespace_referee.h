// The kernel's side of the comparison: a network namespace of this process's own with the world in it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/nf_observer.h"
#include "kernel/observed.h"
#include "kernel/world.h"
#include "kernel/xtables_lock.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

class NamespaceReferee {
 public:
  // Moves the calling process into a new namespace for good. An error says what is missing here: root or user
  // namespaces, TUN, netfilter, the tools.
  static Result<std::unique_ptr<NamespaceReferee>> open();
  ~NamespaceReferee();
  NamespaceReferee(const NamespaceReferee&) = delete;
  NamespaceReferee& operator=(const NamespaceReferee&) = delete;

  // Replaces the tables that `rules` names, counters restored. What rules kept by name (recent, hashlimit) is gone
  // first. The error is the tool's own message.
  Result<void> load(Family family, std::string_view rules);
  // iptables-save -c.
  std::string save(Family family);

  // Sends one packet in and collects what it gave rise to. Everything has happened when the write returns, save where
  // the machine is so busy that the kernel put work off: `patient` waits for that.
  Observed pass(const Input& input, bool patient = false);

  // From now on what is there of a datagram waits for the rest, however long that takes.
  static void keep_fragments();

  // "Linux 6.18.0, iptables v1.8.9 (legacy)".
  static std::string version();

 private:
  NamespaceReferee() = default;
  Result<void> enter();
  Result<void> furnish();
  void collect(Observed& observed);

  std::array<int, kWorldInterfaces.size()> devices_ = {-1, -1, -1};
  std::unique_ptr<NfObserver> observer_;
  std::vector<uint8_t> buffer_;
  XtablesLock lock_;
  std::array<std::string, 2> emptying_;  // by family: the tables whose rules keep something, without them
};

}  // namespace sallyport::kernel
