#include "host/sysctl.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

struct ValueCase {
  Sysctls set;
  std::string_view name;
  int64_t value;
};

const ValueCase kValueCases[] = {
    {{}, "net.netfilter.nf_conntrack_tcp_timeout_established", 432000},
    {{}, "net.nf_conntrack_max", 262144},
    {{{"net.netfilter.nf_conntrack_max", 5}}, "net.nf_conntrack_max", 5},
    {{}, "no.such.name", 0},
    {{{"no.such.name", 9}}, "no.such.name", 9},
    // A router, unless it says otherwise.
    {{}, "net.ipv4.ip_forward", 1},
    {{}, "net.ipv4.conf.all.forwarding", 1},
    {{}, "net.ipv4.conf.a.forwarding", 1},
    {{{"net.ipv4.ip_forward", 0}}, "net.ipv4.conf.all.forwarding", 0},
    {{{"net.ipv4.ip_forward", 0}}, "net.ipv4.conf.a.forwarding", 0},
    {{{"net.ipv4.ip_forward", 0}, {"net.ipv4.conf.a.forwarding", 1}}, "net.ipv4.conf.a.forwarding", 1},
    {{{"net.ipv6.conf.all.forwarding", 0}}, "net.ipv6.conf.a.forwarding", 0},
    // The larger of both.
    {{}, "net.ipv4.conf.a.rp_filter", 0},
    {{{"net.ipv4.conf.all.rp_filter", 1}}, "net.ipv4.conf.a.rp_filter", 1},
    {{{"net.ipv4.conf.all.rp_filter", 1}, {"net.ipv4.conf.a.rp_filter", 2}}, "net.ipv4.conf.a.rp_filter", 2},
    {{{"net.ipv4.conf.all.rp_filter", 2}, {"net.ipv4.conf.a.rp_filter", 0}}, "net.ipv4.conf.a.rp_filter", 2},
    {{{"net.ipv4.conf.default.rp_filter", 2}}, "net.ipv4.conf.a.rp_filter", 2},
    {{{"net.ipv4.conf.default.rp_filter", 2}, {"net.ipv4.conf.a.rp_filter", 0}}, "net.ipv4.conf.a.rp_filter", 0},
    {{{"net.ipv4.conf.a.rp_filter", 1}}, "net.ipv4.conf.b.rp_filter", 0},
    {{{"net.ipv4.conf.eth0.100.rp_filter", 1}}, "net.ipv4.conf.eth0.100.rp_filter", 1},
    {{{"net.ipv4.conf.a.rp_filter", 1}}, "net.ipv4.conf.all.rp_filter", 0},
    // Either, both, its own.
    {{{"net.ipv4.conf.all.accept_local", 1}}, "net.ipv4.conf.a.accept_local", 1},
    {{}, "net.ipv4.conf.a.accept_source_route", 0},
    {{{"net.ipv4.conf.all.accept_source_route", 1}}, "net.ipv4.conf.a.accept_source_route", 1},
    {{{"net.ipv6.conf.all.hop_limit", 5}}, "net.ipv6.conf.a.hop_limit", 64},
    {{{"net.ipv6.conf.a.hop_limit", 5}}, "net.ipv6.conf.a.hop_limit", 5},
};

TEST(Sysctl, HoldsAsInTheKernel) {
  for (const ValueCase& c : kValueCases) EXPECT_EQ(sysctl_value(c.set, c.name), c.value) << c.name;
}

struct KnownCase {
  std::string_view name;
  bool known;
};

constexpr KnownCase kKnownCases[] = {
    {"net.ipv4.ip_forward", true},         {"net.ipv4.conf.all.forwarding", true},
    {"net.ipv4.conf.a.b.rp_filter", true}, {"net.ipv6.conf.a.rp_filter", false},
    {"net.ipv4.conf.rp_filter", false},    {"net.ipv4.conf..rp_filter", false},
    {"net.netfilter.nf_conntrack", false}, {"", false},
};

TEST(Sysctl, KnowsItsNames) {
  for (const KnownCase& c : kKnownCases) EXPECT_EQ(sysctl_is_known(c.name), c.known) << c.name;
}

}  // namespace
}  // namespace sallyport
