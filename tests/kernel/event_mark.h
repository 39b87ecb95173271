// A connection of our own, put into the kernel's table and taken out again: whoever listens to events hears of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sallyport/result.h"

namespace sallyport::kernel {

// In the namespace where it was opened.
class EventMark {
 public:
  // Where it comes from, as events show it.
  static constexpr std::string_view kSource = "src=203.0.113.250";

  static Result<std::unique_ptr<EventMark>> open();
  ~EventMark();
  EventMark(const EventMark&) = delete;
  EventMark& operator=(const EventMark&) = delete;

  // With that source port; returns when it is gone again. An expecting one has a helper, and expects a connection that
  // comes from there too.
  Result<void> set(uint16_t port, bool expecting);

 private:
  explicit EventMark(int socket) : socket_(socket) {}
  Result<void> transact(std::span<const uint8_t> bytes, int messages) const;

  int socket_;
};

}  // namespace sallyport::kernel
