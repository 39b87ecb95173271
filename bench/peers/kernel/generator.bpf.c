// Makes packets inside the kernel and lets its router forward them: UDP from many flows in Ethernet frames of 60 bytes,
// every field written anew each time, because the kernel gives back buffers that it has already forwarded. Run again
// and again by driver.c (BPF_PROG_TEST_RUN with live frames). A second program counts what comes out, and drops it.

// The kernel's own types come first: libbpf's headers use them.
// clang-format off
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#include "settings.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct generator_settings);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} next_flow SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} arrived SEC(".maps");

static __always_inline __u16 folded(__u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

static __always_inline void write_ip(struct iphdr* ip, __u32 source, __u32 destination) {
  ip->version = 4;
  ip->ihl = 5;
  ip->tos = 0;
  ip->tot_len = bpf_htons(PACKET_BYTES);
  ip->id = 0;
  ip->frag_off = bpf_htons(0x4000);
  ip->ttl = 64;
  ip->protocol = IPPROTO_UDP;
  ip->saddr = bpf_htonl(source);
  ip->daddr = bpf_htonl(destination);
  __u32 addresses = (source >> 16) + (source & 0xffff) + (destination >> 16) + (destination & 0xffff);
  ip->check = bpf_htons(~folded(0x4500 + PACKET_BYTES + 0x4000 + (64 << 8) + IPPROTO_UDP + addresses));
}

SEC("xdp")
int generate(struct xdp_md* context) {
  void* start = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  struct ethhdr* ethernet = start;
  struct iphdr* ip = (void*)(ethernet + 1);
  struct udphdr* udp = (void*)(ip + 1);
  __u32 key = 0;
  struct generator_settings* wanted = bpf_map_lookup_elem(&settings, &key);
  __u32* next = bpf_map_lookup_elem(&next_flow, &key);
  if (!wanted || !next || (void*)(udp + 1) > end) return XDP_ABORTED;

  __u32 flow = *next;
  __u32 following = flow + wanted->stride;
  *next = following >= wanted->flows ? following - wanted->flows : following;

  __builtin_memcpy(ethernet->h_dest, wanted->router_mac, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, wanted->sender_mac, ETH_ALEN);
  ethernet->h_proto = bpf_htons(ETH_P_IP);
  write_ip(ip, FIRST_SOURCE + (flow >> 15), DESTINATION);
  udp->source = bpf_htons(1024 + (flow & 32767));
  udp->dest = bpf_htons(53);
  udp->len = bpf_htons(PACKET_BYTES - sizeof(struct iphdr));
  udp->check = 0;
  return XDP_PASS;
}

SEC("tc")
int count_and_drop(struct __sk_buff* packet) {
  __u32 key = 0;
  __u64* count = bpf_map_lookup_elem(&arrived, &key);
  if (count) ++*count;
  return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Apache-2.0";
