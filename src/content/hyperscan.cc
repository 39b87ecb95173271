// Patterns as a Hyperscan database.
//
// Where all patterns are literals that may lie anywhere they are given as such, which makes the fastest database. Else
// literals are given as expressions in which every byte is escaped, so that each can have its own bounds. Each pattern
// is reported once, which spares the search the rest of a flood.

#include "content/hyperscan.h"

#include "content/expression_size.h"

#ifdef SALLYPORT_HYPERSCAN

#include <fmt/format.h>
#include <hs/hs.h>

#include <algorithm>

namespace sallyport {
namespace {

std::string escaped(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 4);
  for (const char letter : bytes) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(letter));
  return out;
}

int report(unsigned id, unsigned long long, unsigned long long end, unsigned, void* context) {
  (*static_cast<const HitTaker*>(context))(id, end);
  return 0;
}

class Place final : public StreamPlace {
 public:
  explicit Place(const hs_database_t* database) {
    if (hs_open_stream(database, 0, &stream) != HS_SUCCESS) stream = nullptr;
  }
  ~Place() override {
    if (stream != nullptr) hs_close_stream(stream, nullptr, nullptr, nullptr);
  }
  hs_stream_t* stream = nullptr;
};

class HyperscanPatterns final : public ManyPatterns {
 public:
  HyperscanPatterns(hs_database_t* database, hs_scratch_t* scratch) : database_(database), scratch_(scratch) {
    if (database != nullptr) hs_stream_size(database, &place_bytes_);
  }
  ~HyperscanPatterns() override {
    places_.clear();
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }

  void search(std::span<const uint8_t> text, HitTaker hit) override {
    if (database_ == nullptr) return;
    hs_scan(database_, reinterpret_cast<const char*>(text.data()), static_cast<unsigned>(text.size()), 0, scratch_,
            report, &hit);
  }

  StreamPlace* begin() override {
    if (free_.empty()) {
      places_.push_back(std::make_unique<Place>(database_));
      free_.reserve(places_.size());
      return places_.back().get();
    }
    Place* const place = free_.back();
    free_.pop_back();
    return place;
  }

  void feed(StreamPlace& place, std::span<const uint8_t> text, HitTaker hit) override {
    place.offset += text.size();
    hs_stream_t* const stream = static_cast<Place&>(place).stream;
    if (stream == nullptr) return;
    hs_scan_stream(stream, reinterpret_cast<const char*>(text.data()), static_cast<unsigned>(text.size()), 0, scratch_,
                   report, &hit);
  }

  void end(StreamPlace* place) override {
    Place* const ours = static_cast<Place*>(place);
    ours->offset = 0;
    if (ours->stream != nullptr) hs_reset_stream(ours->stream, 0, nullptr, nullptr, nullptr);
    free_.push_back(ours);
  }

  size_t place_bytes() const override { return place_bytes_ + sizeof(Place); }
  std::string_view name() const override { return "hyperscan"; }

 private:
  hs_database_t* database_;  // null: no pattern can be anywhere
  hs_scratch_t* scratch_;
  size_t place_bytes_ = 0;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<Place*> free_;
};

bool is_plain(const SoughtPattern& pattern) { return !pattern.regex && pattern.from == 0 && pattern.to == UINT64_MAX; }

// What Hyperscan's compilers take, column by column.
class Columns {
 public:
  explicit Columns(std::span<const SoughtPattern> patterns) : plain_(std::ranges::all_of(patterns, is_plain)) {
    for (uint32_t number = 0; number < patterns.size(); ++number) {
      const SoughtPattern& pattern = patterns[number];
      const uint64_t size = pattern.regex ? 0 : pattern.bytes.size();
      if (pattern.from > pattern.to || pattern.to - pattern.from < size) continue;  // can be nowhere
      texts_.push_back(pattern.regex || plain_ ? pattern.bytes : escaped(pattern.bytes));
      sizes_.push_back(texts_.back().size());
      flags_.push_back(HS_FLAG_SINGLEMATCH | (pattern.ignore_case ? HS_FLAG_CASELESS : 0u));
      numbers_.push_back(number);
      hs_expr_ext_t bounds = {};
      if (pattern.from > 0) bounds.flags |= HS_EXT_FLAG_MIN_OFFSET;
      if (pattern.to != UINT64_MAX) bounds.flags |= HS_EXT_FLAG_MAX_OFFSET;
      bounds.min_offset = pattern.from + size;
      bounds.max_offset = pattern.to;
      bounds_.push_back(bounds);
    }
    for (size_t i = 0; i < texts_.size(); ++i) {
      text_pointers_.push_back(texts_[i].c_str());
      bound_pointers_.push_back(&bounds_[i]);
    }
  }

