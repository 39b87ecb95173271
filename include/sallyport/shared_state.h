// What rules and modules of one engine share by name: a match and a target that know the same list, a module and the
// match that asks it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sallyport/clock.h"
#include "sallyport/random.h"
#include "sallyport/siphash.h"

namespace sallyport {

// Base of everything that is shared. Owned by the engine's SharedState and gone with it.
class SharedObject {
 public:
  virtual ~SharedObject() = default;
  // As the kernel lists it under /proc/net; empty where it lists no such thing.
  virtual std::string listing(Timestamp /*now*/) const { return {}; }
};

// Looked up while rules and modules are set up, never on a packet's path; the references stay valid. One thread.
class SharedState {
 public:
  // `seed` of the keys that it gives out.
  explicit SharedState(uint64_t seed) : keys_(seed) {}

  // A key for a table of something that is shared.
  SipHashKey new_key() {
    const uint64_t first = keys_.next64();
    return {first, keys_.next64()};
  }

  // What `kind` ("xt_recent", as the kernel's folder under /proc/net is called; "rate_watch") has under `name`; null
  // where there is none, or it is no T.
  template <class T>
  T* find(std::string_view kind, std::string_view name) const {
    const auto found = objects_.find(Key(kind, name));
    return found == objects_.end() ? nullptr : dynamic_cast<T*>(found->second.get());
  }
  // False: the name is taken.
  bool add(std::string_view kind, std::string_view name, std::unique_ptr<SharedObject> object) {
    return objects_.try_emplace(Key(kind, name), std::move(object)).second;
  }
  // visit(kind, name, object) for each, by kind and name.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, object] : objects_) visit(key.first, key.second, *object);
  }

 private:
  using Key = std::pair<std::string, std::string>;
  Random keys_;
  std::map<Key, std::unique_ptr<SharedObject>> objects_;
};

}  // namespace sallyport
