// What rules and modules of one engine share by name: a match and a target that know the same list, a module and the
// match that asks it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

// Base of everything that is shared. Owned by the engine's SharedState and gone with it.
class SharedObject {
 public:
  virtual ~SharedObject() = default;
};

// Looked up while rules and modules are set up, never on a packet's path; the references stay valid. One thread.
class SharedState {
 public:
  // What `kind` ("recent", "rate_watch") has under `name`; null where there is none, or it is no T.
  template <class T>
  T* find(std::string_view kind, std::string_view name) const {
    const auto found = objects_.find(Key(kind, name));
    return found == objects_.end() ? nullptr : dynamic_cast<T*>(found->second.get());
  }
  // False: the name is taken.
  bool add(std::string_view kind, std::string_view name, std::unique_ptr<SharedObject> object) {
    return objects_.try_emplace(Key(kind, name), std::move(object)).second;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::unique_ptr<SharedObject>> objects_;
};

}  // namespace sallyport
