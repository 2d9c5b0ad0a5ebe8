// Where a packet will leave the node, and the address that it is masqueraded to there.
#pragma once

#include "parsing.h"

#define FW_AF_INET 2
#define FW_AF_INET6 10
#define FW_LOOPBACK 1 // its index in every namespace; what the node's own processes send is routed as coming from it

// The device that a packet with this tuple leaves by, 0 when there is none. *is_local: it stays on the node, or the
// node knows no way.
static __noinline __u32 fw_find_device(struct __sk_buff *skb, struct fw_tuple *tuple, __u32 from, __u32 *is_local)
{
	struct bpf_fib_lookup route = {};
	long result;

	route.l4_protocol = tuple->protocol;
	route.sport = tuple->source_port;
	route.dport = tuple->destination_port;
	route.ifindex = from;
	if (fw_is_ipv4(&tuple->destination)) {
		route.family = FW_AF_INET;
		route.ipv4_src = tuple->source.words[3];
		route.ipv4_dst = tuple->destination.words[3];
	} else {
		route.family = FW_AF_INET6;
		__builtin_memcpy(route.ipv6_src, &tuple->source, 16);
		__builtin_memcpy(route.ipv6_dst, &tuple->destination, 16);
	}
	result = bpf_fib_lookup(skb, &route, sizeof(route), 0);
	*is_local = result == BPF_FIB_LKUP_RET_NOT_FWDED;
	return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH ? route.ifindex : 0;
}

// What connections that leave by a device are masqueraded to: the device's address, else the node's, else unset.
static __always_inline void fw_masquerade_address(struct fw_address *address, __u32 ifindex, int is_ipv4)
{
	const struct fw_settings *settings = fw_get_settings();
	struct fw_interface *interface = bpf_map_lookup_elem(&interfaces, &ifindex);

	if (interface)
		*address = is_ipv4 ? interface->ipv4 : interface->ipv6;
	if (fw_is_unset(address) && settings)
		*address = is_ipv4 ? settings->ipv4 : settings->ipv6;
}
