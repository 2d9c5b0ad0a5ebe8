// Which packets are translated, and to what.
//
// An ingress program is before the node's routing and an egress program after it, as netfilter's prerouting and
// postrouting are. What the node's own processes send is first seen at egress: there it is translated whole and sent to
// the device that its backend is behind.
#pragma once

#include "checksums.h"
#include "connections.h"
#include "routes.h"
#include "schedulers.h"
#include "tracking.h"

// Lets other filters on the interface see the packet, and the stack when there are none.
#define FW_GO_ON TC_ACT_UNSPEC
// The packet has no connection, or no longer.
#define FW_UNKNOWN 1001

static __always_inline int fw_drop(enum fw_drop reason)
{
	fw_count_drop(reason);
	return TC_ACT_SHOT;
}

static __always_inline int fw_translate(struct __sk_buff *skb, struct fw_packet *packet, struct fw_tuple *becomes)
{
	return fw_rewrite(skb, packet, becomes) ? fw_drop(FW_DROP_UNSUPPORTED) : FW_GO_ON;
}

// Sends what a process of the node has sent, its destination rewritten, the way to its new destination.
static __noinline int fw_send_on(struct __sk_buff *skb, struct fw_packet *packet)
{
	__u32 is_local = 0;
	__u32 device = fw_find_device(skb, &packet->tuple, FW_LOOPBACK, &is_local);

	if (!device)
		return fw_drop(FW_DROP_NO_BACKEND);
	return bpf_redirect_neigh(device, 0, 0, 0);
}

// Connections of TCP go on without their frontend, until one side ends them; a flow of datagrams would for ever.
static __always_inline int fw_has_frontend(const struct fw_packet *packet, struct fw_connection *forward)
{
	struct fw_frontend_key key = {};

	if (packet->protocol == IPPROTO_TCP)
		return 1;
	key.address = packet->tuple.destination;
	key.port = packet->tuple.destination_port;
	key.protocol = packet->tuple.protocol;
	return fw_still_leads(&key, forward->service, &forward->generation);
}

// A client's packet of a connection that is there: FW_UNKNOWN when it no longer holds, because its backend is gone,
// because its frontend leads elsewhere, or because the client has begun a new one with the same port.
static __noinline int fw_forward(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_connection *forward, int from_node)
{
	int action;

	if (!fw_find_backend(forward->service, forward->backend) || !fw_has_frontend(packet, forward)
		|| (fw_begins(packet) && forward->state >= FW_CLOSING)) {
		fw_connection_end(&packet->tuple);
		return FW_UNKNOWN;
	}
	fw_track(skb, packet, forward, 0);
	action = fw_translate(skb, packet, &forward->becomes);
	return action == FW_GO_ON && from_node ? fw_send_on(skb, packet) : action;
}

static __always_inline int fw_answer(struct __sk_buff *skb, struct fw_packet *packet, struct fw_connection *entry)
{
	struct fw_connection *forward = fw_connection_find(&entry->forward);

	if (forward)
		fw_track(skb, packet, forward, 1);
	return fw_translate(skb, packet, &entry->becomes);
}

// A SYN that goes straight to a backend, from a port that a translated connection to the same backend had: a socket sent
// there by connect(), or a client that knows the pod. If that connection is over, what is kept of it for stragglers would
// be applied to the answers of the new one. `entry` is what the packet's own tuple is in the table, if anything.
static __noinline int fw_make_way(struct fw_packet *packet, struct fw_connection *entry)
{
	struct fw_connection *over;
	struct fw_tuple key;

	if (!entry) {
		fw_reverse(&key, &packet->tuple);
		entry = bpf_map_lookup_elem(&connections, &key);
		if (!entry)
			return 0;
	}
	key = entry->forward;
	over = bpf_map_lookup_elem(&connections, &key);
	return over && over->role == FW_FORWARD && over->state == FW_CLOSED ? fw_connection_end(&key) : 0;
}

// A packet whose tuple is in the table; FW_UNKNOWN when it is to be treated as a new connection's.
static __always_inline int fw_known(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_connection *entry, int is_egress)
{
	int of_node = (entry->flags & FW_CONNECTION_NODE) != 0;

	switch (entry->role) {
	case FW_FORWARD:
		return of_node == is_egress ? fw_forward(skb, packet, entry, of_node) : FW_GO_ON;
	case FW_REPLY:
		return of_node != is_egress ? fw_answer(skb, packet, entry) : FW_GO_ON;
	case FW_MASQUERADING:
		return is_egress ? fw_translate(skb, packet, &entry->becomes) : FW_GO_ON;
	case FW_UNMASQUERADE:
		return is_egress ? FW_GO_ON : fw_translate(skb, packet, &entry->becomes);
	}
	return FW_GO_ON;
}

