// A program started with its three streams in memory files, so that no pipe can fill up.

#include "kernel/tool.h"

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

}  // namespace

ToolResult run_tool(const std::vector<std::string>& words, std::string_view input) {
  MemoryFile in, out, err;
  in.fill(input);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const char* path = std::getenv("PATH");
  const std::string wider = std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin";

  const pid_t child = fork();
  if (child == 0) {
    dup2(in.descriptor(), 0);
    dup2(out.descriptor(), 1);
    dup2(err.descriptor(), 2);
    setenv("PATH", wider.c_str(), 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return {};
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.text(), err.text()};
}

}  // namespace sallyport::kernel
