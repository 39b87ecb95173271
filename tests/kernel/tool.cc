// A program started with its three streams in memory files, so that no pipe can fill up.

#include "kernel/tool.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace sallyport::kernel {
namespace {

class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("stream", MFD_CLOEXEC)) {}
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return descriptor_; }
  void fill(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<size_t>(written));
    }
    lseek(descriptor_, 0, SEEK_SET);
  }
  std::string text() const {
    std::string all;
    char piece[16384];
    off_t at = 0;
    for (ssize_t got; (got = pread(descriptor_, piece, sizeof piece, at)) > 0; at += got) {
      all.append(piece, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  int descriptor_;
};

// Where the tools of administrators lie, too.
void widen_path() {
  const char* const path = std::getenv("PATH");
  const std::string known = path != nullptr ? path : "/usr/bin:/bin";
  constexpr std::string_view kMore = ":/usr/sbin:/sbin";
  if (!known.ends_with(kMore)) setenv("PATH", (known + std::string(kMore)).c_str(), 1);
}

}  // namespace

ToolResult run_tool(const std::vector<std::string>& words, std::string_view input) {
  MemoryFile in, out, err;
  in.fill(input);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  widen_path();

  // Not by fork(), which would copy the page tables of the engine's large tables each time.
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  int number = 0;
  for (const MemoryFile* const file : {&in, &out, &err}) {
    posix_spawn_file_actions_adddup2(&streams, file->descriptor(), number++);
  }
  pid_t child = 0;
  const int problem = posix_spawnp(&child, arguments[0], &streams, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  constexpr int kNotThere = 127;  // as a shell says it
  if (problem != 0) return {kNotThere, {}, {}};
  int status = 0;
  if (waitpid(child, &status, 0) != child) return {};
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.text(), err.text()};
}

}  // namespace sallyport::kernel
