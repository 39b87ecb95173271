// Whole files in and out.

#include "input.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sallyport::cli {

Result<std::string> read_file(const std::string& path) {
  const auto close = [](FILE* file) {
    if (file != stdin) std::fclose(file);
  };
  std::unique_ptr<FILE, decltype(close)> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"), close);
  if (!file)
    return fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)), "a file that can be read, or -");
  std::string text;
  char buffer[65536];
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, count);
  if (std::ferror(file.get()) != 0) return fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  return text;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  if (file == nullptr) return fail(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  const int problem = errno;
  if (file != stdout) std::fclose(file);
  if (!written) return fail(fmt::format("cannot write {}: {}", path, std::strerror(problem)));
  return {};
}

void print_error(const Error& error) { fmt::print(stderr, "{}\n", error.text()); }

void print_errors(const Errors& errors) {
  for (const Error& error : errors) print_error(error);
}

}  // namespace sallyport::cli
