// Many patterns looked for at once: by Hyperscan where it was there at build time and suits the processor, else by
// Aho-Corasick. Which of the two never shows in an answer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sallyport/result.h"

namespace sallyport {

struct SoughtPattern {
  std::string bytes = {};  // or, with `regex`, an expression as Hyperscan reads it
  bool ignore_case = false;
  bool regex = false;
  uint64_t from = 0;  // a hit lies whole in [from, to); of an expression only its end is known, and must
  uint64_t to = UINT64_MAX;
};

// Called for a hit: the pattern's place among those given, and where the hit ends. At least once for each pattern that
// is there.
struct HitTaker {
  void (*take)(void* context, uint32_t pattern, uint64_t end) = nullptr;
  void* context = nullptr;
  void operator()(uint32_t pattern, uint64_t end) const { take(context, pattern, end); }
};

// Where a search in a stream stands. Belongs to the ManyPatterns that gave it.
class StreamPlace {
 public:
  virtual ~StreamPlace() = default;
  uint64_t offset = 0;  // bytes of the stream so far
};

enum class SearchMode : uint8_t { Block, Stream };
enum class SearchLibrary : uint8_t { Best, None };  // None: as if Hyperscan were not there

// One thread.
class ManyPatterns {
 public:
  // The error names the pattern that cannot be looked for, and why.
  static Result<std::unique_ptr<ManyPatterns>> compile(std::span<const SoughtPattern> patterns, SearchMode mode,
                                                       SearchLibrary library = SearchLibrary::Best);
  virtual ~ManyPatterns() = default;

  // Block only.
  virtual void search(std::span<const uint8_t> text, HitTaker hit) = 0;

  // Stream only. Places are reused: none is made once as many have been in use before.
  virtual StreamPlace* begin() = 0;
  virtual void feed(StreamPlace& place, std::span<const uint8_t> text, HitTaker hit) = 0;
  virtual void end(StreamPlace* place) = 0;
  virtual size_t place_bytes() const = 0;
  virtual std::string_view name() const = 0;
};

}  // namespace sallyport
