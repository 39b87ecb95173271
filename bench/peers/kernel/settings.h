// What the driver tells the generator, and the addresses that namespaces.sh routes.
#pragma once

#include <linux/types.h>

#define FIRST_SOURCE 0x0a010002u /* 10.1.0.2; flow f comes from here + f / 32768, port 1024 + f % 32768 */
#define DESTINATION 0x0a020002u  /* 10.2.0.2, port 53 */
#define UDP_BYTES 46             /* of the IP packet: a frame of 60 bytes */
#define TCP_BYTES 40             /* a segment without data; the frame is as long */

#define HTTP_BYTES 1428 /* UDP whose payload of 1,400 bytes is that of HTTP */

enum generator_kind { KIND_UDP, KIND_SYN, KIND_SYN_ACK, KIND_ACK, KIND_HTTP };

struct generator_settings {
  __u32 flows;
  __u32 stride;   /* flows follow each other in steps of this, smaller than `flows` or both 1 */
  __u32 kind;     /* enum generator_kind */
  __u32 reply;    /* 1: the answers to the flows, from the far side */
  __u32 reply_to; /* to whom they go, where the router has mapped the flows; 0: to their source */
  __u8 router_mac[6];
  __u8 sender_mac[6];
};
