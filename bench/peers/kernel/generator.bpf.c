// Makes packets inside the kernel and lets its router forward them: UDP or TCP of many flows, or the answers to them, in
// Ethernet frames of 60 bytes, or UDP with the payload that the driver has put there. Every field of the headers is
// written anew each time, because the kernel gives back buffers that it has already forwarded. Run again and again by
// driver.cc (BPF_PROG_TEST_RUN with live frames). A second program counts what comes out, and drops it.

// The kernel's own types come first: libbpf's headers use them.
// clang-format off
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
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

struct flow {
  __u32 source, destination;
  __u16 source_port, destination_port;
};

static __always_inline __u32 words(__u32 value) { return (value >> 16) + (value & 0xffff); }

static __always_inline void write_ip(struct iphdr* ip, const struct flow* flow, __u8 protocol, __u16 bytes) {
  ip->version = 4;
  ip->ihl = 5;
  ip->tos = 0;
  ip->tot_len = bpf_htons(bytes);
  ip->id = 0;
  ip->frag_off = bpf_htons(0x4000);
  ip->ttl = 64;
  ip->protocol = protocol;
  ip->saddr = bpf_htonl(flow->source);
  ip->daddr = bpf_htonl(flow->destination);
  ip->check = bpf_htons(
      ~folded(0x4500 + bytes + 0x4000 + (64 << 8) + protocol + words(flow->source) + words(flow->destination)));
}

static __always_inline void write_udp(struct udphdr* udp, const struct flow* flow, __u16 bytes) {
  udp->source = bpf_htons(flow->source_port);
  udp->dest = bpf_htons(flow->destination_port);
  udp->len = bpf_htons(bytes - sizeof(struct iphdr));
  udp->check = 0;
}

// Both sides begin at a fixed number; a SYN stands one before it.
static __always_inline void write_tcp(struct tcphdr* tcp, const struct flow* flow, __u32 kind, __u32 reply) {
  const __u32 ours = reply ? 0x20000000 : 0x10000000, theirs = reply ? 0x10000000 : 0x20000000;
  const __u32 flags = kind == KIND_SYN ? 0x02 : kind == KIND_SYN_ACK ? 0x12 : 0x10;
  const __u32 sequence = kind == KIND_ACK ? ours : ours - 1;
  const __u32 acknowledged = kind == KIND_SYN ? 0 : theirs;
  tcp->source = bpf_htons(flow->source_port);
  tcp->dest = bpf_htons(flow->destination_port);
  tcp->seq = bpf_htonl(sequence);
  tcp->ack_seq = bpf_htonl(acknowledged);
  ((__u8*)tcp)[12] = 0x50;
  ((__u8*)tcp)[13] = flags;
  tcp->window = bpf_htons(65535);
  tcp->urg_ptr = 0;
  tcp->check = bpf_htons(~folded(words(flow->source) + words(flow->destination) + IPPROTO_TCP + 20 + flow->source_port +
                                 flow->destination_port + words(sequence) + words(acknowledged) + 0x5000 + flags +
                                 65535));
}

SEC("xdp")
int generate(struct xdp_md* context) {
  void* start = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  struct ethhdr* ethernet = start;
  struct iphdr* ip = (void*)(ethernet + 1);
  void* transport = ip + 1;
  __u32 key = 0;
  struct generator_settings* wanted = bpf_map_lookup_elem(&settings, &key);
  __u32* next = bpf_map_lookup_elem(&next_flow, &key);
  if (!wanted || !next || transport + sizeof(struct tcphdr) > end) return XDP_ABORTED;

  __u32 number = *next;
  __u32 following = number + wanted->stride;
  *next = following >= wanted->flows ? following - wanted->flows : following;
  struct flow flow = {FIRST_SOURCE + (number >> 15), DESTINATION, 1024 + (number & 32767), 53};
  if (wanted->reply) {
    struct flow back = {flow.destination, wanted->reply_to ? wanted->reply_to : flow.source, flow.destination_port, flow.source_port};
    flow = back;
  }

  __builtin_memcpy(ethernet->h_dest, wanted->router_mac, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, wanted->sender_mac, ETH_ALEN);
  ethernet->h_proto = bpf_htons(ETH_P_IP);
  if (wanted->kind == KIND_UDP) {
    write_ip(ip, &flow, IPPROTO_UDP, UDP_BYTES);
    write_udp(transport, &flow, UDP_BYTES);
  } else if (wanted->kind == KIND_HTTP) {
    write_ip(ip, &flow, IPPROTO_UDP, HTTP_BYTES);
    write_udp(transport, &flow, HTTP_BYTES);
  } else {
    write_ip(ip, &flow, IPPROTO_TCP, TCP_BYTES);
    write_tcp(transport, &flow, wanted->kind, wanted->reply);
  }
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
