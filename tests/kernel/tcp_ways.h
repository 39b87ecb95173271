// Ways into each state of the TCP table, a letter for each segment: upper case from the client, lower from the server.
#pragma once

#include <cstdint>
#include <string_view>

#include "support/packets.h"

namespace sallyport::kernel {

struct TcpWay {
  std::string_view state;
  std::string_view letters;
};
// For each state the plainest one first.
constexpr TcpWay kTcpWays[] = {
    {"NONE", ""},
    {"SYN_SENT", "S"},
    {"SYN_SENT", "SS"},
    {"SYN_SENT", "Sk"},
    {"SYN_SENT2", "Ss"},
    {"SYN_RECV", "Sa"},
    {"SYN_RECV", "SsA"},
    {"SYN_RECV", "Sas"},
    {"ESTABLISHED", "SaK"},
    {"ESTABLISHED", "K"},
    {"ESTABLISHED", "Kk"},
    {"ESTABLISHED", "SaKDkdK"},
    {"ESTABLISHED", "SaKD"},
    {"ESTABLISHED", "SaKS"},
    {"ESTABLISHED", "SsAa"},
    {"FIN_WAIT", "SaKF"},
    {"FIN_WAIT", "SaKf"},
    {"FIN_WAIT", "SaF"},
    {"CLOSE_WAIT", "SaKFk"},
    {"CLOSE_WAIT", "SaKfK"},
    {"LAST_ACK", "SaKFkf"},
    {"LAST_ACK", "SaKFf"},
    {"LAST_ACK", "SaKFkfS"},
    {"TIME_WAIT", "SaKFkfK"},
    {"TIME_WAIT", "SaKfFk"},
    {"CLOSE", "SaKR"},
    {"CLOSE", "SaKr"},
    {"CLOSE", "SaKFkR"},
    {"CLOSE", "SaR"},
    {"CLOSE", "SaKFkfKR"},
};

constexpr bool from_server(char letter) { return letter >= 'a'; }
// s SYN, a SYN-ACK, f FIN, k ACK, d data, r RST.
constexpr char kind_of(char letter) { return from_server(letter) ? letter : static_cast<char>(letter + ('a' - 'A')); }
constexpr uint8_t flags_of(char letter) {
  using namespace test;
  constexpr std::string_view kLetters = "safkdr";
  constexpr uint8_t kFlags[] = {kSyn, kSyn | kAck, kFin | kAck, kAck, kAck | kPsh, kRst};
  return kFlags[kLetters.find(kind_of(letter))];
}

}  // namespace sallyport::kernel