static __always_inline enum fw_origin fw_find_origin(struct __sk_buff *skb, struct fw_packet *packet, int from_node)
{
	const struct fw_settings *settings = fw_get_settings();

	if (from_node)
		return FW_FROM_NODE;
	if (settings && fw_is_pod_source(settings, &packet->tuple.source, skb->ifindex))
		return FW_FROM_POD;
	return FW_FROM_OUTSIDE;
}

// What the connection's source becomes. A negative number when the backend cannot be reached from here.
static __always_inline int fw_prepare_source(
	struct __sk_buff *skb, struct fw_opening *opening, const struct fw_choice *choice, int masquerade, int from_node)
{
	__u32 is_local = 0, device;

	if (!masquerade && !from_node)
		return 0;
	device = fw_find_device(skb, &opening->becomes, from_node ? FW_LOOPBACK : skb->ifindex, &is_local);
	if (from_node && !device)
		return -1;
	// Delivered here, so that it never gets to where it would be masqueraded.
	if (!from_node && is_local && choice->flags & FW_BACKEND_LOCAL)
		return 0;
	fw_masquerade_address(&opening->node, device, fw_is_ipv4(&opening->becomes.destination));
	if (!masquerade || fw_is_unset(&opening->node))
		return 0;
	if (from_node)
		opening->becomes.source = opening->node;
	else
		opening->flags |= FW_CONNECTION_MASQUERADED;
	opening->keeps_port = 0;
	return 0;
}

static __always_inline void fw_prepare(
	struct fw_opening *opening, const struct fw_packet *packet, const struct fw_choice *choice, int from_node)
{
	opening->forward = packet->tuple;
	opening->becomes.source = packet->tuple.source;
	opening->becomes.destination = choice->address;
	opening->becomes.source_port = packet->tuple.source_port;
	opening->becomes.destination_port = choice->port;
	opening->becomes.protocol = packet->tuple.protocol;
	opening->node = (struct fw_address){};
	opening->service = choice->service;
	opening->backend = choice->backend;
	opening->flags = from_node ? FW_CONNECTION_NODE : 0;
	opening->keeps_port = 1;
	opening->only_port = 0;
}

// Makes the connection of the packet to the chosen backend, and sends the packet along.
static __noinline int fw_connect(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_choice *choice, int masquerade, int from_node)
{
	struct fw_opening *opening = fw_scratch();
	struct fw_connection *forward;

	if (!opening)
		return FW_GO_ON;
	fw_prepare(opening, packet, choice, from_node);
	if (fw_prepare_source(skb, opening, choice, masquerade, from_node))
		return fw_drop(FW_DROP_NO_BACKEND);
	if (packet->protocol == IPPROTO_SCTP) { // its checksum covers the ports and cannot be followed up
		if (choice->port != packet->tuple.destination_port)
			return fw_drop(FW_DROP_UNSUPPORTED);
		opening->keeps_port = opening->only_port = 1;
	}
	switch (fw_connection_create()) {
	case FW_OPENED:
	case FW_OPENED_BEFORE:
		break;
	case FW_OPENED_TABLE_FULL:
		fw_count_usage(FW_FULL_CONNECTIONS, 1);
		return fw_drop(FW_DROP_TABLE_FULL);
	default:
		return fw_drop(FW_DROP_PORTS_EXHAUSTED);
	}
	forward = fw_connection_find(&packet->tuple);
	if (!forward || forward->role != FW_FORWARD)
		return fw_drop(FW_DROP_STRAY);
	fw_track(skb, packet, forward, 0);
	if (fw_translate(skb, packet, &forward->becomes) != FW_GO_ON)
		return TC_ACT_SHOT;
	return from_node ? fw_send_on(skb, packet) : FW_GO_ON;
}

__noinline int fw_balance(
	struct __sk_buff *skb, struct fw_packet *packet, __u32 service, __u32 verdict, int from_node)
{
	struct fw_choice choice = {};

	if (!packet) // never; the verifier looks at this function by itself
		return TC_ACT_SHOT;
	if (packet->protocol == IPPROTO_TCP && packet->tcp_flags & FW_TCP_RST)
		return fw_drop(FW_DROP_STRAY);
	choice.service = service;
	choice.scope = (verdict & FW_ACTION_MASK) == FW_BALANCE_LOCAL ? FW_LOCAL : FW_CLUSTER;
	choice.client = packet->tuple.source;
	choice.destination = packet->tuple.destination;
	choice.client_port = packet->tuple.source_port;
	choice.destination_port = packet->tuple.destination_port;
	if (fw_choose(&choice))
		return fw_drop(FW_DROP_NO_BACKEND);
	// A pod that reached itself would answer itself past the node: it sees the node's address always.
	return fw_connect(
		skb, packet, &choice,
		verdict & FW_MASQUERADE || fw_same_address(&choice.address, &packet->tuple.source), from_node);
}
