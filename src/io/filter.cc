// Capture filters: the BPF expressions that tcpdump takes, compiled and run by libpcap (pcap-filter(7)).
//
// libpcap says what is wrong, but not where. The place of a syntax error is found by asking it about the front of the
// expression, word by word: the first word that cannot be part of any expression that goes on from there is the wrong
// one.

#include <pcap/pcap.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "io/capture_reader.h"
#include "sallyport/packet_io.h"

namespace sallyport {
namespace {

// libpcap's number for a link type in a program; only raw IP differs from the one in files.
int program_link(LinkType link) { return link == LinkType::Raw ? DLT_RAW : static_cast<int>(link); }

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code_); }

  // The error text; empty: compiled.
  std::string compile(const std::string& expression, LinkType link) {
    pcap_t* pcap = pcap_open_dead(program_link(link), static_cast<int>(kMaxFrameBytes));
    if (!pcap) return "out of memory";
    // The optimiser refuses an expression that no packet of this link type can pass. It is right for another link type
    // of the same capture, so it is compiled as it stands.
    std::string problem;
    if (pcap_compile(pcap, &code_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0 &&
        pcap_compile(pcap, &code_, expression.c_str(), 0, PCAP_NETMASK_UNKNOWN) != 0) {
      problem = pcap_geterr(pcap);
    }
    pcap_close(pcap);
    return problem;
  }
  const bpf_program& code() const { return code_; }

 private:
  bpf_program code_ = {};
};

class CompiledFilter final : public CaptureFilter {
 public:
  std::string compile(const std::string& expression, LinkType link) { return program_.compile(expression, link); }

  bool passes(const Frame& frame) const override {
    pcap_pkthdr header = {};
    header.caplen = static_cast<bpf_u_int32>(frame.bytes.size());
    header.len = frame.original_length;
    return pcap_offline_filter(&program_.code(), &header, frame.bytes.data()) != 0;
  }

 private:
  Program program_;
};

bool compiles(const std::string& expression, LinkType link) { return Program().compile(expression, link).empty(); }

// Whether some expression begins with these words: an operand or a few closing brackets are all that an unfinished one
// lacks.
bool may_go_on(const std::string& front, LinkType link) {
  const auto brackets = std::ranges::count(front, '(') - std::ranges::count(front, ')');
  const std::string closing(static_cast<size_t>(std::max<ptrdiff_t>(brackets, 0)), ')');
  for (const char* rest : {"", " 1", " ip", " 1.2.3.4", " ::1", " 1-2", " 00:00:00:00:00:00", " port 1",
                           " host 1.2.3.4", " 1 = 1", " = 1", " 1] = 1", "] = 1"}) {
    std::string whole = front;
    whole.append(rest).append(closing);
    if (compiles(whole, link)) return true;
  }
  return false;
}

// Where the next word begins, from `at` on, and where it ends. Brackets are words of their own.
std::pair<size_t, size_t> next_word(const std::string& text, size_t at) {
  constexpr const char* kSpace = " \t\n";
  const size_t begin = std::min(text.find_first_not_of(kSpace, at), text.size());
  if (begin < text.size() && (text[begin] == '(' || text[begin] == ')')) return {begin, begin + 1};
  return {begin, std::min(text.find_first_of(" \t\n()", begin), text.size())};
}

// The first word that cannot stand where it is; behind the end, where only something is lacking.
size_t place_of_syntax_error(const std::string& expression, LinkType link) {
  for (auto [begin, end] = next_word(expression, 0); begin < end; std::tie(begin, end) = next_word(expression, end)) {
    if (!may_go_on(expression.substr(0, end), link)) return begin;
  }
  return expression.size();
}

// The word that a problem is about: between quotes, or the first with a digit that stands in the expression.
size_t place_of_named_word(const std::string& expression, const std::string& problem) {
  const size_t open = problem.find('\'');
  const size_t close = open == std::string::npos ? open : problem.find('\'', open + 1);
  if (close != std::string::npos) return expression.find(problem.substr(open + 1, close - open - 1));
  for (auto [begin, end] = next_word(problem, 0); begin < end; std::tie(begin, end) = next_word(problem, end)) {
    const std::string word = problem.substr(begin, end - begin);
    const size_t place = expression.find(word);
    if (word.find_first_of("0123456789") != std::string::npos && place != std::string::npos) return place;
  }
  return std::string::npos;
}

uint32_t column_of_problem(const std::string& expression, const std::string& problem, LinkType link) {
  constexpr size_t kLongest = 4096;  // the search costs the square of the length
  if (expression.size() > kLongest) return 0;
  const bool syntax = problem.find("syntax error") != std::string::npos;
  const size_t place = syntax ? place_of_syntax_error(expression, link) : place_of_named_word(expression, problem);
  return place == std::string::npos ? 0 : static_cast<uint32_t>(place + 1);
}

}  // namespace

Result<std::unique_ptr<CaptureFilter>> compile_filter(const std::string& expression, LinkType link) {
  auto filter = std::make_unique<CompiledFilter>();
  const std::string problem = filter->compile(expression, link);
  if (problem.empty()) return filter;
  return std::unexpected(Error{.what = "the capture filter \"" + expression + "\": " + problem,
                               .expected = "an expression as in pcap-filter(7): tcp port 80 and host 192.0.2.1",
                               .column = column_of_problem(expression, problem, link)});
}

}  // namespace sallyport