  bool empty() const { return texts_.empty(); }

  Result<hs_database_t*> compile(SearchMode mode) const {
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    const unsigned how = mode == SearchMode::Block ? HS_MODE_BLOCK : HS_MODE_STREAM;
    const auto count = static_cast<unsigned>(texts_.size());
    const hs_error_t done = plain_
                                ? hs_compile_lit_multi(text_pointers_.data(), flags_.data(), numbers_.data(),
                                                       sizes_.data(), count, how, nullptr, &database, &error)
                                : hs_compile_ext_multi(text_pointers_.data(), flags_.data(), numbers_.data(),
                                                       bound_pointers_.data(), count, how, nullptr, &database, &error);
    if (done == HS_SUCCESS) return database;
    std::string what = error->message;
    if (error->expression >= 0) what = fmt::format("\"{}\": {}", texts_[static_cast<size_t>(error->expression)], what);
    hs_free_compile_error(error);
    return fail(std::move(what), "an expression in Hyperscan's syntax");
  }

 private:
  bool plain_;
  std::vector<std::string> texts_;
  std::vector<size_t> sizes_;
  std::vector<unsigned> flags_;
  std::vector<unsigned> numbers_;
  std::vector<hs_expr_ext_t> bounds_;
  std::vector<const char*> text_pointers_;
  std::vector<const hs_expr_ext_t*> bound_pointers_;
};

}  // namespace

Result<std::unique_ptr<ManyPatterns>> compile_for_hyperscan(std::span<const SoughtPattern> patterns, SearchMode mode) {
  for (const SoughtPattern& pattern : patterns) {
    if (!pattern.regex) continue;
    if (auto small = check_expression(pattern.bytes); !small) return std::unexpected(small.error());
  }
  const Columns columns(patterns);
  hs_database_t* database = nullptr;
  hs_scratch_t* scratch = nullptr;
  if (!columns.empty()) {
    const auto compiled = columns.compile(mode);
    if (!compiled) return std::unexpected(compiled.error());
    database = *compiled;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
      hs_free_database(database);
      return fail("no memory to search for patterns");
    }
  }
  return std::make_unique<HyperscanPatterns>(database, scratch);
}

}  // namespace sallyport

namespace sallyport {
namespace {

bool finds(std::string_view literal) {
  const SoughtPattern pattern = {.bytes = std::string(literal)};
  const auto compiled = compile_for_hyperscan({&pattern, 1}, SearchMode::Block);
  if (!compiled) return false;
  const auto note = [](void* found, uint32_t, uint64_t) { *static_cast<bool*>(found) = true; };
  for (size_t size = literal.size(); size < 300; ++size) {
    std::vector<uint8_t> text(size, 'z');
    for (const size_t at : {size_t{0}, size / 2, size - literal.size()}) {
      std::vector<uint8_t> tried = text;
      std::copy_n(literal.begin(), std::min(literal.size(), size - at),
                  tried.begin() + static_cast<std::ptrdiff_t>(at));
      bool found = false;
      (*compiled)->search(tried, {note, &found});
      if (!found && at + literal.size() <= size) return false;
    }
  }
  return true;
}

}  // namespace

bool hyperscan_serves() {
  static const bool kServes = hs_valid_platform() == HS_SUCCESS && finds("a") && finds("ab") && finds("abc");
  return kServes;
}

}  // namespace sallyport

#else

namespace sallyport {

bool hyperscan_serves() { return false; }

Result<std::unique_ptr<ManyPatterns>> compile_for_hyperscan(std::span<const SoughtPattern>, SearchMode) {
  return fail("this program was built without Hyperscan");
}

}  // namespace sallyport

#endif
