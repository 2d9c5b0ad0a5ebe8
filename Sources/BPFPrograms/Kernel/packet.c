// The packet programs: one for what arrives on an interface of the node, one for what leaves by it.
#include "fragments.h"
#include "icmp.h"
#include "nat.h"
#include "reject.h"

char program_license[] SEC("license") = "GPL";

// Addresses that belong to Services alone. A NodePort's are the node's own as well, and left to its stack.
static __always_inline int fw_of_services(const struct fw_address *address)
{
	return fw_is_cluster_ip(address) || fw_in_service_ranges(address);
}

static __noinline int fw_without_frontend(struct __sk_buff *skb, struct fw_packet *packet)
{
	if (fw_is_cluster_ip(&packet->tuple.destination))
		return fw_reject(skb, packet);
	if (fw_in_service_ranges(&packet->tuple.destination))
		return fw_drop(FW_DROP_UNALLOCATED);
	return FW_GO_ON;
}

// Whether a packet within a TCP connection is for a socket of this node: a relay's, of a mode that ran before and has yet to
// end what its clients began, or one that was connected from a port which is a NodePort too.
static __noinline int fw_is_connected_here(struct __sk_buff *skb, struct fw_packet *packet)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *found;
	__u32 bytes;
	int listens;

	if (fw_is_ipv4(&packet->tuple.destination)) {
		tuple.ipv4.saddr = packet->tuple.source.words[3];
		tuple.ipv4.daddr = packet->tuple.destination.words[3];
		tuple.ipv4.sport = packet->tuple.source_port;
		tuple.ipv4.dport = packet->tuple.destination_port;
		bytes = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &packet->tuple.source, sizeof(tuple.ipv6.saddr));
		__builtin_memcpy(tuple.ipv6.daddr, &packet->tuple.destination, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.sport = packet->tuple.source_port;
		tuple.ipv6.dport = packet->tuple.destination_port;
		bytes = sizeof(tuple.ipv6);
	}
	found = bpf_skc_lookup_tcp(skb, &tuple, bytes, BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return 0;
	listens = found->state == BPF_TCP_LISTEN;
	bpf_sk_release(found);
	return !listens;
}

// A packet of no connection in the table.
__noinline int fw_unknown(struct __sk_buff *skb, struct fw_packet *packet, int from_node)
{
	struct fw_frontend_key key = {};
	struct fw_frontend frontend = {};
	__u32 verdict;

	if (!packet) // never; the verifier looks at this function by itself
		return TC_ACT_SHOT;
	key.address = packet->tuple.destination;
	key.port = packet->tuple.destination_port;
	key.protocol = packet->tuple.protocol;
	if (!from_node && packet->protocol == IPPROTO_TCP && packet->fragment == FW_WHOLE && !fw_begins(packet)
		&& fw_is_connected_here(skb, packet))
		return FW_GO_ON;
	if (!fw_read_frontend(&key, &frontend))
		return fw_without_frontend(skb, packet);
	if (!fw_source_allowed(frontend.sources, &packet->tuple.source))
		return fw_drop(FW_DROP_SOURCE);
	verdict = frontend.verdicts[fw_find_origin(skb, packet, from_node)];
	switch (verdict & FW_ACTION_MASK) {
	case FW_REJECT:
		return fw_reject(skb, packet);
	case FW_DROP:
		return fw_drop(FW_DROP_POLICY);
	case FW_BALANCE_CLUSTER:
	case FW_BALANCE_LOCAL:
		return fw_balance(skb, packet, frontend.service, verdict, from_node);
	}
	return FW_GO_ON;
}

// Written to the packet's tc_index, so that the egress program, which would find nothing either, does not look again. It
// stays with the packet as far as that goes through this node. Traffic control that reads it (sch_gred; cls_tcindex before
// Linux 6.3) gives it values of its own first, and a packet that has one keeps it.
#define FW_SPARED 0xfa17

// Of a packet that has no connection in the table and is for no Service.
static __always_inline int fw_spare(struct __sk_buff *skb, const struct fw_packet *packet, int is_egress)
{
	if (!is_egress && !skb->tc_index && packet->fragment == FW_WHOLE
		&& (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP))
		skb->tc_index = FW_SPARED;
	return FW_GO_ON;
}

// What has no tuple of its own to be looked for: fragments, and errors about other packets. FW_UNKNOWN when it has one.
static __noinline int fw_handle_unusual(struct __sk_buff *skb, struct fw_packet *packet, int is_egress)
{
	int action;

	if (packet->fragment != FW_WHOLE && fw_fragment_ports(skb, packet))
		return fw_fragment_is_lost(packet) ? fw_drop(FW_DROP_FRAGMENT) : FW_GO_ON;
	if (packet->protocol != IPPROTO_ICMP && packet->protocol != IPPROTO_ICMPV6)
		return FW_UNKNOWN;
	action = fw_translate_icmp_error(skb, packet, is_egress);
	if (action == FW_TRANSLATED_TO_SEND)
		return fw_send_on(skb, packet);
	return action == FW_NOT_TRANSLATED ? FW_UNKNOWN : action;
}

static __always_inline int fw_handle(struct __sk_buff *skb, const int is_egress)
{
	int from_node = is_egress && skb->ingress_ifindex == 0;
	struct fw_packet packet = {};
	struct fw_connection *entry;
	int action = FW_UNKNOWN;

	if (!fw_parse_plain(skb, &packet)) {
		packet = (struct fw_packet){};
		action = fw_parse(skb, &packet);
		if (action == FW_NOT_IP)
			return FW_GO_ON;
		if (action == FW_BAD)
			return fw_of_services(&packet.tuple.destination) ? fw_drop(FW_DROP_MALFORMED) : FW_GO_ON;
		action = fw_handle_unusual(skb, &packet, is_egress);
		if (action != FW_UNKNOWN)
			return action;
	}
	entry = bpf_map_lookup_elem(&connections, &packet.tuple);
	if ((!entry || entry->role == FW_MASQUERADING) && (from_node || !is_egress) && fw_begins(&packet))
		fw_make_way(&packet, entry);
	else if (entry)
		action = fw_known(skb, &packet, entry, is_egress);
	if (action != FW_UNKNOWN)
		return action;
	if (is_egress && !from_node)
		return FW_GO_ON;
	if (!fw_may_be_of_services(&packet.tuple.destination))
		return fw_spare(skb, &packet, is_egress);
	return fw_unknown(skb, &packet, from_node);
}

// A frame that is for another machine, and seen because the interface looks at all: a port of a bridge, or one that is
// listened to. What a bridge passes up to the node comes by again as the bridge's own.
static __always_inline int fw_is_of_others(struct __sk_buff *skb)
{
	return skb->pkt_type == PACKET_OTHERHOST;
}

SEC("tc")
int fairway_ingress(struct __sk_buff *skb)
{
	if (skb->tc_index == FW_SPARED) // by another interface, of another packet around this one
		skb->tc_index = 0;
	return fw_is_of_others(skb) ? FW_GO_ON : fw_handle(skb, 0);
}

SEC("tc")
int fairway_egress(struct __sk_buff *skb)
{
	return skb->tc_index == FW_SPARED && skb->ingress_ifindex ? FW_GO_ON : fw_handle(skb, 1);
}
