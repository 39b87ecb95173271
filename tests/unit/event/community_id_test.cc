// The Community ID against the specification's published baseline (seed 0).

#include "event/community_id.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

struct IdCase {
  uint8_t protocol;
  const char* source;
  const char* destination;
  int source_port;  // of ICMP the type; -1: none
  int destination_port;
  const char* id;
};

constexpr const char* kA = "fe80::200:86ff:fe05:80da";
constexpr const char* kB = "fe80::260:97ff:fe07:69ea";
constexpr const char* kC = "3ffe:507:0:1:200:86ff:fe05:80da";
constexpr const char* kD = "2001:470:e5bf:dead:4957:2174:e82c:4887";
constexpr const char* kE = "2607:f8b0:400c:c03::1a";

constexpr IdCase kIdCases[] = {
    {58, kA, kB, 135, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, kB, kA, 136, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, kB, kA, 135, 0, "1:zavyT/cezQr1fmImYCwYnMXbgck="},
    {58, kA, kB, 136, 0, "1:zavyT/cezQr1fmImYCwYnMXbgck="},
    {58, "3ffe:501:1800:2345::2", kC, 3, 0, "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
    {58, "3ffe:501:410:0:2c0:dfff:fe47:33e", kC, 1, 4, "1:hLZd0XGWojozrvxqE0dWB1iM6R0="},
    {58, kC, "3ffe:501:0:1001::2", 128, 0, "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, "3ffe:501:0:1001::2", kC, 129, 0, "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, kA, "ff02::2", 133, 0, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
    {58, kB, "ff02::1", 134, 0, "1:pkvHqCL88/tg1k4cPigmZXUtL00="},
    {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
    {6, kD, kE, 63943, 25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {6, kE, kD, 25, 63943, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {46, "10.1.12.1", "10.1.12.2", -1, -1, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
    {46, "10.1.12.2", "10.1.12.1", -1, -1, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
};

TEST(CommunityId, IsThatOfThePublishedBaseline) {
  for (const IdCase& test : kIdCases) {
    const FlowKey flow = {.source = *parse_address(test.source),
                          .destination = *parse_address(test.destination),
                          .source_port = static_cast<uint16_t>(test.source_port),
                          .destination_port = static_cast<uint16_t>(test.destination_port),
                          .protocol = test.protocol,
                          .has_ports = test.source_port >= 0};
    std::string id;
    append_community_id(flow, 0, id);
    EXPECT_EQ(id, test.id) << test.source << " > " << test.destination;
  }
}

TEST(CommunityId, IsAnotherWithAnotherSeed) {
  const FlowKey flow = {.source = *parse_address("192.168.1.52"),
                        .destination = *parse_address("8.8.8.8"),
                        .source_port = 54585,
                        .destination_port = 53,
                        .protocol = 17,
                        .has_ports = true};
  std::string id;
  append_community_id(flow, 1, id);
  EXPECT_EQ(id, "1:Q9We8WO3piVF8yEQBNJF4uiSVrI=");
}

}  // namespace
}  // namespace sallyport
