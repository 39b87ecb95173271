// Capture filters: the BPF expressions that tcpdump takes, compiled and run by libpcap (pcap-filter(7)).
//
// libpcap says what is wrong, but not where. The place of a syntax error is found by asking it about the front of the
// expression, word by word: the first word that cannot be part of any expression that goes on from there is the wrong
// one.

#include <pcap/pcap.h>

#include <algorithm>

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
    std::string problem;
    if (pcap_compile(pcap, &code_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) problem = pcap_geterr(pcap);
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
    if (compiles(front + rest + closing, link)) return true;
  }
  return false;
}

// A word that libpcap puts between quotes stands in the expression; else the first word that cannot stand where it is.
uint32_t column_of_problem(const std::string& expression, const std::string& problem, LinkType link) {
  const size_t open = problem.find('\'');
  const size_t close = open == std::string::npos ? open : problem.find('\'', open + 1);
  if (close != std::string::npos) {
    const size_t at = expression.find(problem.substr(open + 1, close - open - 1));
    return at == std::string::npos ? 0 : static_cast<uint32_t>(at + 1);
  }
  constexpr size_t kLongest = 4096;  // the search is quadratic
  if (problem.find("syntax error") == std::string::npos || expression.size() > kLongest) return 0;
  for (size_t at = expression.find_first_not_of(" \t\n"); at != std::string::npos;) {
    const size_t end = std::min(expression.find_first_of(" \t\n", at), expression.size());
    if (!may_go_on(expression.substr(0, end), link)) return static_cast<uint32_t>(at + 1);
    at = expression.find_first_not_of(" \t\n", end);
  }
  // Each word could stand; what lacks is what should follow.
  return static_cast<uint32_t>(expression.size() + 1);
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
