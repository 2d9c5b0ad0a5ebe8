// Answers to packets of frontends without endpoints.
#pragma once

#include "parsing.h"

// Answers a packet with ICMP port unreachable, towards where it came from, counts it (FW_DROP_REJECTED) and returns a
// tc action. An ICMP error and what is not the first fragment are never answered. A packet of a process of this node
// (skb->ingress_ifindex is 0) is on its way out, any other on its way in.
static __noinline int fw_reject(struct __sk_buff *skb, struct fw_packet *packet)
{
	(void)skb;
	(void)packet;
	fw_count_drop(FW_DROP_REJECTED);
	return TC_ACT_SHOT;
}
